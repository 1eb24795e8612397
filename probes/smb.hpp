#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "probes/core/probe.hpp"
#include "probes/net/conversation.hpp"

namespace reachd {

/// SMB 2 and 3 up to the choice of a dialect ([MS-SMB2]). Pure: bytes in, values out.
namespace smb {

/// What differs from one negotiation to the next; of random bytes.
struct Nonce {
  std::array<std::byte, 16> client_guid{};
  std::array<std::byte, 32> salt{};
};

/// An answer to build_negotiate().
struct Answer {
  enum class Kind : std::uint8_t {
    chosen,   ///< a dialect
    refused,  ///< a status instead of one
    smb1,     ///< an SMB 1 header: the server knows nothing newer
  };
  enum class Signing : std::uint8_t { off, enabled, required };

  Kind kind = Kind::chosen;
  std::uint32_t status = 0;   ///< NTSTATUS; of refused
  std::uint16_t dialect = 0;  ///< 0x0311
  Signing signing = Signing::off;
  std::array<std::byte, 16> server_guid{};
  std::optional<WallTime> system_time;  ///< the server's clock, where it tells it
};

/// An answer to build_session_request() (RFC 1002, 4.3).
struct SessionAnswer {
  bool granted = false;
  std::uint8_t code = 0;  ///< why not; 0 if it sends the client elsewhere
};

/// The whole of the next message with its four bytes of length, for Conversation::hear.
net::Framing frame(std::span<const std::byte> received);
/// The same, for the answer to a session request.
net::Framing frame_session(std::span<const std::byte> received);

/// NEGOTIATE for the dialects 2.0.2 to 3.1.1 ([MS-SMB2] 2.2.3), framed for TCP (2.1).
std::vector<std::byte> build_negotiate(const Nonce& nonce);
/// A session with *SMBSERVER, the name that every server has (RFC 1002, 4.3.2).
std::vector<std::byte> build_session_request();

/// A message as frame() cut it; nothing if it answers no build_negotiate().
std::optional<Answer> parse(std::span<const std::byte> message);
/// A message as frame_session() cut it.
std::optional<SessionAnswer> parse_session(std::span<const std::byte> message);

/// "3.1.1"
std::string dialect_name(std::uint16_t dialect);
/// "{DC8F2A0B-...}" without the braces, as Windows writes it ([MS-DTYP] 2.3.4.2), in lower case.
std::string guid_text(const std::array<std::byte, 16>& guid);

}  // namespace smb

/// Agrees on a dialect with a file server and goes: no session, no share, no login. A server that
/// speaks SMB 1 only, or refuses to negotiate, is degraded. Keys: `netbios` (a session request
/// first; the default of port 139), `proxy`, `proxy_user`, `proxy_password`, `no_proxy`, `source`,
/// `close`.
ProbeType smb_probe_type();

}  // namespace reachd
