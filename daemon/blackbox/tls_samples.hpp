#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "config/blackbox_parts.hpp"
#include "daemon/blackbox/run.hpp"
#include "probes/net/tls.hpp"

namespace reachd::blackbox {

/// What a module's tls_config means for a handshake. Reads the files that it names; the error is a
/// sentence.
std::expected<net::TlsOptions, std::string> tls_options(const config::blackbox::TlsConfig& config);

/// Adds probe_ssl_* and probe_tls_* of a connection. Those of the certificates that were sent are
/// there even if they were judged bad, which is when they are needed (unlike upstream, peers.md 2.6
/// no. 10); the chain's is not then, and says year 1 where nobody was to verify.
void add_tls_samples(Samples& samples, const net::TlsOptions& options,
                     const net::TlsConnected& connected);

/// Why the handshake does not count, for the log; empty: all is well. A version that is too old
/// counts even where the certificates don't.
std::string tls_complaint(const net::TlsOptions& options, const net::TlsConnected& connected);

/// A handshake over `transport` with its samples; null if it failed or does not count. `host` is
/// the name for SNI and for the name check unless the module has another.
asio::awaitable<std::unique_ptr<net::Stream>> secure(Run& run,
                                                     std::unique_ptr<net::Stream> transport,
                                                     const config::blackbox::TlsConfig& config,
                                                     std::string host);

}  // namespace reachd::blackbox
