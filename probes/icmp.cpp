#include "probes/icmp.hpp"

#include <chrono>
#include <string>
#include <utility>

#include "probes/net/deadline.hpp"
#include "probes/net/errors.hpp"
#include "probes/net/icmp.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;

std::string describe_loss(const IcmpFacts& facts, const IpAddress& to) {
  return std::to_string(facts.sent - facts.received) + " of " + std::to_string(facts.sent) +
         " echo requests to " + to.to_string() + " were not answered";
}

class IcmpProbe final : public Probe {
 public:
  IcmpProbe(net::EchoOptions options, int max_loss) : options_(options), max_loss_(max_loss) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    run.progress.enter(Phase::connect);
    auto report =
        co_await net::send_echoes(run.network, run.endpoint->address, options_, run.deadline);
    if (!report) {
      co_return failed(run, std::move(report.error()));
    }
    Outcome outcome = judge(run, *report);
    outcome.facts = std::make_shared<const Facts>(report->facts);
    co_return outcome;
  }

 private:
  Outcome judge(const ProbeRun& run, net::EchoReport& report) const;

  net::EchoOptions options_;
  int max_loss_;  ///< percent
};

Outcome IcmpProbe::judge(const ProbeRun& run, net::EchoReport& report) const {
  const IcmpFacts& facts = report.facts;
  const bool stopped = run.deadline.ended() == net::Deadline::Ended::stopped;
  if (facts.received == 0 || stopped) {
    if (report.failure && !stopped) {
      return failed(run, std::move(*report.failure));
    }
    const net::error_code silence;
    return failed(run, net::connect_failure(*run.endpoint, silence, false, std::nullopt,
                                            run.deadline, Transport::icmp));
  }
  const IpAddress& to = run.endpoint->address;
  if (auto failure = echo_loss(report, to, max_loss_)) {
    // Some were answered, so the way is open: what fails is the exchange.
    run.progress.enter(Phase::request);
    return failed(run, std::move(*failure));
  }
  Outcome outcome = succeeded(run);
  if (facts.received < facts.sent) {
    outcome.degraded = true;
    outcome.message = describe_loss(facts, to);
  }
  return outcome;
}

std::shared_ptr<const Probe> make(const Target&, Reader& params) {
  net::EchoOptions options;
  options.count = static_cast<int>(params.integer("count", 1, 1, net::kMaxEchoes));
  options.interval = params.duration("gap", 200ms, 10ms, 10s);
  options.payload = static_cast<std::size_t>(
      params.integer("payload", 56, net::kMinEchoPayload, net::kMaxEchoPayload));
  const auto max_loss = static_cast<int>(params.integer("max_loss", 0, 0, 99));
  return std::make_shared<IcmpProbe>(options, max_loss);
}

}  // namespace

std::optional<Failure> echo_loss(const net::EchoReport& report, const IpAddress& to, int max_loss) {
  const IcmpFacts& facts = report.facts;
  if ((facts.sent - facts.received) * 100 <= max_loss * facts.sent) {
    return std::nullopt;
  }
  Failure failure{Reason::echo_loss, describe_loss(facts, to), 0, std::nullopt};
  if (report.failure) {
    failure.error_number = report.failure->error_number;
    failure.offender = report.failure->offender;
  }
  return failure;
}

ProbeType icmp_probe_type() {
  return {.name = "icmp",
          .summary = "the host answers ICMP echo requests (ping)",
          .transport = Transport::icmp,
          .default_port = 0,
          .needs_port = false,
          .make = &make};
}

}  // namespace reachd
