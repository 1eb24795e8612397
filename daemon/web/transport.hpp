#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <cstddef>
#include <optional>
#include <utility>

namespace reachd::web {

/// The bytes of one client: plain, or through TLS after handshake(). Asio's AsyncReadStream and
/// AsyncWriteStream; plain ones go to the socket without a step in between. cancel() and close() of
/// the socket end what is under way in both cases.
class Transport {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using executor_type = Socket::executor_type;
  using Done = void(boost::system::error_code, std::size_t);

  explicit Transport(Socket socket) : socket_(std::move(socket)) {}
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  executor_type get_executor() { return socket_.get_executor(); }
  Socket& socket() noexcept { return socket_; }
  /// Null while the bytes are plain.
  SSL* ssl() noexcept { return tls_ ? tls_->native_handle() : nullptr; }

  /// As the server. From here on TLS, unless drop_tls() follows a failure.
  template <typename Token>
  auto handshake(boost::asio::ssl::context& context, Token&& token) {
    tls_.emplace(socket_, context);
    return tls_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Token>(token));
  }
  void drop_tls() noexcept { tls_.reset(); }
  /// Says that nothing more comes (close_notify) and waits for the client's answer. Only with TLS.
  template <typename Token>
  auto shutdown_tls(Token&& token) {
    return tls_->async_shutdown(std::forward<Token>(token));
  }

  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, Done>(
        [this](auto&& handler, const Buffers& to) {
          if (tls_) {
            tls_->async_read_some(to, std::forward<decltype(handler)>(handler));
          } else {
            socket_.async_read_some(to, std::forward<decltype(handler)>(handler));
          }
        },
        token, buffers);
  }

  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, Done>(
        [this](auto&& handler, const Buffers& from) {
          if (tls_) {
            tls_->async_write_some(from, std::forward<decltype(handler)>(handler));
          } else {
            socket_.async_write_some(from, std::forward<decltype(handler)>(handler));
          }
        },
        token, buffers);
  }

 private:
  Socket socket_;
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;
};

}  // namespace reachd::web
