#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "probes/core/probe.hpp"
#include "probes/net/conversation.hpp"

namespace reachd {

/// SAP's network interface (NI, "SAP protocol"): messages behind a length of four bytes; three of
/// them are its own, begun by NI_PING, NI_PONG and NI_RTERR (SAP help, "Communication Modes" and
/// "NI Error Information" of the SAProuter). Pure.
namespace sap {

/// What came instead of, or as, the answer to a ping.
struct Answer {
  bool pong = false;
  std::string error;  ///< without a pong: what a router refuses with, at most 128 bytes
};

/// The whole of the first message with its length; it is one of NI's own.
net::Framing frame(std::span<const std::byte> received);
std::vector<std::byte> build_ping();
/// A message as frame() cut it; nothing if it is no answer to a ping.
std::optional<Answer> parse(std::span<const std::byte> message);

}  // namespace sap

/// Pings the network interface that every SAP server listens with: gateway (33nn, 48nn secured),
/// dispatcher (32nn), message server (36nn), router (3299). The ping is answered below SNC and
/// before any login. Keys: `proxy`, `proxy_user`, `proxy_password`, `no_proxy`, `source`, `close`.
ProbeType sap_probe_type();

}  // namespace reachd
