#include "tests/support/loopback_server.hpp"

#include <openssl/ssl.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace reachd::test {
namespace {

using asio::ip::tcp;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

/// `wanted` is the ServerTls::alpn.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned offered_size, void* wanted) {
  const std::string_view name = *static_cast<const std::string*>(wanted);
  for (unsigned i = 0; i < offered_size; i += offered[i] + 1U) {
    if (std::equal(name.begin(), name.end(), offered + i + 1, offered + i + 1 + offered[i])) {
      *chosen = offered + i + 1;
      *size = offered[i];
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// Gives the client the response that it asked for; `staple` is the script's string.
int on_status_request(SSL* ssl, void* staple) {
  const auto& response = *static_cast<const std::string*>(staple);
  if (response.empty()) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  auto* copy = static_cast<unsigned char*>(OPENSSL_memdup(response.data(), response.size()));
  SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(response.size()));
  return SSL_TLSEXT_ERR_OK;
}

/// `tls` outlives the handshake.
asio::ssl::context make_context(const ServerTls& tls) {
  asio::ssl::context context(asio::ssl::context::tls_server);
  SSL_CTX* raw = context.native_handle();
  SSL_CTX_set_security_level(raw, 0);
  SSL_CTX_set_min_proto_version(raw, tls.least_version);
  SSL_CTX_set_max_proto_version(raw, tls.most_version);
  context.use_certificate_chain(asio::buffer(tls.identity.chain));
  context.use_private_key(asio::buffer(tls.identity.key), asio::ssl::context::pem);
  SSL_CTX_set_tlsext_status_cb(raw, &on_status_request);
  SSL_CTX_set_tlsext_status_arg(raw, const_cast<std::string*>(&tls.staple));
  if (!tls.client_ca.empty()) {
    context.add_certificate_authority(asio::buffer(tls.client_ca));
  }
  if (!tls.alpn.empty()) {
    SSL_CTX_set_alpn_select_cb(raw, &choose_protocol, const_cast<std::string*>(&tls.alpn));
  }
  switch (tls.client_certificate) {
    case ServerTls::ClientCertificate::ignored:
      break;
    case ServerTls::ClientCertificate::asked:
      context.set_verify_mode(asio::ssl::verify_peer);
      break;
    case ServerTls::ClientCertificate::required:
      context.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
      break;
  }
  return context;
}

}  // namespace

struct Peer::Impl {
  explicit Impl(tcp::socket accepted) : socket(std::move(accepted)) {}

  tcp::socket socket;
  std::optional<asio::ssl::context> context;
  std::optional<asio::ssl::stream<tcp::socket&>> tls;
  std::string incoming;
};

Peer::Peer(tcp::socket socket) : impl_(std::make_unique<Impl>(std::move(socket))) {}
Peer::~Peer() = default;

asio::awaitable<std::string> Peer::read_until(std::string_view end) {
  std::string& incoming = impl_->incoming;
  for (;;) {
    const std::size_t at = incoming.find(end);
    if (at != std::string::npos && !end.empty()) {
      std::string result = incoming.substr(0, at + end.size());
      incoming.erase(0, at + end.size());
      co_return result;
    }
    const bool more = co_await receive();
    if (!more) {
      co_return std::exchange(incoming, {});
    }
  }
}

asio::awaitable<std::string> Peer::read(std::size_t count) {
  std::string& incoming = impl_->incoming;
  bool more = true;
  while (more && incoming.size() < count) {
    more = co_await receive();
  }
  std::string result = incoming.substr(0, count);
  incoming.erase(0, count);
  co_return result;
}

asio::awaitable<bool> Peer::receive() {
  char buffer[4096];
  boost::system::error_code ec;
  std::size_t count = 0;
  if (impl_->tls) {
    auto got = co_await impl_->tls->async_read_some(asio::buffer(buffer), kAwait);
    std::tie(ec, count) = got;
  } else {
    auto got = co_await impl_->socket.async_read_some(asio::buffer(buffer), kAwait);
    std::tie(ec, count) = got;
  }
  impl_->incoming.append(buffer, count);
  co_return !ec;
}

asio::awaitable<bool> Peer::send(std::string bytes) {
  boost::system::error_code ec;
  if (impl_->tls) {
    auto sent = co_await asio::async_write(*impl_->tls, asio::buffer(bytes), kAwait);
    ec = std::get<0>(sent);
  } else {
    auto sent = co_await asio::async_write(impl_->socket, asio::buffer(bytes), kAwait);
    ec = std::get<0>(sent);
  }
  co_return !ec;
}

asio::awaitable<bool> Peer::start_tls(const ServerTls& tls) {
  impl_->context.emplace(make_context(tls));
  impl_->tls.emplace(impl_->socket, *impl_->context);
  // A client that needs no answer to its wish for TLS may have begun the handshake already.
  const std::string begun = std::exchange(impl_->incoming, {});
  auto done = co_await impl_->tls->async_handshake(asio::ssl::stream_base::server,
                                                   asio::buffer(begun), kAwait);
  co_return !std::get<0>(done);
}

std::string Peer::server_name() const {
  const char* name =
      impl_->tls ? SSL_get_servername(impl_->tls->native_handle(), TLSEXT_NAMETYPE_host_name)
                 : nullptr;
  return name == nullptr ? "" : name;
}

asio::awaitable<void> Peer::wait_until_closed() {
  for (;;) {
    char buffer[4096];
    auto got = co_await impl_->socket.async_read_some(asio::buffer(buffer), kAwait);
    if (std::get<0>(got)) {
      co_return;
    }
  }
}

asio::awaitable<void> Peer::pause(std::chrono::milliseconds time) {
  asio::steady_timer timer(impl_->socket.get_executor(), time);
  co_await timer.async_wait(kAwait);
}

void Peer::close() {
  boost::system::error_code ignored;
  impl_->socket.close(ignored);
}

void Peer::reset() {
  boost::system::error_code ignored;
  impl_->socket.set_option(asio::socket_base::linger(true, 0), ignored);
  impl_->socket.close(ignored);
}

struct LoopbackServer::State {
  State(asio::io_context& context, Script wanted, std::optional<ServerTls> server_tls)
      : acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        script(std::move(wanted)),
        tls(std::move(server_tls)) {}

  static asio::awaitable<void> serve(std::shared_ptr<State> self, tcp::socket socket) {
    Peer peer(std::move(socket));
    if (self->tls) {
      const bool secured = co_await peer.start_tls(*self->tls);
      if (!secured) {
        co_return;
      }
    }
    co_await self->script(peer);
  }

  static asio::awaitable<void> accept(std::shared_ptr<State> self) {
    for (;;) {
      auto accepted = co_await self->acceptor.async_accept(kAwait);
      auto& [ec, socket] = accepted;
      if (ec) {
        co_return;
      }
      ++self->connections;
      asio::co_spawn(self->acceptor.get_executor(), serve(self, std::move(socket)), asio::detached);
    }
  }

  tcp::acceptor acceptor;
  Script script;
  std::optional<ServerTls> tls;
  int connections = 0;
};

LoopbackServer::LoopbackServer(asio::io_context& context, Script script,
                               std::optional<ServerTls> tls)
    : state_(std::make_shared<State>(context, std::move(script), std::move(tls))) {
  asio::co_spawn(context, State::accept(state_), asio::detached);
}

LoopbackServer::~LoopbackServer() {
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
}

Endpoint LoopbackServer::endpoint() const {
  return {*IpAddress::parse("127.0.0.1"), state_->acceptor.local_endpoint().port()};
}

int LoopbackServer::connections() const { return state_->connections; }

Script mute() {
  return [](Peer& peer) -> asio::awaitable<void> { co_await peer.wait_until_closed(); };
}

Script banner(std::string bytes) {
  return [bytes = std::move(bytes)](Peer& peer) -> asio::awaitable<void> {
    co_await peer.send(bytes);
    co_await peer.wait_until_closed();
  };
}

Script reply(std::string bytes) {
  return [bytes = std::move(bytes)](Peer& peer) -> asio::awaitable<void> {
    co_await peer.read_until("\r\n\r\n");
    co_await peer.send(bytes);
  };
}

Script flood(std::string head, std::string piece) {
  return [head = std::move(head), piece = std::move(piece)](Peer& peer) -> asio::awaitable<void> {
    co_await peer.read_until("\r\n\r\n");
    bool there = co_await peer.send(head);
    while (there) {
      there = co_await peer.send(piece);
    }
  };
}

Script drip(std::string head, std::string piece, std::chrono::milliseconds pause) {
  return [head = std::move(head), piece = std::move(piece),
          pause](Peer& peer) -> asio::awaitable<void> {
    co_await peer.read_until("\r\n\r\n");
    bool there = co_await peer.send(head);
    for (std::size_t i = 0; there; ++i) {
      co_await peer.pause(pause);
      there = co_await peer.send(std::string(1, piece[i % piece.size()]));
    }
  };
}

Script hang_up(std::string head) {
  return [head = std::move(head)](Peer& peer) -> asio::awaitable<void> {
    co_await peer.send(head);
    peer.close();
  };
}

Script reset_after_request() {
  return [](Peer& peer) -> asio::awaitable<void> {
    co_await peer.read_until("\r\n");
    peer.reset();
  };
}

}  // namespace reachd::test
