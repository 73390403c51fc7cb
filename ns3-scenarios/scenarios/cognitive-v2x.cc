// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only
//
// Vehicle pairs share licensed channels of the 5.9 GHz band with primary users that come and go and must not be
// disturbed. Each pair is an agent: every tick it senses the channels, then sends a status update on one of them at a
// power that it chooses, or stays silent. docs/cognitive-v2x.md describes it.

#include "bridge/names.h"
#include "bridge/scenario.h"
#include "models/energy-detector.h"

#include "ns3/abort.h"
#include "ns3/random-variable-stream.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <vector>

#include "scenarios/cognitive-v2x/accounts.h"
#include "scenarios/cognitive-v2x/agent.h"
#include "scenarios/cognitive-v2x/heads.h"
#include "scenarios/cognitive-v2x/network.h"
#include "scenarios/cognitive-v2x/observer.h"
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

    void Describe(Spec& spec) override
    {
        m_settings.Resolve();
        spec.SetTicks(m_settings.tick, m_settings.ticks);
        spec.idleTicks = true;
        auto& pairs = spec.AddGroup("pairs", GetNumberedNames("pair_", m_settings.pairs));
        m_group = pairs.handle;
        m_heads.Describe(m_settings, pairs);
        m_observer = std::make_unique<Observer>(m_settings);
        m_observer->Describe(spec, pairs, m_heads);
        m_accounts = std::make_unique<Accounts>(m_settings, m_agents);
        m_accounts->Describe(spec);
    }

    void Build() override
    {
        m_network = std::make_unique<Network>(m_settings);
        const auto samples =
            static_cast<uint32_t>(m_settings.sensing.GetSeconds() / m_settings.channels * Settings::CHANNEL_HZ);
        for (uint32_t i = 0; i < m_settings.pairs; i++)
        {
            const auto transmitter = Network::GetTransmitter(i);
            const auto receiver = Network::GetReceiver(i);
            const int64_t stream = i * PAIR_STREAMS;
            Agent agent{.index = i,
                        .pair = std::make_unique<Pair>(m_network->GetRadio(transmitter),
                                                       m_network->GetRadio(receiver),
                                                       m_settings.updateBytes,
                                                       GetStart()),
                        .detector = EnergyDetector(samples, m_settings.falseAlarm),
                        .jitter = CreateObject<UniformRandomVariable>()};
            agent.detector.AssignStreams(stream + DETECTOR_STREAM);
            agent.jitter->SetStream(stream + JITTER_STREAM);
            agent.channels.resize(m_settings.channels);
            agent.linkSnrDb = m_network->GetSnrDb(transmitter, receiver, m_settings.powerMaxDbm);
            m_addresses[agent.pair->GetAddress()] = i;
            m_agents.push_back(std::move(agent));
        }
        Simulator::Schedule(GetStart(), &CognitiveV2x::BeginEpisode, this); // just before the first boundary
    }

    /// The first sensing ends then.
    Time GetStart() const override
    {
        return m_settings.tick;
    }

    void CloseInterval(const Boundary& /* boundary */) override
    {
        std::vector<Time> disturbances(m_settings.pairs);
        for (uint32_t channel = 0; channel < m_settings.channels; channel++)
        {
            AccountFor(channel, disturbances);
        }
        for (auto& agent : m_agents)
        {
            const Time age = agent.pair->GetAge().GetAge(Simulator::Now());
            agent.last = {agent.pair->TakeInterval(),
                          agent.powerDbm,
                          (age / m_settings.tick).GetDouble(),
                          disturbances[agent.index]};
            Learn(agent);
            m_accounts->NoteTick(agent.last);
        }
        Sense();
    }

    void Reward(Rewards& rewards) const override
    {
        for (const auto& agent : m_agents)
        {
            rewards.Add(m_group, agent.index, m_accounts->GetReward(agent.last));
        }
    }

    void Observe(Observation& observation) const override
    {
        m_observer->Observe(*m_network, m_agents, observation);
    }

    void Act(const Action& action) override
    {
        for (auto& agent : m_agents)
        {
            const Time delay = Settings::TUNING + m_settings.jitter * agent.jitter->GetValue(); // drawn in any case
            const auto channel = m_heads.ReadChannel(action, agent.index);
            if (!channel)
            {
                continue;
            }
            agent.tuned = *channel;
            agent.powerDbm = action.Get(m_heads.power, agent.index);
            for (const auto vehicle : {Network::GetTransmitter(agent.index), Network::GetReceiver(agent.index)})
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
    void Decide(const Observation& observation, Action& action) const override
    {
        for (uint32_t i = 0; i < m_settings.pairs; i++)
        {
            uint32_t choice = Heads::SILENT;
            for (uint32_t step = 0; step < m_settings.channels && choice == Heads::SILENT; step++)
            {
                const uint32_t channel = (i + step) % m_settings.channels;
                if (observation.Get(m_observer->GetSeemsBusy(channel), i) == 0)
                {
                    choice = Heads::GetChoice(channel);
                }
            }
            const double snrDb = observation.Get(m_observer->GetLinkSnr(), i);
            const double ageTicks = observation.Get(m_observer->GetLinkAge(), i);
            const double powerDbm = m_settings.powerMaxDbm - (snrDb - TARGET_SNR_DB) + RAISE_DB * ageTicks;
            action.Set(m_heads.channel, i, choice);
            action.Set(m_heads.power, i, std::clamp(powerDbm, Settings::POWER_LOW_DBM, m_settings.powerMaxDbm));
        }
    }

  private:
    /// What happened before the first boundary belongs to no interval.
    void BeginEpisode()
    {
        for (auto& agent : m_agents)
        {
            agent.pair->TakeInterval();
        }
        Sense();
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
    void Learn(Agent& agent) const
    {
        const auto& interval = agent.last.interval;
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

    /// The energy on each channel in the silent time that ends now, at each pair.
    void Sense()
    {
        m_network->UpdateLosses();
        for (auto& agent : m_agents)
        {
            for (uint32_t channel = 0; channel < m_settings.channels; channel++)
            {
                Sense(agent, channel);
            }
        }
    }

    void Sense(Agent& agent, uint32_t channel)
    {
        const Time now = Simulator::Now();
        const Time on = m_network->GetPrimary(channel).GetUser().GetOnTime(now - m_settings.sensing, now);
        const double snrDb = m_network->GetSnrDb(m_network->GetPrimaryTransmitter(channel),
                                                 Network::GetTransmitter(agent.index),
                                                 m_settings.primaryPowerDbm);
        const double snr = std::pow(10, snrDb / 10) * (on / m_settings.sensing).GetDouble();
        const double energy = agent.detector.Measure(snr);
        auto& knowledge = agent.channels[channel];
        knowledge.energyDb = 10 * std::log10(std::max(energy, 1e-3));
        knowledge.seemsBusy = energy > agent.detector.GetThreshold();
        if (on.IsZero() || on == m_settings.sensing)
        {
            m_accounts->NoteSensing(on.IsStrictlyPositive(), knowledge.seemsBusy);
        }
    }

    Settings m_settings;
    GroupHandle m_group;
    Heads m_heads;
    std::unique_ptr<Observer> m_observer;
    std::unique_ptr<Accounts> m_accounts;
    std::unique_ptr<Network> m_network;
    std::vector<Agent> m_agents;
    std::map<Mac48Address, uint32_t> m_addresses; ///< of the transmitters
};

} // namespace

int
main(int argc, char* argv[])
{
    return RunScenario<CognitiveV2x>(argc, argv, "cognitive-v2x");
}
