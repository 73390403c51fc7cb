// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/ns3gym-wire.h"

#include "bridge/error.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <numeric>
#include <optional>
#include <unistd.h>

#include "ns3gym/messages.pb.h"

namespace gym = ::ns3opengym;

namespace ns3::marl
{

namespace
{

template <typename Message>
void
Pack(const Message& message, google::protobuf::Any* any)
{
    any->set_type_url("type.googleapis.com/" + std::string(Message::descriptor()->full_name()));
    message.SerializeToString(any->mutable_value());
}

template <typename Message>
Message
Unpack(const google::protobuf::Any& any, const std::string& where)
{
    Message message;
    const auto url = "type.googleapis.com/" + std::string(Message::descriptor()->full_name());
    if (any.type_url() != url || !message.ParseFromString(any.value()))
    {
        throw Error(FaultKind::SPEC_VIOLATION, where + " is a '" + any.type_url() + "', expected " + url);
    }
    return message;
}

template <typename Message>
Message
Parse(std::string_view frame, const std::string& expected)
{
    Message message;
    if (!message.ParseFromArray(frame.data(), static_cast<int>(frame.size())))
    {
        throw Error(FaultKind::OUT_OF_STEP,
                    "a frame of " + std::to_string(frame.size()) + " bytes is no ns3-gym message, expected " +
                        expected);
    }
    return message;
}

void
Describe(gym::Dtype type, double low, double high, std::size_t size, gym::SpaceDescription* space)
{
    gym::BoxSpace box;
    box.set_low(static_cast<float>(low));
    box.set_high(static_cast<float>(high));
    box.set_dtype(type);
    box.add_shape(static_cast<uint32_t>(size));
    space->set_type(gym::Box);
    Pack(box, space->mutable_space());
}

template <typename Number>
void
AppendNumbers(const std::string& bytes, std::vector<double>& values)
{
    for (std::size_t at = 0; at + sizeof(Number) <= bytes.size(); at += sizeof(Number))
    {
        Number number;
        std::memcpy(&number, bytes.data() + at, sizeof number);
        values.push_back(number);
    }
}

/// The numbers of a container, whatever their type.
std::vector<double>
GetValues(const gym::DataContainer& container, const std::string& where)
{
    if (container.type() == gym::Discrete)
    {
        return {static_cast<double>(Unpack<gym::DiscreteDataContainer>(container.data(), where).data())};
    }
    const auto box = Unpack<gym::BoxDataContainer>(container.data(), where);
    std::vector<double> values(box.intdata().begin(), box.intdata().end());
    values.insert(values.end(), box.uintdata().begin(), box.uintdata().end());
    AppendNumbers<float>(box.floatdata(), values);
    AppendNumbers<double>(box.doubledata(), values);
    return values;
}

std::string
ToJson(const std::string& text)
{
    std::string json = "\"";
    for (const char letter : text)
    {
        if (letter == '"' || letter == '\\')
        {
            json += '\\';
        }
        json += static_cast<unsigned char>(letter) < ' ' ? ' ' : letter;
    }
    return json + '"';
}

/// The number of the choice that stands in for a masked one; that one where none is allowed, as for an inactive agent.
int32_t
FindAllowed(std::span<const uint8_t> mask, int32_t choice)
{
    auto left = choice % std::max(1, std::accumulate(mask.begin(), mask.end(), 0));
    for (std::size_t i = 0; i < mask.size(); ++i)
    {
        if (mask[i] && left-- == 0)
        {
            return static_cast<int32_t>(i);
        }
    }
    return choice;
}

} // namespace

/// Reused from tick to tick, so that their buffers are.
struct Ns3GymWire::Messages
{
    gym::BoxDataContainer box;
    gym::EnvStateMsg state;
};

bool
Ns3GymWire::IsDiscrete(const Head& head)
{
    return std::holds_alternative<DiscreteHeadHandle>(head.handle);
}

Ns3GymWire::Ns3GymWire(const Spec& spec)
    : m_spec(spec),
      m_messages(std::make_unique<Messages>())
{
    for (uint32_t g = 0; g < spec.groups.size(); ++g)
    {
        const auto& group = spec.groups[g];
        const auto agents = static_cast<uint32_t>(group.agents.size());
        const auto prefix = spec.groups.size() == 1 ? "" : group.name + "/";
        m_featureCount += agents * group.features.size();
        for (uint32_t h = 0; h < group.discreteHeads.size(); ++h)
        {
            const auto& head = group.discreteHeads[h];
            m_heads.push_back(
                {prefix + head.name, DiscreteHeadHandle{spec.id, g, h}, 0, head.choices.size() - 1.0, agents});
        }
        for (uint32_t h = 0; h < group.continuousHeads.size(); ++h)
        {
            const auto& head = group.continuousHeads[h];
            m_heads.push_back({prefix + head.name, ContinuousHeadHandle{spec.id, g, h}, head.low, head.high, agents});
        }
    }
    m_messages->box.set_dtype(gym::FLOAT);
    m_messages->box.add_shape(static_cast<uint32_t>(m_featureCount));
    m_messages->state.mutable_obsdata()->set_type(gym::Box);
}

Ns3GymWire::~Ns3GymWire() = default;

std::string
Ns3GymWire::EncodeInit() const
{
    gym::SimInitMsg message;
    message.set_simprocessid(getpid());
    double low = std::numeric_limits<double>::max();
    double high = std::numeric_limits<double>::lowest();
    for (const auto& group : m_spec.groups)
    {
        for (const auto& feature : group.features)
        {
            low = std::min(low, feature.low);
            high = std::max(high, feature.high);
        }
    }
    Describe(gym::FLOAT, low, high, m_featureCount, message.mutable_obsspace());

    gym::DictSpace dict;
    for (const auto& head : m_heads)
    {
        auto* space = dict.add_element();
        space->set_name(head.key);
        if (IsDiscrete(head) && head.agents == 1 && m_heads.size() == 1)
        {
            gym::DiscreteSpace discrete;
            discrete.set_n(static_cast<int32_t>(head.high) + 1);
            space->set_type(gym::Discrete);
            Pack(discrete, space->mutable_space());
        }
        else
        {
            Describe(IsDiscrete(head) ? gym::UINT : gym::FLOAT, head.low, head.high, head.agents, space);
        }
    }
    auto* space = message.mutable_actspace();
    if (m_heads.size() == 1)
    {
        *space = dict.element(0);
    }
    else
    {
        space->set_type(gym::Dict);
        Pack(dict, space->mutable_space());
    }
    return message.SerializeAsString();
}

bool
Ns3GymWire::DecodeInitAck(std::string_view frame)
{
    return Parse<gym::SimInitAck>(frame, "SimInitAck").stopsimreq();
}

std::string_view
Ns3GymWire::Finish(const float* features, double reward)
{
    auto& [box, state] = *m_messages;
    box.mutable_floatdata()->assign(reinterpret_cast<const char*>(features), m_featureCount * sizeof(float));
    Pack(box, state.mutable_obsdata()->mutable_data());
    state.set_reward(static_cast<float>(reward));
    state.SerializeToString(&m_frame);
    return m_frame;
}

std::string_view
Ns3GymWire::EncodeState(const Observation& observation, const Stamp& stamp)
{
    double sum = 0;
    std::size_t agents = 0;
    for (const auto& group : m_spec.groups)
    {
        const auto rewards = observation.GetRewards(group.handle);
        sum = std::accumulate(rewards.begin(), rewards.end(), sum);
        agents += rewards.size();
    }
    auto& state = m_messages->state;
    state.set_isgameover(stamp.truncated || stamp.terminated);
    state.set_reason(stamp.terminated ? gym::EnvStateMsg::GameOver : gym::EnvStateMsg::SimulationEnd);
    auto& info = *state.mutable_info();
    info = "{\"tick\":" + std::to_string(stamp.tick) + ",\"metrics\":{";
    const auto metrics = observation.GetMetrics();
    for (std::size_t i = 0; i < metrics.size(); ++i)
    {
        char number[32] = "null"; // nothing to measure yet
        if (!std::isnan(metrics[i]))
        {
            std::snprintf(number, sizeof number, "%.9g", metrics[i]);
        }
        info.append(i ? "," : "").append(ToJson(m_spec.metrics[i].name)).append(":").append(number);
    }
    info += "}}";
    return Finish(observation.GetFeatures().data(), sum / static_cast<double>(agents));
}

std::string_view
Ns3GymWire::EncodeFailure(const std::string& message)
{
    auto& state = m_messages->state;
    state.set_isgameover(true);
    state.set_reason(gym::EnvStateMsg::GameOver);
    state.set_info("{\"error\":" + ToJson(message) + "}");
    return Finish(std::vector<float>(m_featureCount).data(), 0);
}

bool
Ns3GymWire::DecodeAction(std::string_view frame, const Observation& observation, Action& action)
{
    const auto message = Parse<gym::EnvActMsg>(frame, "EnvActMsg");
    if (message.stopsimreq())
    {
        return false;
    }
    if (m_heads.size() == 1)
    {
        SetValues(m_heads[0], GetValues(message.actdata(), "the action"), action);
    }
    else
    {
        const auto dict = Unpack<gym::DictDataContainer>(message.actdata().data(), "the action");
        for (const auto& head : m_heads)
        {
            const auto found = std::ranges::find_if(
                dict.element(), [&](const gym::DataContainer& element) { return element.name() == head.key; });
            if (found == dict.element().end())
            {
                throw Error(FaultKind::SPEC_VIOLATION, "the action lacks the key '" + head.key + "'");
            }
            SetValues(head, GetValues(*found, "the action's '" + head.key + "'"), action);
        }
    }
    for (const auto& head : m_heads)
    {
        const auto* handle = std::get_if<DiscreteHeadHandle>(&head.handle);
        for (uint32_t agent = 0; handle && agent < head.agents; ++agent)
        {
            const auto mask = observation.GetMask(*handle, agent);
            const auto choice = action.Get(*handle, agent);
            if (choice >= 0 && static_cast<std::size_t>(choice) < mask.size() && !mask[choice])
            {
                action.Set(*handle, agent, FindAllowed(mask, choice));
            }
        }
    }
    return true;
}

void
Ns3GymWire::SetValues(const Head& head, const std::vector<double>& values, Action& action) const
{
    if (values.size() != head.agents)
    {
        throw Error(FaultKind::SPEC_VIOLATION,
                    "the action's '" + head.key + "' came with " + std::to_string(values.size()) +
                        " values, expected one for each of " + std::to_string(head.agents) + " agents");
    }
    for (uint32_t agent = 0; agent < head.agents; ++agent)
    {
        const double value = values[agent];
        if (const auto* handle = std::get_if<ContinuousHeadHandle>(&head.handle))
        {
            action.Set(*handle, agent, value);
            continue;
        }
        if (!(std::abs(value) <= std::numeric_limits<int32_t>::max()) || value != std::floor(value))
        {
            throw Error(FaultKind::SPEC_VIOLATION,
                        "the action's '" + head.key + "' has the value " + std::to_string(value) +
                            ", expected a whole number from 0 to " + std::to_string(static_cast<int64_t>(head.high)));
        }
        action.Set(std::get<DiscreteHeadHandle>(head.handle), agent, static_cast<int32_t>(value));
    }
}

} // namespace ns3::marl
