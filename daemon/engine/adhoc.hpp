#pragma once

#include <functional>
#include <memory>

#include "config/plan.hpp"
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

/// Runs every probe of the plan once under the limits that the daemon obeys (concurrency, per host,
/// gap), without confirmation; blocks until all ended. `done(probe index, outcome)` is called on
/// this thread as each ends. Probes of gates that hold (encapsulated devices) are not run and not
/// reported. For `reachd check`.
void probe_all(const config::Plan& plan, const std::vector<std::uint32_t>& probes,
               std::uint32_t concurrency, net::Resolver& resolver, net::TrustStore& trust,
               const Clock& clock, const std::function<void(std::uint32_t, Outcome)>& done);

}  // namespace reachd::engine
