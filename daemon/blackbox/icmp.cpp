#include "probes/net/icmp.hpp"

#include <string_view>
#include <utility>

#include "daemon/blackbox/address.hpp"
#include "daemon/blackbox/run.hpp"
#include "probes/core/duration.hpp"

namespace reachd::blackbox {
namespace {

/// What blackbox_exporter sends where no size is given: 28 bytes.
constexpr std::size_t kUsualPayload = 28;

void set_phase(Run& run, std::string_view phase, Duration took) {
  run.samples.set(Family::icmp_duration_seconds, "phase", phase, to_seconds(took));
}

}  // namespace

asio::awaitable<bool> probe_icmp(Run& run) {
  const config::blackbox::Icmp& icmp = run.module.icmp;
  for (const std::string_view phase : {"resolve", "setup", "rtt"}) {
    set_phase(run, phase, Duration::zero());
  }
  const auto address = co_await choose_address(run, run.target, 0, icmp.address);
  if (!address) {
    co_return false;
  }
  run.samples.set(Family::icmp_duration_seconds, "phase", "resolve",
                  run.samples.value(Family::dns_lookup_time_seconds));
  net::EchoOptions options;
  options.payload = icmp.payload_size == 0 ? kUsualPayload : icmp.payload_size;
  options.source = icmp.source;
  options.hop_limit = icmp.ttl;
  options.dont_fragment = icmp.dont_fragment;
  const TimePoint start = run.network.clock.steady_now();
  const auto report = co_await net::send_echoes(run.network, *address, options, run.deadline);
  if (!report) {
    log_line(run, [&] { return report.error().message; });
    co_return false;
  }
  set_phase(run, "setup", report->first_sent.value_or(start) - start);
  if (report->facts.received == 0) {
    log_line(run, [&] {
      return report->failure ? report->failure->message : std::string("no reply came");
    });
    co_return false;
  }
  set_phase(run, "rtt", report->facts.fastest.value_or(Duration::zero()));
  if (report->reply_hop_limit) {
    run.samples.set(Family::icmp_reply_hop_limit, *report->reply_hop_limit);
  }
  log_line(run, [&] { return address->to_string() + " replied"; });
  co_return true;
}

}  // namespace reachd::blackbox
