// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/shadowing.h"

#include "ns3/constant-position-mobility-model.h"
#include "ns3/simulator.h"
#include "ns3/test.h"

#include <cmath>
#include <vector>

using namespace ns3;
using namespace ns3::marl;

namespace
{

constexpr uint32_t DEVICES = 100;
constexpr uint32_t SERVERS = 200;
constexpr double SIGMA_DB = 6;
constexpr double DISTANCE_M = 10;

/// 20 000 links that do not depend on each other.
class Air
{
  public:
    Air()
    {
        for (auto* group : {&devices, &servers})
        {
            for (uint32_t i = 0; i < (group == &devices ? DEVICES : SERVERS); i++)
            {
                group->push_back(CreateObject<ConstantPositionMobilityModel>());
            }
        }
        shadowing = CreateObject<Shadowing>();
        shadowing->SetEndpoints(devices, servers, SIGMA_DB, DISTANCE_M);
        streams = shadowing->AssignStreams(300);
        shadowing->Start();
    }

    std::vector<double> GetGains() const
    {
        std::vector<double> gains;
        for (uint32_t device = 0; device < DEVICES; device++)
        {
            for (uint32_t server = 0; server < SERVERS; server++)
            {
                gains.push_back(shadowing->GetGainDb(device, server));
            }
        }
        return gains;
    }

    std::vector<Ptr<MobilityModel>> devices;
    std::vector<Ptr<MobilityModel>> servers;
    Ptr<Shadowing> shadowing;
    int64_t streams{0};
};

double
GetMeanProduct(const std::vector<double>& a, const std::vector<double>& b)
{
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); i++)
    {
        sum += a[i] * b[i];
    }
    return sum / a.size();
}

/// Standard errors over 20 000 links: mean 0.042 dB, variance 0.36 dB^2; the tolerances are four of them.
class Marginal : public TestCase
{
  public:
    Marginal()
        : TestCase("gains are normal with the given standard deviation, at the start and under way")
    {
    }

  private:
    void DoRun() override
    {
        Air air;
        NS_TEST_EXPECT_MSG_EQ(air.streams, DEVICES, "one stream for each device");
        for (const double place : {0.0, 7.0})
        {
            for (const auto& device : air.devices)
            {
                device->SetPosition({place, 0, 0});
            }
            air.shadowing->Advance();
            const auto gains = air.GetGains();
            NS_TEST_EXPECT_MSG_EQ_TOL(
                GetMeanProduct(gains, std::vector<double>(gains.size(), 1)), 0, 0.17, "mean at " << place);
            NS_TEST_EXPECT_MSG_EQ_TOL(GetMeanProduct(gains, gains), SIGMA_DB * SIGMA_DB, 1.5, "variance at " << place);
            uint32_t beyond = 0;
            for (const double gain : gains)
            {
                beyond += std::abs(gain) > 2 * SIGMA_DB ? 1 : 0;
            }
            NS_TEST_EXPECT_MSG_EQ_TOL(beyond / 20000.0, 0.0455, 0.006, "share beyond two standard deviations");
        }
    }
};

class Correlation : public TestCase
{
  public:
    Correlation()
        : TestCase("gains decorrelate with the way, and stay where the device stays")
    {
    }

  private:
    void DoRun() override
    {
        Air air;
        const auto first = air.GetGains();
        air.shadowing->Advance();
        NS_TEST_EXPECT_MSG_EQ((air.GetGains() == first), true, "nobody moved");
        for (int step = 1; step <= 4; step++)
        {
            for (const auto& device : air.devices)
            {
                device->SetPosition({0, 3.0 * step, 4.0 * step});
            }
            air.shadowing->Advance();
            NS_TEST_EXPECT_MSG_EQ_TOL(GetMeanProduct(first, air.GetGains()) / (SIGMA_DB * SIGMA_DB),
                                      std::exp(-5 * step / DISTANCE_M),
                                      0.04,
                                      "correlation over " << 5 * step << " m");
        }
    }
};

class WhoIsShadowed : public TestCase
{
  public:
    WhoIsShadowed()
        : TestCase("only pairs of a device and a server are shadowed, in both directions alike")
    {
    }

  private:
    void DoRun() override
    {
        const Air air;
        const auto& loss = air.shadowing;
        const double gainDb = loss->GetGainDb(3, 5);
        NS_TEST_EXPECT_MSG_EQ_TOL(loss->CalcRxPower(10, air.devices[3], air.servers[5]), 10 + gainDb, 1e-12, "uplink");
        NS_TEST_EXPECT_MSG_EQ_TOL(
            loss->CalcRxPower(10, air.servers[5], air.devices[3]), 10 + gainDb, 1e-12, "downlink");
        NS_TEST_EXPECT_MSG_EQ(loss->CalcRxPower(10, air.devices[0], air.devices[1]), 10, "device to device");
        NS_TEST_EXPECT_MSG_EQ(
            loss->CalcRxPower(10, air.devices[0], CreateObject<ConstantPositionMobilityModel>()), 10, "a stranger");
    }
};

class ShadowingTestSuite : public TestSuite
{
  public:
    ShadowingTestSuite()
        : TestSuite("ns3marl-shadowing", Type::UNIT)
    {
        AddTestCase(new Marginal, TestCase::Duration::QUICK);
        AddTestCase(new Correlation, TestCase::Duration::QUICK);
        AddTestCase(new WhoIsShadowed, TestCase::Duration::QUICK);
    }
};

const ShadowingTestSuite g_shadowingTestSuite;

} // namespace
