#pragma once

#include <cstddef>
#include <vector>

#include "probes/core/probe.hpp"
#include "probes/net/result.hpp"
#include "probes/net/stream.hpp"

namespace reachd::net {

/// What the peer says without being asked, for services that wait for the client: its first bytes,
/// or nothing after 300 ms (half of the time left, if that is less). To be the last thing done with
/// the stream, which silence closes (TLS without a close_notify). Fails with closed_early or reset
/// if the peer hangs up.
asio::awaitable<Result<std::vector<std::byte>>> overhear(ProbeRun& run, Stream& stream);

}  // namespace reachd::net
