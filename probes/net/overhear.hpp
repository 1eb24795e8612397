#pragma once

#include <cstddef>
#include <span>

#include "probes/net/dial.hpp"

namespace reachd::net {

/// What follows from the first bytes that a peer said, or from its silence.
using JudgeWords = Outcome (*)(const ProbeRun& run, std::span<const std::byte> heard);

/// The outcome of a probe of a service that waits for its client to speak. Over TLS the handshake
/// is the proof, and nothing is waited for. Else `judge` is asked about what the peer says without
/// being asked within 300 ms (half of the time left, if that is less). A peer that hangs up has
/// failed: closed_early or reset. `options` outlives it.
asio::awaitable<Outcome> overhear(ProbeRun run, const SecureDialOptions& options, JudgeWords judge);

}  // namespace reachd::net
