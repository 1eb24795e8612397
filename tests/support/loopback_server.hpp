#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "probes/core/address.hpp"
#include "tests/support/test_ca.hpp"

namespace reachd::test {

namespace asio = boost::asio;

/// How a scripted server speaks TLS.
struct ServerTls {
  enum class ClientCertificate : std::uint8_t { ignored, asked, required };

  Identity identity;
  int least_version = 0;  ///< TLS1_VERSION and the like; 0: the library's
  int most_version = 0;
  ClientCertificate client_certificate = ClientCertificate::ignored;
  std::string client_ca{};  ///< PEM, of which client certificates are taken
  std::string alpn{};       ///< the protocol that it chooses if it is offered (RFC 7301)
  std::string staple{};     ///< DER of an OCSP response for clients that ask for one
};

/// One accepted connection, as a script sees it. What it does after the client has gone has no
/// effect.
class Peer {
 public:
  explicit Peer(asio::ip::tcp::socket socket);
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer();

  /// Everything up to and including `end`, or what came until the client closed.
  asio::awaitable<std::string> read_until(std::string_view end);
  /// The next `count` bytes, or what came until the client closed.
  asio::awaitable<std::string> read(std::size_t count);
  /// False if the client has gone.
  asio::awaitable<bool> send(std::string bytes);
  /// From here on TLS; false if the handshake failed.
  asio::awaitable<bool> start_tls(const ServerTls& tls);
  /// What the client's SNI said; empty without one or without TLS.
  std::string server_name() const;
  asio::awaitable<void> wait_until_closed();
  asio::awaitable<void> pause(std::chrono::milliseconds time);
  void close();
  void reset();  ///< with a RST

 private:
  struct Impl;
  /// Some more bytes; false if the client has gone.
  asio::awaitable<bool> receive();
  std::unique_ptr<Impl> impl_;
};

using Script = std::function<asio::awaitable<void>(Peer&)>;

/// Listens on a free port of 127.0.0.1 and runs the script for each connection on the test's own
/// io_context; when the script ends, the connection is closed. Destroyed before the io_context.
class LoopbackServer {
 public:
  LoopbackServer(asio::io_context& context, Script script, std::optional<ServerTls> tls = {});
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;
  ~LoopbackServer();

  Endpoint endpoint() const;
  std::uint16_t port() const { return endpoint().port; }
  int connections() const;
  /// "127.0.0.1:PORT"
  std::string target() const { return endpoint().to_string(); }

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Says nothing until the client goes.
Script mute();
/// The bytes at once, then nothing until the client goes.
Script banner(std::string bytes);
/// Waits for the empty line that ends a request's head, sends the bytes, closes.
Script reply(std::string bytes);
/// `head` after the request, then `piece` again and again without pause.
Script flood(std::string head, std::string piece);
/// `head` after the request, then one byte of `piece` at a time with a pause, for ever.
Script drip(std::string head, std::string piece, std::chrono::milliseconds pause);
/// Closes, after `head` if there is one.
Script hang_up(std::string head = {});
/// Resets after the first bytes of the request.
Script reset_after_request();

}  // namespace reachd::test
