#include "probes/core/probe.hpp"

#include <utility>

namespace reachd {

std::string_view to_string(Transport transport) noexcept {
  switch (transport) {
    case Transport::tcp:
      return "tcp";
    case Transport::udp:
      return "udp";
    case Transport::icmp:
      return "icmp";
    case Transport::local:
      return "local";
  }
  return "";
}

void Progress::enter(Phase phase) noexcept {
  const TimePoint now = clock_.steady_now();
  if (phase_ != Phase::none) {
    auto& spent = timings_[phase_];
    spent = spent.value_or(Duration::zero()) + (now - since_);
  }
  phase_ = phase;
  since_ = now;
}

Timings Progress::finish() noexcept {
  enter(Phase::none);
  timings_.total = since_ - start_;
  return timings_;
}

Outcome failed(const ProbeRun& run, Failure failure) {
  Outcome outcome;
  outcome.reason = failure.reason;
  const Phase phase = run.progress.phase();
  outcome.phase = phase == Phase::none ? usual_phase(failure.reason) : phase;
  outcome.message = std::move(failure.message);
  if (outcome.message.empty()) {
    outcome.message = describe(failure.reason);
  }
  Attempt& attempt = outcome.attempts.emplace_back();
  attempt.endpoint = run.endpoint;
  attempt.reason = outcome.reason;
  attempt.phase = outcome.phase;
  attempt.error_number = failure.error_number;
  attempt.offender = failure.offender;
  return outcome;
}

Outcome succeeded(const ProbeRun& run) {
  Outcome outcome;
  outcome.attempts.emplace_back().endpoint = run.endpoint;
  return outcome;
}

Outcome degraded(const ProbeRun& run, std::string message) {
  Outcome outcome = succeeded(run);
  outcome.degraded = true;
  outcome.message = std::move(message);
  return outcome;
}

}  // namespace reachd
