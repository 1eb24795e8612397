#include "daemon/engine/adhoc.hpp"

#include <boost/asio/io_context.hpp>
#include <utility>

#include "daemon/engine/addresses.hpp"
#include "daemon/engine/launcher.hpp"
#include "daemon/engine/layout.hpp"
#include "daemon/engine/loops.hpp"
#include "daemon/engine/tracer.hpp"
#include "daemon/engine/verdict.hpp"
#include "probes/net/deadline.hpp"
#include "probes/net/descriptors.hpp"

namespace reachd::engine {
namespace {

/// A loop on the caller's thread that runs until all that was started has ended.
class OwnLoop {
 public:
  OwnLoop(std::uint32_t concurrency, net::Resolver& resolver, net::TrustStore& trust,
          const Clock& clock, std::function<void(std::uint32_t, Outcome)> done)
      : done_(std::move(done)),
        deadlines_(context_.get_executor()),
        network_{.executor = context_.get_executor(),
                 .deadlines = deadlines_,
                 .resolver = resolver,
                 .trust = trust,
                 .clock = clock},
        launcher_(network_, concurrency, [this](std::uint32_t token, Outcome& outcome, TimePoint) {
          done_(token, std::move(outcome));
          if (--open_ == 0) {
            launcher_.stop();
            deadlines_.stop();
          }
        }) {}

  void add(Order order) {
    ++open_;
    launcher_.start(std::move(order), network_.clock.steady_now());
  }

  void run() {
    if (open_ > 0) {
      launcher_.go();
      context_.run();
    }
  }

 private:
  std::function<void(std::uint32_t, Outcome)> done_;
  boost::asio::io_context context_{1};
  net::DeadlineQueue deadlines_;
  net::Network network_;
  Launcher launcher_;
  std::size_t open_ = 0;
};

/// What the groups' own checks found decides the gates.
void see_groups(const config::Plan& plan,
                const std::vector<std::shared_ptr<const Outcome>>& outcomes, Gates& gates) {
  for (std::uint32_t group = 0; group < plan.groups.size(); ++group) {
    for (const std::uint32_t check : plan.groups[group].checks) {
      const auto& outcome = outcomes[plan.checks[check].probe];
      if (outcome && !is_local_fault(outcome->reason)) {
        gates.saw(group, outcome->success());
      }
    }
  }
}

}  // namespace

Outcome probe_once(const config::ProbeSpec& spec, net::Resolver& resolver, net::TrustStore& trust,
                   const Clock& clock, ProbeLog* log) {
  Outcome result;
  OwnLoop loop(kMaxAddresses, resolver, trust, clock,
               [&result](std::uint32_t, Outcome outcome) { result = std::move(outcome); });
  loop.add({.spec = &spec, .probe = spec.probe.get(), .owner = nullptr, .token = 0, .log = log});
  loop.run();
  return result;
}

Outcome trace_once(const config::ProbeSpec& spec, const Endpoint& endpoint, net::Resolver& resolver,
                   net::TrustStore& trust, const Clock& clock) {
  return probe_once(*trace_spec(spec, endpoint, make_tracer), resolver, trust, clock);
}

void probe_all(const config::Plan& plan, const std::vector<std::uint32_t>& probes,
               std::uint32_t concurrency, net::Resolver& resolver, net::TrustStore& trust,
               const Clock& clock, const std::function<void(std::uint32_t, Outcome)>& done) {
  const Lists checks_of_probe = list_checks(plan);
  const std::uint32_t limit =
      concurrency > 0 ? concurrency : concurrency_for(net::descriptor_limit());
  OwnLoop loop(limit, resolver, trust, clock, done);
  for (const std::uint32_t probe : probes) {
    if (!is_idle(plan, checks_of_probe.of(probe))) {
      const config::ProbeSpec& spec = plan.probes[probe];
      loop.add({.spec = &spec, .probe = spec.probe.get(), .owner = nullptr, .token = probe});
    }
  }
  loop.run();
}

std::vector<CheckStatus> judge_pass(const config::Plan& plan,
                                    const std::vector<std::shared_ptr<const Outcome>>& outcomes,
                                    WallTime now) {
  Gates gates(plan, nullptr);
  see_groups(plan, outcomes, gates);
  std::vector<CheckStatus> statuses(plan.checks.size());
  for (std::size_t i = 0; i < plan.checks.size(); ++i) {
    const config::Check& check = plan.checks[i];
    CheckStatus& status = statuses[i];
    status.last = outcomes[check.probe];
    status.last_change = now;
    status.why = check.gate ? gates.holds(*check.gate) : "";
    if (status.last == nullptr) {
      status.why = status.why.empty() ? "not probed" : status.why;
      continue;
    }
    status.probes = 1;
    status.failures = status.last->success() ? 0 : 1;
    status.results.emplace_back(status.last->reason, 1);
    if (!status.why.empty() && !is_local_fault(status.last->reason)) {
      continue;
    }
    status.verdict = verdict_of(judge(*status.last, *check.timing, false, now));
    status.observed = status.verdict != Verdict::unknown;
    status.has_been_up = status.last->success();
    if (status.verdict == Verdict::unknown) {
      status.why = kNoProof;
    } else {
      status.why = why_degraded(*status.last, *check.timing, now);
    }
  }
  return statuses;
}

}  // namespace reachd::engine
