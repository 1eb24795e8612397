#pragma once

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/system/error_code.hpp>
#include <memory>
#include <string>

#include "config/web_config.hpp"

namespace reachd::web {

/// What the files of `tls_server_config:` say, or its inline texts.
struct Pems {
  std::string certificate;  ///< the chain, the server's own first
  Secret key;
  std::string client_ca;
};

/// The server's side of TLS 1.2 and 1.3 as configured: ALPN "http/1.1", no tickets and no sessions
/// (a resumed one would not show its client's certificate again), no renegotiation. Null if the
/// texts are no certificate, no key or don't belong together, which goes to `diagnostics` without a
/// piece of the key. Never changed after; any thread.
std::shared_ptr<boost::asio::ssl::context> make_tls_context(const config::WebTls& tls,
                                                            const Pems& pems,
                                                            Diagnostics& diagnostics);

/// The handshake failed because the client does not speak TLS at all.
bool is_not_tls(const boost::system::error_code& error) noexcept;
/// The handshake failed because of the client's certificate: that it has none, or the wrong one.
bool is_certificate_trouble(const boost::system::error_code& error) noexcept;
/// Why, after such a handshake.
std::string certificate_complaint(SSL* ssl);
/// The client has shown a certificate.
bool has_peer_certificate(SSL* ssl) noexcept;

}  // namespace reachd::web
