#pragma once

#include <optional>

#include "probes/core/probe.hpp"

namespace reachd {

namespace net {
struct EchoReport;
}

/// Sends ICMP echo requests. Keys: `count`, `gap` (between two), `payload` (bytes) and `max_loss`
/// (percent).
ProbeType icmp_probe_type();

/// echo_loss if more than `max_loss` per cent of the requests to `to` were not answered; with the
/// error that answered one of them. The report has at least one reply.
std::optional<Failure> echo_loss(const net::EchoReport& report, const IpAddress& to, int max_loss);

}  // namespace reachd
