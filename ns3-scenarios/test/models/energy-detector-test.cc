// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/energy-detector.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

namespace ns3::marl
{
namespace
{

TEST(EnergyDetector, QuantilesOfTheNormalDistribution)
{
    // Abramowitz and Stegun, table 26.5: P = 1 - Q.
    EXPECT_NEAR(GetInverseQ(0.1), 1.28155, 5e-6);
    EXPECT_NEAR(GetInverseQ(0.05), 1.64485, 5e-6);
    EXPECT_NEAR(GetInverseQ(0.01), 2.32635, 5e-6);
    EXPECT_NEAR(GetInverseQ(0.9), -1.28155, 5e-6);
    EXPECT_DOUBLE_EQ(GetQ(0), 0.5);
}

TEST(EnergyDetector, KeepsItsFalseAlarmAndNeedsTheSamplesOfTheTheory)
{
    for (const double falseAlarm : {0.01, 0.1, 0.3})
    {
        EXPECT_NEAR(EnergyDetector(500, falseAlarm).GetDetection(0), falseAlarm, 1e-12);
    }
    // P_f = 0.1, P_d = 0.9 at -20 dB: (1.28155 (1 + sqrt(1.02)))^2 / 1e-4 = 66350.3.
    const double needed = EnergyDetector::GetNeededSamples(0.1, 0.9, 0.01);
    EXPECT_NEAR(needed, 66350.3, 0.1);
    EXPECT_NEAR(EnergyDetector(std::lround(needed), 0.1).GetDetection(0.01), 0.9, 1e-5);
}

/// Of the samples themselves: noise, and a signal of constant modulus and random phases.
double
SimulateDetection(uint32_t samples, double threshold, double snr, uint32_t trials)
{
    std::mt19937_64 engine(1);
    std::normal_distribution<double> noise(0, std::sqrt(0.5));
    std::uniform_int_distribution<int> symbol(0, 3);
    uint32_t detected = 0;
    for (uint32_t trial = 0; trial < trials; ++trial)
    {
        double energy = 0;
        for (uint32_t i = 0; i < samples; ++i)
        {
            const double phase = std::numbers::pi / 2 * symbol(engine);
            const double re = std::sqrt(snr) * std::cos(phase) + noise(engine);
            const double im = std::sqrt(snr) * std::sin(phase) + noise(engine);
            energy += re * re + im * im;
        }
        detected += energy / samples > threshold ? 1 : 0;
    }
    return detected / double(trials);
}

TEST(EnergyDetector, AgreesWithTheSamplesThemselves)
{
    constexpr uint32_t SAMPLES = 1000;
    constexpr uint32_t TRIALS = 1500;
    const EnergyDetector detector(SAMPLES, 0.1);
    for (const double snr : {0.0, 0.05, 0.1})
    {
        const double p = detector.GetDetection(snr);
        // 4 standard errors, and 0.01 for the sum's skewness, of order 1/sqrt(N), that the normal distribution lacks.
        EXPECT_NEAR(SimulateDetection(SAMPLES, detector.GetThreshold(), snr, TRIALS),
                    p,
                    4 * std::sqrt(p * (1 - p) / TRIALS) + 0.01)
            << snr;
    }
}

TEST(EnergyDetector, MeasuresTheEnergyOfTheTheory)
{
    EnergyDetector detector(400, 0.1);
    detector.AssignStreams(41);
    constexpr int TRIALS = 20000;
    for (const double snr : {0.0, 0.5, 10.0})
    {
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < TRIALS; ++i)
        {
            const double energy = detector.Measure(snr);
            sum += energy;
            squares += energy * energy;
        }
        const double variance = (2 * snr + 1) / 400;
        EXPECT_NEAR(sum / TRIALS, 1 + snr, 4 * std::sqrt(variance / TRIALS));
        // The variance of an estimated variance of normal values is 2 variance^2 / n.
        EXPECT_NEAR(squares / TRIALS - sum * sum / TRIALS / TRIALS, variance, 4 * variance * std::sqrt(2.0 / TRIALS));
    }
}

TEST(EnergyDetector, SensesAsOftenAsItSays)
{
    EnergyDetector detector(1000, 0.1);
    detector.AssignStreams(40);
    constexpr int TRIALS = 20000;
    for (const double snr : {0.0, 0.05})
    {
        int busy = 0;
        for (int i = 0; i < TRIALS; ++i)
        {
            busy += detector.Sense(snr) ? 1 : 0;
        }
        const double p = detector.GetDetection(snr);
        EXPECT_NEAR(busy / double{TRIALS}, p, 4 * std::sqrt(p * (1 - p) / TRIALS));
    }
}

} // namespace
} // namespace ns3::marl
