// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/wire.h"

#include "bridge/utf8.h"

#include "ns3marl/v2/lockstep.pb.h"

#include "ns3/hash.h"

#include <google/protobuf/util/json_util.h>

#include <cstdio>

namespace v2 = ::ns3marl::v2;

namespace ns3::marl
{

namespace
{

void
ToMessage(const Feature& feature, v2::Feature* message)
{
    message->set_name(feature.name);
    message->set_unit(feature.unit);
    message->set_low(feature.low);
    message->set_high(feature.high);
    message->set_saturating(feature.saturating);
    message->set_description(feature.description);
    if (feature.describes)
    {
        auto* out = message->mutable_describes();
        out->set_head(feature.describes->head.head);
        out->set_choice(feature.describes->choice);
        out->set_quantity(feature.describes->quantity);
    }
}

void
ToMessage(const Condition& condition, v2::Condition* message)
{
    message->set_head(condition.head.head);
    message->mutable_choices()->Assign(condition.choices.begin(), condition.choices.end());
}

void
ToMessage(const Group& group, v2::Group* message)
{
    message->set_name(group.name);
    message->mutable_agents()->Assign(group.agents.begin(), group.agents.end());
    for (const auto& feature : group.features)
    {
        ToMessage(feature, message->add_features());
    }
    for (const auto& head : group.discreteHeads)
    {
        auto* out = message->add_discrete_heads();
        out->set_name(head.name);
        out->mutable_choices()->Assign(head.choices.begin(), head.choices.end());
        out->set_default_choice(head.defaultChoice);
        if (head.activeIf)
        {
            ToMessage(*head.activeIf, out->mutable_active_if());
        }
        out->set_description(head.description);
    }
    for (const auto& head : group.continuousHeads)
    {
        auto* out = message->add_continuous_heads();
        out->set_name(head.name);
        out->set_unit(head.unit);
        out->set_low(head.low);
        out->set_high(head.high);
        out->set_default_value(head.defaultValue);
        if (head.activeIf)
        {
            ToMessage(*head.activeIf, out->mutable_active_if());
        }
        out->set_description(head.description);
    }
}

/// The spec with its hash, which is taken over the message without it.
v2::Spec
ToMessage(const Spec& spec)
{
    v2::Spec message;
    message.set_scenario(spec.scenario);
    message.set_tick_ns(spec.tick.GetNanoSeconds());
    message.set_ticks(spec.ticks);
    message.set_duration_ns(spec.duration.GetNanoSeconds());
    message.set_idle_ticks(spec.idleTicks);
    message.set_has_builtin(spec.hasBuiltin);
    for (const auto& group : spec.groups)
    {
        ToMessage(group, message.add_groups());
    }
    for (const auto& block : spec.state)
    {
        auto* out = message.add_state();
        out->set_name(block.name);
        out->mutable_rows()->Assign(block.rows.begin(), block.rows.end());
        for (const auto& feature : block.features)
        {
            ToMessage(feature, out->add_features());
        }
        if (block.agentsOf)
        {
            out->set_agents_of(block.agentsOf->group);
        }
        for (const auto& [head, choices] : block.choicesOf)
        {
            auto* relation = out->add_choices_of();
            relation->set_group(head.group);
            relation->set_head(head.head);
            relation->mutable_choices()->Assign(choices.begin(), choices.end());
        }
    }
    for (const auto& metric : spec.metrics)
    {
        auto* out = message.add_metrics();
        out->set_name(metric.name);
        out->set_unit(metric.unit);
        out->set_description(metric.description);
        out->set_higher_is_better(metric.higherIsBetter);
    }
    for (const auto& table : spec.tables)
    {
        if (!table.isReported)
        {
            continue;
        }
        auto* out = message.add_tables();
        out->set_name(table.name);
        for (const auto& column : table.columns)
        {
            auto* outColumn = out->add_columns();
            outColumn->set_name(column.name);
            outColumn->set_unit(column.unit);
            outColumn->set_type(static_cast<v2::Column::Type>(column.type));
            outColumn->mutable_categories()->Assign(column.categories.begin(), column.categories.end());
        }
    }
    char hash[17];
    std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(Hash64(message.SerializeAsString())));
    message.set_hash(hash);
    return message;
}

/// Appends the key of a length-delimited field and the length (protobuf's encoding of fields).
void
AppendKey(std::string& bytes, int field, std::size_t length)
{
    bytes.push_back(static_cast<char>(field << 3 | 2));
    for (; length > 127; length >>= 7)
    {
        bytes.push_back(static_cast<char>(length | 128));
    }
    bytes.push_back(static_cast<char>(length));
}

void
CheckMajor(uint32_t major)
{
    if (major != v2::PROTOCOL_VERSION_MAJOR)
    {
        throw Error(FaultKind::VERSION,
                    "the learner speaks protocol version " + std::to_string(major) + ", this simulator speaks " +
                        std::to_string(v2::PROTOCOL_VERSION_MAJOR) +
                        "; use one release of ns3marl on both sides and rebuild the scenarios with `ns3marl build`");
    }
}

} // namespace

struct Wire::Messages
{
    v2::Observation before; ///< fields before the arrays
    v2::Observation behind; ///< fields behind the arrays
    std::string beforeBytes;
    v2::ToSimulator request;
};

Hello::Hello()
    : protocolMajor(v2::PROTOCOL_VERSION_MAJOR),
      protocolMinor(v2::PROTOCOL_VERSION_MINOR)
{
}

Wire::Wire()
    : m_messages(std::make_unique<Messages>())
{
}

Wire::~Wire() = default;

std::string
Wire::EncodeHello(const Hello& hello) const
{
    v2::ToLearner message;
    auto* out = message.mutable_hello();
    out->set_protocol_major(hello.protocolMajor);
    out->set_protocol_minor(hello.protocolMinor);
    out->set_scenario(hello.scenario);
    out->set_ns3_version(hello.ns3Version);
    out->set_ns3_build_profile(hello.ns3BuildProfile);
    out->set_pid(hello.pid);
    return message.SerializeAsString();
}

std::string
Wire::EncodeSpec(const Spec& spec) const
{
    v2::ToLearner message;
    *message.mutable_spec() = ToMessage(spec);
    return message.SerializeAsString();
}

std::string
Wire::EncodeFault(FaultKind kind, uint64_t tick, const std::string& text) const
{
    v2::ToLearner message;
    auto* out = message.mutable_fault();
    out->set_kind(static_cast<v2::Fault::Kind>(kind));
    out->set_tick(tick);
    out->set_message(MakeUtf8(text));
    return message.SerializeAsString();
}

std::size_t
Wire::EncodeAround(const Observation& observation, const Stamp& stamp)
{
    auto& before = m_messages->before;
    before.set_tick(stamp.tick);
    before.set_sim_time_ns(stamp.simTimeNs);
    before.set_terminated(stamp.terminated);
    before.set_truncated(stamp.truncated);

    auto& behind = m_messages->behind;
    behind.clear_tables();
    for (const auto& table : stamp.tables)
    {
        if (table.IsReported())
        {
            auto* out = behind.add_tables();
            out->set_rows(table.GetRows());
            out->mutable_columns()->Assign(table.GetColumns().begin(), table.GetColumns().end());
        }
    }
    behind.set_saturated(stamp.saturated);
    behind.clear_builtin();
    if (stamp.builtin)
    {
        for (const auto& group : stamp.builtin->GetSpec().groups)
        {
            const auto discrete = stamp.builtin->GetDiscrete(group.handle);
            const auto continuous = stamp.builtin->GetContinuous(group.handle);
            auto* out = behind.add_builtin();
            out->set_discrete(discrete.data(), discrete.size_bytes());
            out->set_continuous(continuous.data(), continuous.size_bytes());
        }
    }
    auto* diagnostics = behind.mutable_diagnostics();
    diagnostics->set_build_wall_ns(stamp.buildWallNs);
    diagnostics->set_tick_wall_ns(stamp.tickWallNs);
    diagnostics->set_tick_cpu_ns(stamp.tickCpuNs);
    behind.SerializeToString(&m_tail);

    m_messages->beforeBytes.clear();
    before.SerializeToString(&m_messages->beforeBytes);
    AppendKey(m_messages->beforeBytes, v2::Observation::kArraysFieldNumber, observation.GetArrays().size());
    return m_messages->beforeBytes.size() + observation.GetArrays().size() + m_tail.size();
}

Wire::Parts
Wire::EncodeReady(const std::string& specHash, const Observation& observation, const Stamp& stamp)
{
    const auto observationBytes = EncodeAround(observation, stamp);
    std::string ready;
    AppendKey(ready, v2::Ready::kSpecHashFieldNumber, specHash.size());
    ready += specHash;
    AppendKey(ready, v2::Ready::kObservationFieldNumber, observationBytes);
    m_head.clear();
    AppendKey(m_head, v2::ToLearner::kReadyFieldNumber, ready.size() + observationBytes);
    m_head += ready + m_messages->beforeBytes;
    return {m_head, observation.GetArrays(), m_tail};
}

Wire::Parts
Wire::EncodeObservation(const Observation& observation, const Stamp& stamp)
{
    const auto observationBytes = EncodeAround(observation, stamp);
    m_head.clear();
    AppendKey(m_head, v2::ToLearner::kObservationFieldNumber, observationBytes);
    m_head += m_messages->beforeBytes;
    return {m_head, observation.GetArrays(), m_tail};
}

Request
Wire::Decode(std::string_view frame)
{
    auto& message = m_messages->request;
    if (!message.ParseFromArray(frame.data(), static_cast<int>(frame.size())))
    {
        throw Error(FaultKind::OUT_OF_STEP,
                    std::to_string(frame.size()) + " bytes came that are no message of the lockstep wire");
    }
    switch (message.body_case())
    {
    case v2::ToSimulator::kDescribe:
    {
        CheckMajor(message.describe().protocol_major());
        const auto& arguments = message.describe().arguments();
        return DescribeRequest{{arguments.begin(), arguments.end()}};
    }
    case v2::ToSimulator::kBegin:
    {
        CheckMajor(message.begin().protocol_major());
        const auto& arguments = message.begin().arguments();
        return BeginRequest{{arguments.begin(), arguments.end()},
                            message.begin().seed(),
                            message.begin().run(),
                            message.begin().builtin()};
    }
    case v2::ToSimulator::kAction:
    {
        ActionRequest request{message.action().tick(), {}};
        for (const auto& group : message.action().groups())
        {
            request.groups.push_back({group.discrete(), group.continuous()});
        }
        return request;
    }
    case v2::ToSimulator::kEnd:
        return EndRequest{message.end().reason()};
    default:
        throw Error(FaultKind::OUT_OF_STEP, "a message came that holds none of Describe, Begin, Action and End");
    }
}

std::string
Wire::GetSpecHash(const Spec& spec)
{
    return ToMessage(spec).hash();
}

std::string
Wire::GetSpecJson(const Spec& spec)
{
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
#if GOOGLE_PROTOBUF_VERSION >= 5026000
    options.always_print_fields_with_no_presence = true;
#else
    options.always_print_primitive_fields = true; // its name until protobuf 26
#endif
    std::string json;
    const auto status = google::protobuf::util::MessageToJsonString(ToMessage(spec), &json, options);
    if (!status.ok())
    {
        throw Error(FaultKind::SPEC_VIOLATION, "the spec cannot be written as JSON: " + status.ToString());
    }
    return json;
}

} // namespace ns3::marl
