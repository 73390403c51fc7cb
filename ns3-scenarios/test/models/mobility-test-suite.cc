// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/mobility.h"

#include "ns3/node.h"
#include "ns3/simulator.h"
#include "ns3/test.h"

#include <vector>

using namespace ns3;
using namespace ns3::marl;

namespace
{

constexpr double AREA_M = 50;

/// \return the places of each device at each of the times
std::vector<std::vector<Vector>>
Follow(const Mobility& mobility, const std::vector<Vector>& starts, const std::vector<Time>& times)
{
    const auto models = mobility.Make(starts, AREA_M, 100);
    std::vector<Ptr<Node>> nodes; // which initialise the models
    for (const auto& model : models)
    {
        nodes.push_back(CreateObject<Node>());
        nodes.back()->AggregateObject(model);
    }
    std::vector<std::vector<Vector>> places;
    for (const auto& time : times)
    {
        Simulator::Stop(time - Simulator::Now());
        Simulator::Run();
        auto& row = places.emplace_back();
        for (const auto& model : models)
        {
            row.push_back(model->GetPosition());
        }
    }
    Simulator::Destroy();
    return places;
}

class RandomWaypoint : public TestCase
{
  public:
    RandomWaypoint()
        : TestCase("random waypoints stay in the area, at the speeds given, and repeat")
    {
    }

  private:
    void DoRun() override
    {
        Mobility mobility;
        mobility.kind = MobilityKind::RANDOM_WAYPOINT;
        mobility.speedMinMps = 4;
        mobility.speedMaxMps = 10;
        mobility.pause = Seconds(0.5);
        const std::vector<Vector> starts{{0, 0, 1.5}, {50, 25, 1.5}, {20, 30, 1.5}};
        std::vector<Time> times;
        for (int tick = 0; tick < 3000; tick++)
        {
            times.push_back(MilliSeconds(100 * tick));
        }
        const auto places = Follow(mobility, starts, times);
        double walkedM = 0;
        for (std::size_t device = 0; device < starts.size(); device++)
        {
            NS_TEST_EXPECT_MSG_EQ(places[0][device], starts[device], "the start");
            for (std::size_t i = 1; i < places.size(); i++)
            {
                const auto& place = places[i][device];
                NS_TEST_EXPECT_MSG_EQ((place.x > -1e-9 && place.x < AREA_M + 1e-9), true, "x " << place.x);
                NS_TEST_EXPECT_MSG_EQ((place.y > -1e-9 && place.y < AREA_M + 1e-9), true, "y " << place.y);
                NS_TEST_EXPECT_MSG_EQ_TOL(place.z, 1.5, 1e-9, "height");
                const double stepM = CalculateDistance(place, places[i - 1][device]);
                NS_TEST_EXPECT_MSG_LT(stepM, 10 * 0.1 + 1e-9, "speed");
                walkedM += stepM;
            }
        }
        // a mean way in the square is 26 m: at 4 to 10 m/s about 3.9 s, so 26 m in 4.4 s with the pause
        NS_TEST_EXPECT_MSG_EQ_TOL(walkedM / (3 * 300), 26 / 4.4, 1.0, "metres a second");
        NS_TEST_EXPECT_MSG_EQ((Follow(mobility, starts, times) == places), true, "the same streams, the same ways");
    }
};

/// Legs that were drawn beforehand are those that ns-3's model draws under way, to the bit.
class Legs : public TestCase
{
  public:
    Legs()
        : TestCase("ways that are drawn beforehand are gone as if they were not")
    {
    }

  private:
    void DoRun() override
    {
        const std::vector<Vector> starts{{0, 0, 1.5}, {50, 25, 1.5}, {20, 30, 1.5}};
        for (const Time& pause : {Seconds(0), Seconds(0.7), Seconds(70)})
        {
            Mobility mobility;
            mobility.kind = MobilityKind::RANDOM_WAYPOINT;
            mobility.speedMinMps = 4;
            mobility.speedMaxMps = 10;
            mobility.pause = pause;
            std::vector<Time> times;
            for (int tick = 0; tick < 600; tick++)
            {
                times.push_back(MilliSeconds(100 * tick));
            }
            const auto drawn = Follow(mobility, starts, times);
            mobility.DrawLegs(starts, AREA_M, 100, times.back());
            NS_TEST_EXPECT_MSG_EQ(mobility.legs.size(), (pause > times.back() ? 0 : 3), "devices that go");
            NS_TEST_EXPECT_MSG_EQ((Follow(mobility, starts, times) == drawn), true, "pause " << pause.As(Time::S));
            for (std::size_t i = 0; i < times.size(); i++)
            {
                for (std::size_t device = 0; device < starts.size(); device++)
                {
                    NS_TEST_ASSERT_MSG_LT(
                        CalculateDistance(mobility.GetPlace(device, starts[device], times[i]), drawn[i][device]),
                        1e-6,
                        "device " << device << " at " << times[i].As(Time::S));
                }
            }
        }
    }
};

class Trace : public TestCase
{
  public:
    Trace()
        : TestCase("a trace is followed in straight lines; devices without rows stand still")
    {
    }

  private:
    void DoRun() override
    {
        Mobility mobility;
        mobility.kind = MobilityKind::TRACE;
        mobility.trace[1] = {{Seconds(1), Vector(10, 0, 1.5)}, {Seconds(3), Vector(20, 40, 1.5)}};
        const std::vector<Time> times{Seconds(0), Seconds(1), Seconds(2), Seconds(3), Seconds(9)};
        const auto places = Follow(mobility, {{5, 5, 1.5}, {6, 6, 1.5}}, times);
        const std::vector<Vector> expected{{10, 0, 1.5}, {10, 0, 1.5}, {15, 20, 1.5}, {20, 40, 1.5}, {20, 40, 1.5}};
        for (std::size_t i = 0; i < places.size(); i++)
        {
            NS_TEST_EXPECT_MSG_EQ(places[i][0], Vector(5, 5, 1.5), "no rows");
            NS_TEST_EXPECT_MSG_LT(CalculateDistance(places[i][1], expected[i]), 1e-9, "at time " << i);
            NS_TEST_EXPECT_MSG_LT(
                CalculateDistance(mobility.GetPlace(1, {6, 6, 1.5}, times[i]), expected[i]), 1e-9, "told, " << i);
            NS_TEST_EXPECT_MSG_EQ(mobility.GetPlace(0, {5, 5, 1.5}, times[i]), Vector(5, 5, 1.5), "told, no rows");
        }
    }
};

class MobilityTestSuite : public TestSuite
{
  public:
    MobilityTestSuite()
        : TestSuite("ns3marl-mobility", Type::UNIT)
    {
        AddTestCase(new RandomWaypoint, TestCase::Duration::QUICK);
        AddTestCase(new Legs, TestCase::Duration::QUICK);
        AddTestCase(new Trace, TestCase::Duration::QUICK);
    }
};

const MobilityTestSuite g_mobilityTestSuite;

} // namespace
