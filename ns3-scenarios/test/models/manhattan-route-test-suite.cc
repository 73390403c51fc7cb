// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/manhattan-route.h"

#include "ns3/simulator.h"
#include "ns3/test.h"

#include <memory>
#include <vector>

using namespace ns3;
using namespace ns3::marl;

namespace
{

/// 60 m apart at 12 m/s: 5 s.
class FollowerFollows : public TestCase
{
  public:
    FollowerFollows()
        : TestCase("a follower is where its leader was, at the same speed")
    {
    }

  private:
    void DoRun() override
    {
        const auto route = std::make_shared<ManhattanRoute>(DrivenStreets{}, 1.6, 8);
        const auto leader = CreateObject<RouteMobilityModel>();
        const auto follower = CreateObject<RouteMobilityModel>();
        leader->SetRoute(route, 60, 12);
        follower->SetRoute(route, 0, 12);
        std::vector<Vector> places;
        for (int second = 0; second < 100; second++)
        {
            Simulator::Schedule(Seconds(second), [&, second] {
                places.push_back(leader->GetPosition());
                NS_TEST_EXPECT_MSG_EQ_TOL(follower->GetVelocity().GetLength(), 12, 1e-9, "speed");
                if (second >= 5)
                {
                    const double apartM = CalculateDistance(follower->GetPosition(), places[second - 5]);
                    NS_TEST_EXPECT_MSG_EQ_TOL(apartM, 0, 1e-9, "distance from where the leader was");
                }
            });
        }
        Simulator::Run();
        Simulator::Destroy();
        NS_TEST_EXPECT_MSG_EQ(places.size(), 100, "places");
    }
};

/// However often it was asked before.
class PlacesAreExact : public TestCase
{
  public:
    PlacesAreExact()
        : TestCase("where a vehicle is does not depend on how often it is asked")
    {
    }

  private:
    void DoRun() override
    {
        const auto place = [](bool asks) {
            const auto vehicle = CreateObject<RouteMobilityModel>();
            vehicle->SetRoute(std::make_shared<ManhattanRoute>(DrivenStreets{}, 1.6, 3), 0, 13.7);
            Vector last;
            for (int i = 1; i < 1000 && asks; i++)
            {
                Simulator::Schedule(MilliSeconds(37 * i), [&] { vehicle->GetPosition(); });
            }
            Simulator::Schedule(Seconds(40), [&] { last = vehicle->GetPosition(); });
            Simulator::Run();
            Simulator::Destroy();
            return last;
        };
        NS_TEST_EXPECT_MSG_EQ((place(false) == place(true)), true, "place after 40 s");
    }
};

class ManhattanRouteTestSuite : public TestSuite
{
  public:
    ManhattanRouteTestSuite()
        : TestSuite("ns3marl-manhattan-route", Type::UNIT)
    {
        AddTestCase(new FollowerFollows, TestCase::Duration::QUICK);
        AddTestCase(new PlacesAreExact, TestCase::Duration::QUICK);
    }
};

ManhattanRouteTestSuite g_manhattanRouteTestSuite;

} // namespace
