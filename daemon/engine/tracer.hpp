#pragma once

#include <functional>
#include <memory>

#include "config/plan.hpp"
#include "probes/core/probe.hpp"

namespace reachd::engine {

/// Makes a probe that traces the way to its endpoint: its outcome has the path, or says what of
/// this host's own failed. The timing is that of the probe that fell silent: where it is gentle to
/// the host, the trace is, too.
using MakeTracer = std::function<std::shared_ptr<const Probe>(const config::Timing& timing)>;

/// The real one.
std::shared_ptr<const Probe> make_tracer(const config::Timing& timing);

/// What traces the way to an endpoint that `silent` found mute: to be launched as any other probe,
/// so that it counts at the host's gate and ends with the loop.
std::shared_ptr<const config::ProbeSpec> trace_spec(const config::ProbeSpec& silent,
                                                    const Endpoint& endpoint,
                                                    const MakeTracer& make);

}  // namespace reachd::engine
