// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/gauss-markov-fading.h"

#include "ns3/constant-position-mobility-model.h"
#include "ns3/simulator.h"
#include "ns3/test.h"

#include <algorithm>
#include <cmath>
#include <vector>

using namespace ns3;
using namespace ns3::marl;

namespace
{

std::vector<Ptr<MobilityModel>>
MakeEndpoints(uint32_t count)
{
    std::vector<Ptr<MobilityModel>> endpoints;
    for (uint32_t i = 0; i < count; i++)
    {
        endpoints.push_back(CreateObject<ConstantPositionMobilityModel>());
    }
    return endpoints;
}

/// |h|^2 of Rayleigh fading is exponential with mean 1. 100 x 200 independent pairs: the Kolmogorov distance stays below
/// 1.95 / sqrt(20000) = 0.0138 with a probability of 99.9 %, at the start and after steps alike.
class Marginal : public TestCase
{
  public:
    Marginal()
        : TestCase("the power gain is exponential")
    {
    }

  private:
    void DoRun() override
    {
        constexpr uint32_t DEVICES = 100;
        constexpr uint32_t SERVERS = 200;
        const auto fading = CreateObject<GaussMarkovFading>();
        fading->SetEndpoints(MakeEndpoints(DEVICES), MakeEndpoints(SERVERS), 0.9);
        NS_TEST_EXPECT_MSG_EQ(fading->AssignStreams(300), DEVICES, "one stream for each device");
        fading->Start();
        for (const int steps : {0, 7})
        {
            for (int step = 0; step < steps; step++)
            {
                fading->Advance();
            }
            std::vector<double> gains;
            for (uint32_t device = 0; device < DEVICES; device++)
            {
                for (uint32_t server = 0; server < SERVERS; server++)
                {
                    gains.push_back(std::pow(10, fading->GetGainDb(device, server) / 10));
                }
            }
            std::sort(gains.begin(), gains.end());
            double distance = 0;
            for (std::size_t i = 0; i < gains.size(); i++)
            {
                const double cdf = 1 - std::exp(-gains[i]);
                distance = std::max(distance, std::abs(cdf - (i + 0.5) / gains.size()));
            }
            NS_TEST_EXPECT_MSG_LT(distance, 0.0138, "Kolmogorov distance after " << steps << " steps");
        }
    }
};

/// The correlation of |h|^2 over n steps is rho^(2n). The standard error over 20 000 pairs is at most about 0.02 (the
/// fourth moments of exponential gains are large); the tolerance is 0.07.
class Autocorrelation : public TestCase
{
  public:
    Autocorrelation()
        : TestCase("gains stay correlated from step to step")
    {
    }

  private:
    static std::vector<double> GetGains(Ptr<GaussMarkovFading> fading, uint32_t devices, uint32_t servers)
    {
        std::vector<double> gains;
        for (uint32_t device = 0; device < devices; device++)
        {
            for (uint32_t server = 0; server < servers; server++)
            {
                gains.push_back(std::pow(10, fading->GetGainDb(device, server) / 10));
            }
        }
        return gains;
    }

    void DoRun() override
    {
        constexpr uint32_t DEVICES = 100;
        constexpr uint32_t SERVERS = 200;
        constexpr double RHO = 0.9;
        const auto fading = CreateObject<GaussMarkovFading>();
        fading->SetEndpoints(MakeEndpoints(DEVICES), MakeEndpoints(SERVERS), RHO);
        fading->AssignStreams(300);
        fading->Start();
        const auto first = GetGains(fading, DEVICES, SERVERS);
        for (int step = 1; step <= 4; step++)
        {
            fading->Advance();
            const auto later = GetGains(fading, DEVICES, SERVERS);
            double covariance = 0; // mean and variance of both are 1
            for (std::size_t i = 0; i < first.size(); i++)
            {
                covariance += (first[i] - 1) * (later[i] - 1) / first.size();
            }
            NS_TEST_EXPECT_MSG_EQ_TOL(
                covariance, std::pow(RHO, 2 * step), 0.07, "correlation over " << step << " steps");
        }
    }
};

/// The same gain in both directions, none between two devices or two servers.
class WhoFades : public TestCase
{
  public:
    WhoFades()
        : TestCase("only pairs of a device and a server fade, in both directions alike")
    {
    }

  private:
    void DoRun() override
    {
        const auto devices = MakeEndpoints(2);
        const auto servers = MakeEndpoints(2);
        const auto fading = CreateObject<GaussMarkovFading>();
        fading->SetEndpoints(devices, servers, 0.9);
        fading->AssignStreams(300);
        fading->Start();
        const double gainDb = fading->GetGainDb(1, 0);
        NS_TEST_EXPECT_MSG_EQ_TOL(fading->CalcRxPower(10, devices[1], servers[0]), 10 + gainDb, 1e-12, "uplink");
        NS_TEST_EXPECT_MSG_EQ_TOL(fading->CalcRxPower(10, servers[0], devices[1]), 10 + gainDb, 1e-12, "downlink");
        NS_TEST_EXPECT_MSG_EQ(fading->CalcRxPower(10, devices[0], devices[1]), 10, "device to device");
        NS_TEST_EXPECT_MSG_EQ(fading->CalcRxPower(10, servers[0], servers[1]), 10, "server to server");
    }
};

class GaussMarkovFadingTestSuite : public TestSuite
{
  public:
    GaussMarkovFadingTestSuite()
        : TestSuite("ns3marl-gauss-markov-fading", Type::UNIT)
    {
        AddTestCase(new Marginal, TestCase::Duration::QUICK);
        AddTestCase(new Autocorrelation, TestCase::Duration::QUICK);
        AddTestCase(new WhoFades, TestCase::Duration::QUICK);
    }
};

const GaussMarkovFadingTestSuite g_gaussMarkovFadingTestSuite;

} // namespace
