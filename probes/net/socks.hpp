#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "probes/net/proxy.hpp"
#include "probes/net/stream.hpp"

namespace reachd::net {

/// The longest message of a SOCKS5 server: a reply whose address is a name (RFC 1928, 6).
inline constexpr std::size_t kMaxSocksMessage = 4 + 1 + 255 + 2;

/// What the first bytes of one message of a SOCKS5 server say. Whatever they are, `missing` and the
/// bytes given fit into kMaxSocksMessage.
struct SocksMessage {
  enum class State : std::uint8_t {
    more,      ///< so far good
    complete,  ///< `code` says what the server chose
    foreign,   ///< not SOCKS5
  };
  State state = State::more;
  std::size_t missing = 0;  ///< more: this many bytes at least are still to come, and belong to it
  std::uint8_t code = 0;    ///< complete: the method, status or reply
};

/// The server's choice of a method (RFC 1928, 3): two bytes, nothing may follow them.
SocksMessage parse_socks_method(std::span<const std::byte> bytes) noexcept;
/// What it says of user and password (RFC 1929, 2): two bytes, nothing may follow them; 0 is good.
/// The version should be 1; servers that repeat SOCKS' own 5 exist.
SocksMessage parse_socks_auth(std::span<const std::byte> bytes) noexcept;
/// Its reply to CONNECT (RFC 1928, 6). A refusal is complete with its code: some servers leave the
/// address out or hang up before it. After a success, bytes beyond `missing` are the target's.
SocksMessage parse_socks_reply(std::span<const std::byte> bytes) noexcept;

/// Asks the SOCKS5 proxy on `stream` for a connection to host:port and yields the stream through
/// it. A name goes to the proxy unresolved, a literal address as an address. No method in common,
/// or credentials refused: proxy_auth; reply 2: proxy_denied; every other refusal, and what is not
/// SOCKS5: proxy_error with what the proxy said; silence: stalled.
asio::awaitable<Result<std::unique_ptr<Stream>>> open_socks_tunnel(std::unique_ptr<Stream> stream,
                                                                   const ProxyOptions& proxy,
                                                                   const std::string& host,
                                                                   std::uint16_t port,
                                                                   const Deadline& deadline);

}  // namespace reachd::net
