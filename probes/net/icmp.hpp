#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <optional>

#include "probes/core/outcome.hpp"
#include "probes/net/network.hpp"
#include "probes/net/result.hpp"

namespace reachd::net {

class Deadline;

inline constexpr int kMaxEchoes = 20;
inline constexpr std::size_t kMinEchoPayload = 16;    ///< holds the token that makes a probe unique
inline constexpr std::size_t kMaxEchoPayload = 8192;  ///< bytes

namespace asio = boost::asio;

struct EchoOptions {
  int count = 1;  ///< 1 to kMaxEchoes
  Duration interval = std::chrono::milliseconds(200);
  std::size_t payload = 56;  ///< bytes, kMinEchoPayload to kMaxEchoPayload
};

/// What came of a series of echo requests.
struct EchoReport {
  IcmpFacts facts;
  /// The first error that answered a request or kept one from being sent, if any.
  std::optional<Failure> failure;
};

/// Sends echo requests to `to` and waits until each is answered, by a reply or an ICMP error, or
/// the deadline ends. Only replies that return the payload of this very call count. Fails if
/// nothing could be sent at all: local_permission, local_route, local_firewall, ... What the system
/// needs for it: Linux takes an unprivileged datagram socket (ping_group_range) or, failing that, a
/// raw one (CAP_NET_RAW); Windows asks for nothing.
asio::awaitable<Result<EchoReport>> send_echoes(Network& network, IpAddress to, EchoOptions options,
                                                Deadline& deadline);

}  // namespace reachd::net
