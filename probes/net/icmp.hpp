#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "probes/core/outcome.hpp"
#include "probes/net/network.hpp"
#include "probes/net/result.hpp"

namespace reachd::net {

class Deadline;

inline constexpr int kMaxEchoes = 20;
inline constexpr std::size_t kMinEchoPayload = 16;    ///< holds the token that makes a probe unique
inline constexpr std::size_t kMaxEchoPayload = 8192;  ///< bytes; what an address bears from many

namespace asio = boost::asio;

struct EchoOptions {
  int count = 1;  ///< 1 to kMaxEchoes
  Duration interval = std::chrono::milliseconds(200);
  /// Bytes. Below kMinEchoPayload replies are told apart by fewer of them (Windows: sends that
  /// many).
  std::size_t payload = 56;
  std::optional<IpAddress> source{};  ///< of this host; Linux only: elsewhere a failure
  std::uint8_t hop_limit = 0;         ///< hops that a request may go (IPv4: TTL); 0: the system's
  bool dont_fragment = false;         ///< IPv4, Linux only: elsewhere a failure
};

/// What came of a series of echo requests.
struct EchoReport {
  IcmpFacts facts;
  /// The first error that answered a request or kept one from being sent, if any.
  std::optional<Failure> failure;
  std::optional<TimePoint> first_sent{};  ///< when the first request went out
  /// What the hop limit of the last reply was on arrival, where the system tells it (Linux).
  std::optional<std::uint8_t> reply_hop_limit{};
};

/// Sends echo requests to `to` and waits until each is answered, by a reply or an ICMP error, or
/// the deadline ends. Only replies that return the payload of this very call count. Fails if
/// nothing could be sent at all: local_permission, local_route, local_firewall, ... What the system
/// needs for it: Linux takes an unprivileged datagram socket (ping_group_range) or, failing that, a
/// raw one (CAP_NET_RAW); Windows asks for nothing.
asio::awaitable<Result<EchoReport>> send_echoes(Network& network, IpAddress to, EchoOptions options,
                                                Deadline& deadline);

}  // namespace reachd::net
