#pragma once

#include "probes/core/probe.hpp"

namespace reachd {

/// `udp`: sends a datagram and waits for any answer, for services that no other type speaks to.
///
/// - `send` (text) or `send_hex`: the datagram. Without either an empty one is sent, which hardly
///   any server answers or minds: it still brings back what a closed port or a firewall says.
/// - `expect` (RE2) or `expect_hex`: to be found in the answer, else content_mismatch.
/// - `reply_owed` (default false): this service answers what is sent here, so silence is a failure.
/// - `source`: the local address.
///
/// The first answer counts, even an empty one; the datagram is sent again while none comes. Silence
/// is no_reply in phase request, an ICMP port unreachable refused in phase connect.
ProbeType udp_probe_type();

}  // namespace reachd
