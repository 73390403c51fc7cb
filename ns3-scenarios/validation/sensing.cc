// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

// Receiver operating characteristic of the energy detector: shares of its own draws, and of the energy of samples that are
// made here one by one, against the formulas.

#include "models/energy-detector.h"

#include <cmath>
#include <numbers>
#include <random>
#include <sstream>
#include <string>

#include "validation/statistics.h"
#include "validation/topics.h"

namespace ns3::marl::validation
{

namespace
{

constexpr uint32_t SAMPLES = 2500; ///< of each of 4 channels of 10 MHz in 1 ms
const std::string SOURCE = "Liang et al. 2008, eqs. 5 to 11";

double
GetDrawnShare(EnergyDetector& detector, double snr, uint32_t trials)
{
    uint32_t busy = 0;
    for (uint32_t i = 0; i < trials; i++)
    {
        busy += detector.Sense(snr);
    }
    return static_cast<double>(busy) / trials;
}

/// A signal of constant modulus and random phase in circular Gaussian noise of power 1.
double
GetSimulatedShare(double threshold, double snr, uint32_t trials)
{
    std::mt19937_64 engine(11);
    std::normal_distribution<double> noise(0, std::sqrt(0.5));
    std::uniform_real_distribution<double> phase(0, 2 * std::numbers::pi);
    const double amplitude = std::sqrt(snr);
    uint32_t busy = 0;
    for (uint32_t trial = 0; trial < trials; trial++)
    {
        double energy = 0;
        for (uint32_t i = 0; i < SAMPLES; i++)
        {
            const double angle = phase(engine);
            const double re = amplitude * std::cos(angle) + noise(engine);
            const double im = amplitude * std::sin(angle) + noise(engine);
            energy += re * re + im * im;
        }
        busy += energy > threshold * SAMPLES;
    }
    return static_cast<double>(busy) / trials;
}

} // namespace

void
ValidateSensing(Report& report, Effort effort)
{
    const bool isFull = effort == Effort::FULL;
    const uint32_t trials = isFull ? 200'000 : 20'000;
    const uint32_t simulated = isFull ? 4000 : 300;
    int64_t stream = 500;
    for (const double snrDb : {-20.0, -16.0, -14.0, -12.0})
    {
        const double snr = std::pow(10, snrDb / 10);
        Curve curve{"sensing", "", {}, {}};
        std::ostringstream series;
        series << snrDb << " dB";
        curve.series = series.str();
        for (int percent = 1; percent < 100; percent++)
        {
            curve.x.push_back(percent / 100.0);
            curve.y.push_back(EnergyDetector(SAMPLES, percent / 100.0).GetDetection(snr));
        }
        report.Add(curve);
        for (const double falseAlarm : {0.01, 0.1, 0.3})
        {
            EnergyDetector detector(SAMPLES, falseAlarm);
            detector.AssignStreams(stream++);
            // The formula itself: Q(Q^-1(P_f) - gamma sqrt(N)) over sqrt(2 gamma + 1).
            const double expected = GetQ((GetInverseQ(falseAlarm) - snr * std::sqrt(SAMPLES)) / std::sqrt(2 * snr + 1));
            std::ostringstream name;
            name << "at " << snrDb << " dB, P_f = " << falseAlarm << ", N = " << SAMPLES;
            report.Add({"detection " + name.str(),
                        "1",
                        expected,
                        SOURCE,
                        GetDrawnShare(detector, snr, trials),
                        SIGMAS * GetBinomialError(expected, trials),
                        FOUR_SIGMA,
                        Place{"sensing", series.str(), falseAlarm}});
            if (falseAlarm == 0.1)
            {
                report.Add({"the same, of simulated samples",
                            "1",
                            GetSimulatedShare(detector.GetThreshold(), snr, simulated),
                            "mean energy of samples",
                            detector.GetDetection(snr),
                            SIGMAS * GetBinomialError(expected, simulated) + 0.01,
                            FOUR_SIGMA + ", and 0.01 for the sum's skewness",
                            {}});
            }
        }
    }
    report.Add({"samples for P_f = 0.1, P_d = 0.9 at -20 dB",
                "1",
                66350,
                "by hand, eq. 11",
                EnergyDetector::GetNeededSamples(0.1, 0.9, 0.01),
                1,
                "rounding",
                {}});
}

} // namespace ns3::marl::validation
