#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/core/probe.hpp"
#include "probes/net/conversation.hpp"

namespace reachd {

/// `oracle`: an Oracle Net listener answers a TNS connect, by default the ping of `tnsping`. The
/// protocol is not published; its packets are as Wireshark's dissector and Nmap's tns library know
/// them.
///
/// - `service` or `sid`: connect to this database service instead. A listener that does not know it
///   is content_mismatch; one that knows it and has no process for it now is degraded. The server
///   process is left before a login.
/// - `security: none | tls` (TCPS; net::read_secure_dial); the default on port 2484 is tls, with
/// the
///   certificate observed.
///
/// To a ping every answer of the protocol proves the listener, a refusal too: its number is in the
/// message. Facts: `answer`, `version`, `listener`, `error`.
ProbeType oracle_probe_type();

/// The packets of Oracle Net, apart from any socket.
namespace tns {

enum class Kind : std::uint8_t {
  accept = 2,
  refuse = 4,
  redirect = 5,
  data = 6,
  abort = 9,
  resend = 11,
  marker = 12,
  attention = 13,
  control = 14,
};

struct Answer {
  Kind kind = Kind::refuse;
  unsigned error = 0;      ///< ORA number of a refusal; 0: none, or the answer to a ping
  std::string version{};   ///< "19.0.0.0.0" of VSNNUM; empty: not told
  std::string listener{};  ///< its ALIAS, printable, at most 64 bytes
  std::string address{};   ///< where a redirect points to, printable, at most 256 bytes
};

/// A CONNECT packet; `connect_data` is the descriptor's inner part: "(COMMAND=ping)".
std::vector<std::byte> build_connect(std::string_view connect_data);
/// A DATA packet that says that the client goes.
std::vector<std::byte> build_goodbye();
/// One packet of a known kind, at most 8 KiB.
net::Framing frame_packet(std::span<const std::byte> received);
/// Of a whole packet.
Answer parse_answer(std::span<const std::byte> packet);
/// "accept", "refuse", ...
std::string_view kind_name(Kind kind) noexcept;
/// What the number of a refusal means, in a few words; empty for others.
std::string_view describe_error(unsigned error) noexcept;

}  // namespace tns
}  // namespace reachd
