#pragma once

#include <boost/asio/awaitable.hpp>

#include "probes/core/path.hpp"
#include "probes/net/hop_asker.hpp"

namespace reachd::net {

/// How far and how gently to look. A target that is near, but mute, gets at most
/// silent_hops × tries packets, in_flight of them at once.
struct TraceOptions {
  int max_hops = 30;
  int silent_hops = 5;  ///< so many beyond the last answer are asked before it is given up
  int tries = 2;        ///< for each hop
  int in_flight = 3;
  /// For an answer. Below a second, so that the system never sends the SYN again by itself (RFC
  /// 6298, 2.1).
  Duration wait = std::chrono::milliseconds(900);
  Duration gap = std::chrono::milliseconds(20);  ///< between two packets
};

/// Finds who answers on the way to a TCP port: packets that open a connection (Windows: echo
/// requests) are sent with a growing hop limit, and routers say where it ended (RFC 792 and RFC
/// 4443, time exceeded). Ends when the target answers, when an ICMP error says that it goes no
/// further, after a row of silent hops, or with the deadline. Only faults of this host and a stop
/// are failures: silence is a path, too. Loop thread only.
asio::awaitable<Result<Path>> trace(Network& network, Endpoint to, TraceOptions options,
                                    Deadline& deadline);

/// The same with an asker of the caller's.
asio::awaitable<Result<Path>> trace(HopAsker& asker, Endpoint to, TraceOptions options,
                                    const Clock& clock, Deadline& deadline);

}  // namespace reachd::net
