#pragma once

#include <memory>

#include "probes/net/tls.hpp"

namespace boost::asio::ssl {
class context;
}

namespace reachd::net {

/// Shared TLS contexts, one a trust profile (authorities, client certificate, versions): each costs
/// close to a megabyte and milliseconds to load. Thread-safe. Files are read again after clear(),
/// which a reload calls.
class TrustStore {
 public:
  TrustStore();
  TrustStore(const TrustStore&) = delete;
  TrustStore& operator=(const TrustStore&) = delete;
  ~TrustStore();

  /// The context for these options; an unreadable file is a local_error failure, remembered until
  /// clear().
  Result<std::shared_ptr<boost::asio::ssl::context>> context(const TlsOptions& options);
  void clear();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace reachd::net
