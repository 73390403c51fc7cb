// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

// Compares the models with figures that were not made here:
//
//   validation [--quick] [TOPIC...]
//
// prints a line of JSON for every quantity and every curve, and fails when a quantity is outside its tolerance.

#include <algorithm>
#include <array>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "validation/report.h"
#include "validation/topics.h"

using namespace ns3::marl::validation;

namespace
{

struct Topic
{
    std::string name;
    void (*validate)(Report&, Effort);
};

const std::array<Topic, 14> TOPICS{{{"path-loss", ValidatePathLoss},
                                    {"fading", ValidateFading},
                                    {"outage", ValidateOutage},
                                    {"rates", ValidateRates},
                                    {"errors", ValidateErrors},
                                    {"dcf", ValidateDcf},
                                    {"queues", ValidateQueues},
                                    {"age", ValidateAge},
                                    {"energy", ValidateEnergy},
                                    {"arithmetic", ValidateArithmetic},
                                    {"sensing", ValidateSensing},
                                    {"primary-users", ValidatePrimaryUsers},
                                    {"streets", ValidateStreets},
                                    {"frames-11p", ValidateFrames11p}}};

} // namespace

int
main(int argc, char* argv[])
{
    std::vector<std::string> words(argv + 1, argv + argc);
    const Effort effort = std::erase(words, "--quick") > 0 ? Effort::QUICK : Effort::FULL;
    for (const auto& word : words)
    {
        if (std::none_of(TOPICS.begin(), TOPICS.end(), [&](const Topic& topic) { return topic.name == word; }))
        {
            std::cerr << "There is no topic '" << word << "'; expected --quick or some of";
            for (const auto& topic : TOPICS)
            {
                std::cerr << " " << topic.name;
            }
            std::cerr << "\n";
            return 2;
        }
    }
    Report report(std::cout);
    for (const auto& topic : TOPICS)
    {
        if (words.empty() || std::find(words.begin(), words.end(), topic.name) != words.end())
        {
            report.BeginTopic(topic.name);
            topic.validate(report, effort);
        }
    }
    return report.GetOutside() == 0 ? 0 : 1;
}
