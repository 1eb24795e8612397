#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "probes/core/clock.hpp"
#include "probes/core/probe.hpp"
#include "probes/net/deadline.hpp"
#include "probes/net/network.hpp"
#include "probes/net/resolver.hpp"
#include "probes/net/trust.hpp"
#include "tests/support/coroutine.hpp"

namespace reachd::test {

/// Knows no names.
class NoResolver final : public net::Resolver {
 public:
  asio::awaitable<net::Result<std::vector<IpAddress>>> resolve(std::string name,
                                                               std::span<const Endpoint>,
                                                               net::Deadline&) override {
    co_return std::unexpected(Failure{Reason::dns_failure, "no resolver for " + name, 0, {}});
  }
  std::vector<Endpoint> system_servers() override { return {}; }
};

/// A loop with all that a probe borrows.
struct TestNetwork {
  asio::io_context context{1};
  net::DeadlineQueue deadlines{context.get_executor()};
  NoResolver resolver;
  net::TrustStore trust;
  net::Network network{context.get_executor(), deadlines, resolver, trust, system_clock()};
};

/// How one run of a probe ended.
struct ProbeResult {
  Outcome outcome;
  Timings timings;
};

/// Runs a probe as the engine does: one deadline, one progress.
inline ProbeResult run_probe(TestNetwork& net, const Probe& probe, const Target& target,
                             std::optional<Endpoint> endpoint,
                             std::chrono::milliseconds timeout = std::chrono::seconds(3)) {
  Progress progress(system_clock());
  net::Deadline deadline(net.deadlines, system_clock().steady_now() + timeout);
  Outcome outcome =
      run(net.context,
          probe.run(ProbeRun{target, endpoint, {}, net.network, deadline, progress, nullptr}));
  return {std::move(outcome), progress.finish()};
}

}  // namespace reachd::test
