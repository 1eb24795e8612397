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

/// `mysql`: the greeting of a MySQL or MariaDB server (MySQL Internals, "Client/Server Protocol";
/// MariaDB, "Connection"). The greeting proves the server.
///
/// A client that goes without an answer to the greeting is counted as a broken handshake, and after
/// `max_connect_errors` of those the server blocks the whole host. A refused login is not counted.
/// So the probe presents itself as user `reachd` without a password, hears the refusal and goes; an
/// account of that name without rights and password spares the server even the line in its log.
///
/// - `security: none | tls | starttls` (net::read_secure_dial); with starttls the handshake comes
///   after the greeting (SSLRequest).
///
/// A server that turns this host away (too many connections, host blocked or not allowed) is
/// degraded with its words. Facts: `version`, `auth_plugin`, `tls`.
ProbeType mysql_probe_type();

/// The packets of the handshake, apart from any socket.
namespace mysql {

/// Protocol::HandshakeV10, or an ERR packet in its place.
struct Greeting {
  std::string version{};      ///< printable, at most 64 bytes; MariaDB's without its "5.5.5-"
  std::string auth_plugin{};  ///< printable, at most 64 bytes; empty: an old server has none
  std::uint32_t capabilities = 0;
  std::string refusal{};  ///< of an ERR packet: "1040 \"Too many connections\""
};

/// What the server says to a handshake response.
struct Reply {
  enum class Kind : std::uint8_t { ok, error, change_plugin, more };

  Kind kind = Kind::more;
  std::string_view plugin{};  ///< of change_plugin; lent
};

bool offers_tls(const Greeting&) noexcept;

/// The first packet: number 0, at most 4 KiB, of a protocol that is known here.
net::Framing frame_greeting(std::span<const std::byte> received);
/// Any later packet, at most 16 KiB.
net::Framing frame_packet(std::span<const std::byte> received);
/// Of a whole packet. Nothing if it is malformed.
std::optional<Greeting> parse_greeting(std::span<const std::byte> packet);
Reply parse_reply(std::span<const std::byte> packet) noexcept;
/// The number that the answer to this packet bears.
std::uint8_t next_number(std::span<const std::byte> packet) noexcept;

/// Protocol::HandshakeResponse41 for a user without a password; with `ends_at_tls` its beginning
/// alone, the SSLRequest.
std::vector<std::byte> build_response(std::uint8_t number, const Greeting& greeting, bool secured,
                                      bool ends_at_tls);
/// An answer to a method of authentication that no password satisfies, of the length that it
/// expects: another one would be counted as a broken handshake.
std::vector<std::byte> build_proof(std::uint8_t number, std::string_view plugin, bool first);
/// COM_QUIT
std::vector<std::byte> build_quit();

}  // namespace mysql
}  // namespace reachd
