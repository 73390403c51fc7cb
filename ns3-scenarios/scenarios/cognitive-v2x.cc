// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only
//
// Vehicle pairs share licensed channels of the 5.9 GHz band with primary users that come and go and must not be
// disturbed. Each pair is an agent: every tick it senses the channels, then sends a status update on one of them at a
// power that it chooses, or stays silent. docs/cognitive-v2x.md describes it.

#include "bridge/scenario.h"
#include "models/energy-detector.h"

#include "ns3/abort.h"
#include "ns3/random-variable-stream.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "scenarios/cognitive-v2x/accounts.h"
#include "scenarios/cognitive-v2x/layout.h"
#include "scenarios/cognitive-v2x/network.h"
#include "scenarios/cognitive-v2x/pair.h"
#include "scenarios/cognitive-v2x/settings.h"
#include "scenarios/cognitive-v2x/streams.h"

using namespace ns3;
using namespace ns3::marl;
using namespace ns3::marl::cognitive_v2x;

namespace
{

constexpr double TARGET_SNR_DB = 12; ///< of the built-in policy, and what it adds in every tick without an answer
constexpr double RAISE_DB = 2;
const Time FARTHEST = MicroSeconds(10); ///< what a signal may need on its way

class CognitiveV2x : public Scenario
{
  public:
    CognitiveV2x()
    {
        Network::SetAttributeDefaults(); // before the command line, which may override them
    }

    void AddArguments(Arguments& arguments) override
    {
        m_settings.AddArguments(arguments);
    }

    Spec Describe() override
    {
        m_settings.Resolve();
        return DescribeLayout(m_settings);
    }

    void Build() override
    {
        m_network = std::make_unique<Network>(m_settings);
        m_accounts = std::make_unique<Accounts>(m_settings);
        const auto samples =
            static_cast<uint32_t>(m_settings.sensing.GetSeconds() / m_settings.channels * Settings::CHANNEL_HZ);
        for (uint32_t i = 0; i < m_settings.pairs; i++)
        {
            const int64_t stream = i * PAIR_STREAMS;
            Agent agent{std::make_unique<Pair>(m_network->GetRadio(Network::GetTransmitter(i)),
                                               m_network->GetRadio(Network::GetReceiver(i)),
                                               m_settings.updateBytes,
                                               GetStart()),
                        EnergyDetector(samples, m_settings.falseAlarm),
                        CreateObject<UniformRandomVariable>()};
            agent.detector.AssignStreams(stream + DETECTOR_STREAM);
            agent.jitter->SetStream(stream + JITTER_STREAM);
            agent.channels.resize(m_settings.channels);
            agent.linkSnrDb = GetSnrDb(Network::GetTransmitter(i), Network::GetReceiver(i), m_settings.powerMaxDbm);
            m_addresses[agent.pair->GetAddress()] = i;
            m_agents.push_back(std::move(agent));
        }
    }

    /// The first sensing ends then.
    Time GetStart() const override
    {
        return m_settings.tick;
    }

    void Observe(uint64_t tick, Observation& observation) override
    {
        std::vector<Time> disturbances(m_settings.pairs);
        for (uint32_t channel = 0; channel < m_settings.channels && tick > 0; channel++)
        {
            AccountFor(channel, disturbances);
        }
        m_ticks.clear();
        for (uint32_t i = 0; i < m_settings.pairs; i++)
        {
            auto& agent = m_agents[i];
            m_ticks.push_back({agent.pair->TakeInterval(),
                               agent.powerDbm,
                               InTicks(agent.pair->GetAge().GetAge(Simulator::Now())),
                               disturbances[i]});
            if (tick > 0)
            {
                Learn(i);
                m_accounts->NoteTick(m_ticks[i]);
            }
        }
        m_network->UpdateLosses();
        for (uint32_t i = 0; i < m_settings.pairs; i++)
        {
            Sense(i);
            FillFeatures(i, observation.groups[0].Features(i));
            FillMask(i, observation.groups[0].Mask(i, CHANNEL_HEAD));
            FillPairState(i, observation.State(PAIR_STATE, i));
        }
        FillChannelState(observation);
        m_accounts->FillMetrics(tick, GetMeanPeak(), observation.metrics);
    }

    void Reward(uint64_t /* tick */, Observation& observation) override
    {
        for (uint32_t i = 0; i < m_settings.pairs; i++)
        {
            observation.groups[0].Reward(i) = static_cast<float>(m_accounts->GetReward(m_ticks[i]));
        }
    }

    void Act(uint64_t /* tick */, const Action& action) override
    {
        for (uint32_t i = 0; i < m_settings.pairs; i++)
        {
            auto& agent = m_agents[i];
            const Time delay = Settings::TUNING + m_settings.jitter * agent.jitter->GetValue(); // drawn in any case
            const auto choice = static_cast<uint32_t>(action.groups[0].Discrete(i, CHANNEL_HEAD));
            if (choice == SILENT)
            {
                continue;
            }
            agent.tuned = choice - 1;
            agent.powerDbm = action.groups[0].Continuous(i, POWER_HEAD);
            for (const auto vehicle : {Network::GetTransmitter(i), Network::GetReceiver(i)})
            {
                m_network->Tune(vehicle, agent.tuned);
                m_network->SetPower(vehicle, agent.powerDbm);
            }
            agent.pair->Send(agent.tuned, delay);
        }
        const Time end = Simulator::Now() + m_settings.tick - m_settings.sensing;
        for (uint32_t channel = 0; channel < m_settings.channels; channel++)
        {
            Simulator::Schedule(Settings::TUNING, &PrimaryLink::Radiate, &m_network->GetPrimary(channel), end);
        }
    }

    /// Listen before talk: the first channel from home on that seems free, at the power that gives 12 dB at the receiver.
    void Decide(uint64_t /* tick */, const Observation& observation, Action& action) override
    {
        for (uint32_t i = 0; i < m_settings.pairs; i++)
        {
            const auto features = observation.groups[0].Features(i);
            auto& choice = action.groups[0].Discrete(i, CHANNEL_HEAD);
            choice = SILENT;
            for (uint32_t step = 0; step < m_settings.channels && choice == SILENT; step++)
            {
                const uint32_t channel = (i + step) % m_settings.channels;
                if (features[GetColumn(channel, SEEMS_BUSY)] == 0)
                {
                    choice = static_cast<int32_t>(channel + 1);
                }
            }
            const double powerDbm = m_settings.powerMaxDbm - (static_cast<double>(features[LINK_SNR]) - TARGET_SNR_DB) +
                                    RAISE_DB * static_cast<double>(features[LINK_AGE]);
            action.groups[0].Continuous(i, POWER_HEAD) =
                static_cast<float>(std::clamp(powerDbm, LOWEST_POWER_DBM, m_settings.powerMaxDbm));
        }
    }

  private:
    /// What a pair knows of a channel.
    struct ChannelKnowledge
    {
        double energyDb{0}; ///< over the noise
        bool seemsBusy{false};
        double busyRatio{0};
        double overheard{0};
        std::optional<Time> listened; ///< when the radio was there last
    };

    struct Agent
    {
        std::unique_ptr<Pair> pair;
        EnergyDetector detector;
        Ptr<UniformRandomVariable> jitter;
        uint32_t tuned{0};
        double powerDbm{0};
        double linkSnrDb{0}; ///< at full power
        Time linkMeasured{};
        std::vector<ChannelKnowledge> channels{};
    };

    double InTicks(const Time& time) const
    {
        return (time / m_settings.tick).GetDouble();
    }

    /// \return of a transmission of this power between two stations
    double GetSnrDb(uint32_t from, uint32_t to, double powerDbm) const
    {
        return powerDbm - m_network->GetLossDb(from, to) - m_settings.GetNoiseDbm();
    }

    /// Charges the pairs for what a primary receiver suffered in the last tick.
    void AccountFor(uint32_t channel, std::vector<Time>& disturbances)
    {
        auto& primary = m_network->GetPrimary(channel);
        const Time now = Simulator::Now();
        const double thresholdW = std::pow(10, (m_settings.GetNoiseDbm() + m_settings.protectionDb - 30) / 10);
        const auto frames = primary.GetReceiver().TakeHeard();
        for (const auto& frame : frames)
        {
            NS_ABORT_MSG_IF(frame.end > now - m_settings.sensing + FARTHEST, "a frame outlived its tick");
        }
        const auto disturbance = GetDisturbance(frames, thresholdW, [&primary](const Time& from, const Time& to) {
            return primary.GetUser().GetOnTime(from, to);
        });
        for (const auto& [sender, part] : disturbance.charged)
        {
            disturbances[m_network->FindPair(sender).value()] += part;
        }
        m_accounts->NoteChannel(primary.GetUser().GetOnTime(now - m_settings.tick, now), disturbance.duration);
        primary.GetUser().Forget(now - m_settings.sensing);
    }

    /// The pair remembers what it heard in the last tick.
    void Learn(uint32_t i)
    {
        auto& agent = m_agents[i];
        const auto& interval = m_ticks[i].interval;
        auto& channel = agent.channels[agent.tuned];
        channel.busyRatio = interval.busyRatio;
        channel.overheard = 0;
        for (const auto& sender : interval.overheard)
        {
            channel.overheard += m_addresses.contains(sender);
        }
        channel.listened = Simulator::Now();
        if (interval.signalDbm)
        {
            const double lossDb = agent.powerDbm - *interval.signalDbm;
            agent.linkSnrDb = m_settings.powerMaxDbm - lossDb - m_settings.GetNoiseDbm();
            agent.linkMeasured = Simulator::Now();
        }
    }

    /// The energy on each channel in the silent time before this tick.
    void Sense(uint32_t i)
    {
        auto& agent = m_agents[i];
        const Time now = Simulator::Now();
        for (uint32_t c = 0; c < m_settings.channels; c++)
        {
            auto& user = m_network->GetPrimary(c).GetUser();
            const Time on = user.GetOnTime(now - m_settings.sensing, now);
            const double snrDb =
                GetSnrDb(m_network->GetPrimaryTransmitter(c), Network::GetTransmitter(i), m_settings.primaryPowerDbm);
            const double snr = std::pow(10, snrDb / 10) * (on / m_settings.sensing).GetDouble();
            const double energy = agent.detector.Measure(snr);
            auto& channel = agent.channels[c];
            channel.energyDb = 10 * std::log10(std::max(energy, 1e-3));
            channel.seemsBusy = energy > agent.detector.GetThreshold();
            if (on.IsZero() || on == m_settings.sensing)
            {
                m_accounts->NoteSensing(on.IsStrictlyPositive(), channel.seemsBusy);
            }
        }
    }

    void FillFeatures(uint32_t i, std::span<float> features) const
    {
        const auto& agent = m_agents[i];
        const Time now = Simulator::Now();
        const auto mobility = m_network->GetMobility(Network::GetTransmitter(i));
        const auto place = mobility->GetPosition();
        const auto velocity = mobility->GetVelocity();
        features[INDEX] = static_cast<float>((i + 0.5) / m_settings.pairs);
        features[KNOWN_AGE] = static_cast<float>(InTicks(agent.pair->GetKnownAge().GetAge(now)));
        features[SENT] = m_ticks[i].interval.transmitted;
        features[ACKNOWLEDGED] = m_ticks[i].interval.acknowledged;
        features[LAST_POWER] = static_cast<float>(agent.powerDbm);
        features[LINK_SNR] = static_cast<float>(agent.linkSnrDb);
        features[LINK_AGE] = static_cast<float>(InTicks(now - std::max(agent.linkMeasured, GetStart())));
        features[POSITION_X] = static_cast<float>(place.x);
        features[POSITION_Y] = static_cast<float>(place.y);
        features[VELOCITY_X] = static_cast<float>(velocity.x);
        features[VELOCITY_Y] = static_cast<float>(velocity.y);
        for (uint32_t c = 0; c < m_settings.channels; c++)
        {
            const auto& channel = agent.channels[c];
            const double lossDb =
                std::min(m_network->GetExpectedLossDb(Network::GetTransmitter(i), m_network->GetPrimaryReceiver(c)),
                         m_network->GetExpectedLossDb(Network::GetReceiver(i), m_network->GetPrimaryReceiver(c)));
            const double toleratedDbm = m_settings.GetNoiseDbm() + m_settings.protectionDb;
            features[GetColumn(c, ENERGY)] = static_cast<float>(channel.energyDb);
            features[GetColumn(c, SEEMS_BUSY)] = channel.seemsBusy;
            features[GetColumn(c, EXCESS)] = static_cast<float>(m_settings.powerMaxDbm - lossDb - toleratedDbm);
            features[GetColumn(c, IS_HOME)] = c == i % m_settings.channels;
            features[GetColumn(c, WAS_USED)] = c == agent.tuned;
            features[GetColumn(c, BUSY_RATIO)] = static_cast<float>(channel.busyRatio);
            features[GetColumn(c, OVERHEARD)] = static_cast<float>(channel.overheard);
            features[GetColumn(c, LISTENING_AGE)] =
                channel.listened ? static_cast<float>(InTicks(now - *channel.listened)) : 1e6F;
        }
    }

    void FillMask(uint32_t i, std::span<uint8_t> mask) const
    {
        for (uint32_t c = 0; c < m_settings.channels && m_settings.masksSensed; c++)
        {
            mask[c + 1] = !m_agents[i].channels[c].seemsBusy;
        }
    }

    void FillPairState(uint32_t i, std::span<float> state) const
    {
        const auto transmitter = Network::GetTransmitter(i);
        const auto receiver = Network::GetReceiver(i);
        const auto place = m_network->GetMobility(transmitter)->GetPosition();
        const double full = m_settings.powerMaxDbm;
        state[STATE_AGE] = static_cast<float>(m_ticks[i].ageTicks);
        state[STATE_LINK_SNR] = static_cast<float>(GetSnrDb(transmitter, receiver, full));
        state[STATE_X] = static_cast<float>(place.x);
        state[STATE_Y] = static_cast<float>(place.y);
        uint32_t column = STATE_CROSS;
        for (uint32_t c = 0; c < m_settings.channels; c++)
        {
            const auto primary = m_network->GetPrimaryReceiver(c);
            const double snrDb = std::max(GetSnrDb(transmitter, primary, full), GetSnrDb(receiver, primary, full));
            state[column++] = static_cast<float>(snrDb - m_settings.protectionDb);
        }
        for (uint32_t c = 0; c < m_settings.channels; c++)
        {
            const auto primary = m_network->GetPrimaryTransmitter(c);
            state[column++] = static_cast<float>(GetSnrDb(primary, receiver, m_settings.primaryPowerDbm));
        }
        for (uint32_t other = 0; other < m_settings.pairs; other++)
        {
            state[column++] = static_cast<float>(GetSnrDb(transmitter, Network::GetReceiver(other), full));
        }
    }

    void FillChannelState(Observation& observation)
    {
        for (uint32_t c = 0; c < m_settings.channels; c++)
        {
            const auto state = observation.State(CHANNEL_STATE, c);
            const auto place = m_network->GetMobility(m_network->GetPrimaryReceiver(c))->GetPosition();
            state[STATE_IS_ON] = m_network->GetPrimary(c).GetUser().IsOn(Simulator::Now());
            state[STATE_RECEIVER_X] = static_cast<float>(place.x);
            state[STATE_RECEIVER_Y] = static_cast<float>(place.y);
        }
    }

    double GetMeanPeak() const
    {
        double sum = 0;
        double peaks = 0;
        for (const auto& agent : m_agents)
        {
            const auto& age = agent.pair->GetAge();
            sum += InTicks(age.GetMeanPeak()) * static_cast<double>(age.GetPeaks());
            peaks += static_cast<double>(age.GetPeaks());
        }
        return peaks > 0 ? sum / peaks : NAN;
    }

    Settings m_settings;
    std::unique_ptr<Network> m_network;
    std::unique_ptr<Accounts> m_accounts;
    std::vector<Agent> m_agents;
    std::map<Mac48Address, uint32_t> m_addresses; ///< of the transmitters
    std::vector<PairTick> m_ticks;                ///< of the last tick, by pair
};

} // namespace

int
main(int argc, char* argv[])
{
    return RunScenario<CognitiveV2x>(argc, argv, "cognitive-v2x");
}
