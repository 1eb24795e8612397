#include "probes/net/icmp.hpp"

#include <algorithm>
#include <utility>

#include "probes/net/deadline.hpp"
#include "probes/net/ip_status.hpp"
#include "probes/net/windows/echo_series.hpp"

namespace reachd::net {
namespace {

/// One call of send_echoes().
class Pinger {
 public:
  Pinger(Network& network, const IpAddress& to, const EchoOptions& options, Deadline& deadline)
      : network_(network),
        to_(to),
        options_(options),
        deadline_(deadline),
        series_(network, to, options.payload) {}

  asio::awaitable<Result<EchoReport>> run();

 private:
  Result<void> send_one();
  void take_answers();
  void count(const EchoAnswer& answer);

  // Constant after construction.
  Network& network_;
  const IpAddress to_;
  const EchoOptions options_;
  Deadline& deadline_;
  // Changing.
  EchoSeries series_;
  int asked_ = 0;
  int ended_ = 0;
  EchoReport report_;
};

Result<void> Pinger::send_one() {
  auto asked = series_.ask(asked_, options_.hop_limit, deadline_.expiry());
  if (asked) {
    ++asked_;
    ++report_.facts.sent;
  }
  return asked;
}

void Pinger::count(const EchoAnswer& answer) {
  ++ended_;
  IcmpFacts& facts = report_.facts;
  if (!answer.sent) {
    --facts.sent;
  }
  if (answer.intact) {
    ++facts.received;
    const Duration took = answer.ended - answer.began;
    report_.first_sent = std::min(report_.first_sent.value_or(answer.began), answer.began);
    facts.fastest = std::min(facts.fastest.value_or(took), took);
    facts.slowest = std::max(facts.slowest.value_or(took), took);
  } else if (!report_.failure) {
    report_.failure = failure_of(answer, to_);
  }
}

void Pinger::take_answers() {
  while (const auto answer = series_.take()) {
    count(*answer);
  }
}

asio::awaitable<Result<EchoReport>> Pinger::run() {
  TimePoint next = network_.clock.steady_now();
  while (deadline_.ended() == Deadline::Ended::no) {
    take_answers();
    const TimePoint now = network_.clock.steady_now();
    const bool more = asked_ < options_.count;
    if (more && now >= next) {
      auto sent = send_one();
      if (!sent) {
        co_return std::unexpected(std::move(sent.error()));
      }
      next = now + options_.interval;
      continue;
    }
    if (!more && ended_ == asked_) {
      break;
    }
    const TimePoint until = more ? next : TimePoint::max();
    co_await series_.wait(until, deadline_);
  }
  take_answers();
  if (report_.facts.sent == 0 && report_.failure) {
    co_return std::unexpected(std::move(*report_.failure));
  }
  co_return std::move(report_);
}

}  // namespace

asio::awaitable<Result<EchoReport>> send_echoes(Network& network, IpAddress to, EchoOptions options,
                                                Deadline& deadline) {
  if (options.source || options.dont_fragment) {
    co_return std::unexpected(
        Failure{Reason::local_error,
                "Windows sends no pings from a chosen address or with the don't-fragment bit", 0,
                std::nullopt});
  }
  Pinger pinger(network, to, options, deadline);
  auto report = co_await pinger.run();
  co_return report;
}

}  // namespace reachd::net
