#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "config/plan.hpp"
#include "daemon/engine/board.hpp"
#include "probes/core/outcome.hpp"

namespace reachd::net {
class Resolver;
class TrustStore;
}  // namespace reachd::net

namespace reachd::engine {

/// One probe on demand, on a loop of its own, with the spec's timing; blocks until it ended. For
/// `reachd probe` and /probe.
Outcome probe_once(const config::ProbeSpec& spec, net::Resolver& resolver, net::TrustStore& trust,
                   const Clock& clock, ProbeLog* log = nullptr);

/// Traces the way to an endpoint that the spec's probe looked at, once; blocks until it ended. The
/// outcome has the path, or says what of this host's own failed. For `reachd probe --trace`.
Outcome trace_once(const config::ProbeSpec& spec, const Endpoint& endpoint, net::Resolver& resolver,
                   net::TrustStore& trust, const Clock& clock);

/// Runs every probe of the plan once under the limits that the daemon obeys (concurrency, per host,
/// gap), without confirmation; blocks until all ended. `done(probe index, outcome)` is called on
/// this thread as each ends. Probes of which no result would ever count (encapsulated devices) are
/// not run and not reported. `concurrency` 0: from the descriptor limit. For `reachd check`.
void probe_all(const config::Plan& plan, const std::vector<std::uint32_t>& probes,
               std::uint32_t concurrency, net::Resolver& resolver, net::TrustStore& trust,
               const Clock& clock, const std::function<void(std::uint32_t, Outcome)>& done);

/// What one pass says of each check of the plan, by its index: one proof is enough here, there is
/// no confirmation. `outcomes` by index of the plan's probes, null where none was run: unknown.
/// Gates hold as they do in the daemon.
std::vector<CheckStatus> judge_pass(const config::Plan& plan,
                                    const std::vector<std::shared_ptr<const Outcome>>& outcomes,
                                    WallTime now);

}  // namespace reachd::engine
