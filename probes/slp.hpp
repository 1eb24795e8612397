#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/core/probe.hpp"
#include "probes/net/conversation.hpp"

namespace reachd {

/// `slp`: a service request, version 2, sent to one agent (RFC 2608, 8.1). An agent answers each
/// request that was not multicast, with an error if need be (section 7), so any answer with our XID
/// proves it and silence is a failure.
///
/// - `transport: udp | tcp`. UDP is sent again while the probe's time lasts.
/// - `service` (default `service:service-agent`, to which agents answer with what they are),
/// `scope`
///   (default `DEFAULT`).
/// - over UDP `source`, over TCP the keys of net::read_dial().
///
/// Datagrams with another XID are passed over; if nothing better comes they are protocol_mismatch.
ProbeType slp_probe_type();

/// The messages of RFC 2608, apart from any socket.
namespace slp {

/// What an agent answered.
struct Reply {
  enum class Kind : std::uint8_t { services, directory_agent, service_agent };
  Kind kind = Kind::services;
  std::uint16_t error = 0;  ///< 0: none
  int url_count = 0;        ///< as the message says
  /// Of the services found, or of the agent itself; at most 8, printable UTF-8, each at most 256
  /// bytes. So are the next two.
  std::vector<std::string> urls;
  std::string scopes;
  std::string attributes;
};

/// Service type and scope are at most 255 bytes each.
std::vector<std::byte> build_request(std::uint16_t xid, std::string_view service,
                                     std::string_view scope);
/// The answer to the request with this XID: a service reply or an agent's advertisement. An answer
/// that is cut short (the overflow flag, or a datagram that ends early) yields what is there.
std::optional<Reply> parse_reply(std::span<const std::byte> message, std::uint16_t xid);
/// "SCOPE_NOT_SUPPORTED"; "ERROR 99" for what has no name here.
std::string error_name(std::uint16_t error);
/// One message over TCP, at most 16 KiB.
net::Framing frame(std::span<const std::byte> received);

}  // namespace slp
}  // namespace reachd
