// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_WIRE_H
#define NS3MARL_BRIDGE_WIRE_H

#include "bridge/action.h"
#include "bridge/error.h"
#include "bridge/observation.h"
#include "bridge/spec.h"
#include "bridge/table-rows.h"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ns3::marl
{

/// Who speaks.
struct Hello
{
    std::string scenario;
    std::string ns3Version;
    std::string ns3BuildProfile;
    int64_t pid{0};
    uint32_t protocolMajor; ///< set to the wire's version by Hello()
    uint32_t protocolMinor;
    Hello();
};

/// What the bridge adds to an observation.
struct Stamp
{
    uint64_t tick{0}; ///< number of the exchange
    int64_t simTimeNs{0};
    bool terminated{false};
    bool truncated{false};
    uint64_t saturated{0};
    double teamReward{0};                ///< mean over the agents present at the exchange before; stays here
    std::span<const TableRows> tables{}; ///< all of the spec
    const Action* builtin{nullptr};      ///< what the scenario's own policy chooses; null: not asked for
    int64_t buildWallNs{0};
    int64_t tickWallNs{0};
    int64_t tickCpuNs{0};
};

struct DescribeRequest
{
    std::vector<std::string> arguments;
};

struct BeginRequest
{
    std::vector<std::string> arguments;
    uint32_t seed{0};
    uint64_t run{0};
    bool builtin{false}; ///< observations carry what the scenario's own policy chooses
};

/// Bytes of one group's action; they live as long as the Wire's next decoding.
struct ActionBytes
{
    std::string_view discrete;
    std::string_view continuous;
};

struct ActionRequest
{
    uint64_t tick{0};
    std::vector<ActionBytes> groups;
};

struct EndRequest
{
    std::string reason;
};

using Request = std::variant<DescribeRequest, BeginRequest, ActionRequest, EndRequest>;

/// The codec between bytes and the bridge's types. It knows the format; the rules of spec and tick are Lockstep's.
class Wire
{
  public:
    Wire();
    ~Wire();

    std::string EncodeHello(const Hello& hello) const;
    std::string EncodeSpec(const Spec& spec) const;
    std::string EncodeFault(FaultKind kind, uint64_t tick, const std::string& message) const;

    /// One frame in three parts, of which the middle one is the observation's own block: the arrays are not copied. The
    /// views live until the next call of either and as long as the observation.
    using Parts = std::array<std::string_view, 3>;
    Parts EncodeReady(const std::string& specHash, const Observation& observation, const Stamp& stamp);
    Parts EncodeObservation(const Observation& observation, const Stamp& stamp);

    /// \throws Error (OUT_OF_STEP for bytes that are no message of the wire, VERSION for another major version)
    Request Decode(std::string_view frame);

    static std::string GetSpecHash(const Spec& spec);
    static std::string GetSpecJson(const Spec& spec);

  private:
    struct Messages;

    /// Serialises what stands before and behind the arrays. \return bytes of the whole Observation message
    std::size_t EncodeAround(const Observation& observation, const Stamp& stamp);

    std::unique_ptr<Messages> m_messages; ///< reused from tick to tick, so that their buffers are
    std::string m_head;
    std::string m_tail;
};

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_WIRE_H
