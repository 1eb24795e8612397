#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "daemon/web/server.hpp"
#include "probes/core/file_path.hpp"
#include "tests/daemon/web_client.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/test_ca.hpp"

namespace reachd::test {

/// A user's hash of the password "fakepassword", as cheap as bcrypt goes.
inline constexpr std::string_view kCheapHash =
    "$2b$04$QOauhQNbBCuQDKes6eFzPexcky/.fTxXXRDg19aNXGBnT3EjOZCva";
/// "anna:fakepassword" and "anna:wrong", as clients send them.
inline constexpr const char* kRight = "Authorization: Basic YW5uYTpmYWtlcGFzc3dvcmQ=\r\n";
inline constexpr const char* kWrong = "Authorization: Basic YW5uYTp3cm9uZw==\r\n";

/// What a client of TLS brings.
struct TlsWish {
  Identity identity{};            ///< empty: no certificate
  std::string alpn{};             ///< in the format of RFC 7301: "\x08http/1.1"
  int version = 0;                ///< the only one; 0: any
  const char* ciphers = nullptr;  ///< of TLS 1.2
};

/// A client of TLS that trusts anyone. Every wait ends by the guard.
class TlsClient {
 public:
  explicit TlsClient(const Endpoint& server, const TlsWish& wish = {}) {
    namespace ssl = boost::asio::ssl;
    if (!wish.identity.chain.empty()) {
      tls_.use_certificate_chain(boost::asio::buffer(wish.identity.chain));
      tls_.use_private_key(boost::asio::buffer(wish.identity.key), ssl::context::pem);
    }
    if (wish.version != 0) {
      SSL_CTX_set_min_proto_version(tls_.native_handle(), wish.version);
      SSL_CTX_set_max_proto_version(tls_.native_handle(), wish.version);
    }
    if (wish.ciphers != nullptr) {
      SSL_CTX_set_cipher_list(tls_.native_handle(), wish.ciphers);
    }
    stream_ = std::make_unique<ssl::stream<boost::asio::ip::tcp::socket>>(context_, tls_);
    if (!wish.alpn.empty()) {
      SSL_set_alpn_protos(stream_->native_handle(),
                          reinterpret_cast<const unsigned char*>(wish.alpn.data()),
                          static_cast<unsigned>(wish.alpn.size()));
    }
    auto address = boost::asio::ip::make_address(server.address.to_string());
    if (address.is_unspecified()) {
      address = boost::asio::ip::address_v4::loopback();
    }
    stream_->lowest_layer().connect({address, server.port});
    wait([&](auto done) { stream_->async_handshake(ssl::stream_base::client, done); });
  }

  /// The handshake's, or what the last read ended by.
  const boost::system::error_code& error() const noexcept { return error_; }
  SSL* ssl() { return stream_->native_handle(); }
  std::string certificate_subject() {
    X509* const certificate = SSL_get0_peer_certificate(ssl());
    std::array<char, 256> text{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text.data(),
                              static_cast<int>(text.size()));
    return text.data();
  }

  void send(std::string_view text) {
    wait([&](auto done) {
      boost::asio::async_write(
          *stream_, boost::asio::buffer(text),
          [done](boost::system::error_code error, std::size_t) { done(error); });
    });
  }

  /// Up to and with `mark`, or all that came.
  std::string read_to(std::string_view mark) {
    std::string text;
    std::size_t looked = 0;
    while (!error_ && text.find(mark, looked) == std::string::npos) {
      looked = text.size() - std::min(text.size(), mark.size());
      std::array<char, std::size_t{16} * 1024> bytes{};
      wait([&](auto done) {
        stream_->async_read_some(boost::asio::buffer(bytes),
                                 [&, done](boost::system::error_code error, std::size_t count) {
                                   text.append(bytes.data(), count);
                                   done(error);
                                 });
      });
    }
    return text;
  }

  /// The whole answer to one request on this connection; empty if there was no handshake.
  std::string ask(const std::string& path, const std::string& headers = {},
                  const std::string& method = "GET") {
    if (error_) {
      return {};
    }
    send(get(path, headers + "Connection: close\r\n", method));
    return read_to("\n\r\nnever\r\n\n");  // to the end
  }

 private:
  template <typename Start>
  void wait(Start&& start) {
    bool ended = false;
    start([&](const boost::system::error_code& error) {
      error_ = error;
      ended = true;
    });
    context_.restart();
    context_.run_for(kGuard);
    if (!ended) {
      ADD_FAILURE() << "the server neither answered nor closed";
      stream_->lowest_layer().close();
      context_.run();
    }
  }

  boost::asio::io_context context_;
  boost::asio::ssl::context tls_{boost::asio::ssl::context::tls_client};
  std::unique_ptr<boost::asio::ssl::stream<boost::asio::ip::tcp::socket>> stream_;
  boost::system::error_code error_;
};

/// A server under a web.yml of its own, which looks at its files at every request.
class WebLab : public testing::Test {
 protected:
  WebLab() { limits.look = std::chrono::milliseconds(0); }

  std::string write(const std::string& name, std::string_view text) const {
    const auto path = folder.path() / name;
    // As tools that rotate certificates do: nobody ever reads half a file.
    std::ofstream(folder.path() / (name + ".new"), std::ios::binary) << text;
    std::error_code busy;  // on Windows while the server reads the former
    const auto guard = std::chrono::steady_clock::now() + kGuard;
    do {
      std::filesystem::rename(folder.path() / (name + ".new"), path, busy);
    } while (busy && std::chrono::steady_clock::now() < guard);
    EXPECT_FALSE(busy) << busy.message();
    return to_text(path);
  }
  void write_identity(const Identity& identity) const {
    write("tls.crt", identity.chain);
    write("tls.key", identity.key);
  }
  Identity named(const std::string& subject) const {
    CertificateWish wish;
    wish.subject = subject;
    return ca.issue(wish);
  }

  /// On an address that others can reach too, unless told otherwise. With "tls:" in the text the
  /// certificate is that of "first".
  std::unique_ptr<web::Server> serve(std::string_view web_yml, const std::string& host = "0.0.0.0",
                                     std::vector<std::string> excluded = {}) {
    write_identity(named("first"));
    write("ca.crt", ca.certificate());
    const web::Access access{.config_file = write("web.yml", web_yml),
                             .excluded_paths = std::move(excluded)};
    Target target = local();
    target.host = host;
    auto server = web::start_server({target}, callbacks, limits, {}, access);
    EXPECT_TRUE(server) << server.error();
    return std::move(*server);
  }
  static std::string ask(const web::Server& server, const std::string& path,
                         const std::string& headers = {}, const std::string& method = "GET") {
    Client client(
        Endpoint{.address = IpAddress::v4(0x7f000001), .port = server.endpoints().front().port});
    client.send(get(path, headers + "Connection: close\r\n", method));
    return client.read_all();
  }

  TemporaryFolder folder;
  TestCa ca;
  web::Callbacks callbacks = well(small_board());
  web::ServerLimits limits;
};

inline const std::string kTls = "tls_server_config: {cert_file: tls.crt, key_file: tls.key";
inline const std::string kUsers = "basic_auth_users: {anna: " + std::string(kCheapHash) + "}\n";

}  // namespace reachd::test
