// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_TRACE_SIGNATURES_H
#define NS3MARL_MODELS_TRACE_SIGNATURES_H

#include "ns3/callback.h"

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace ns3::marl
{

/// How what a trace source reports is written: by the name of its callback, which every TypeId tells.
struct TraceSignature
{
    std::string callback; ///< such as ns3::TracedValueCallback::Uint32
    std::string columns;  ///< separated by commas, with units

    /// \return a callback with context that writes rows of time_s, path and the columns
    std::function<CallbackBase(const std::shared_ptr<std::ostream>& rows)> makeSink;
};

/// All that are known.
const std::vector<TraceSignature>& GetTraceSignatures();

} // namespace ns3::marl

#endif // NS3MARL_MODELS_TRACE_SIGNATURES_H
