#pragma once

#include <memory>

#include "probes/net/tls.hpp"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace reachd::net {

class RevocationCache;

/// Shared TLS contexts, one a trust profile (authorities, client certificate, versions): each costs
/// close to a megabyte and milliseconds to load. Thread-safe. Files are read again after clear(),
/// which a reload calls.
class TrustStore {
 public:
  TrustStore();
  TrustStore(const TrustStore&) = delete;
  TrustStore& operator=(const TrustStore&) = delete;
  ~TrustStore();

  /// The context for these options, never changed after; an unreadable file is a local_error
  /// failure, remembered until clear(), and so is it to verify strictly on a host
  /// without any authorities, where every chain would look untrusted. It lets old versions and weak
  /// keys through, because the judgement comes after the handshake (start_tls).
  Result<std::shared_ptr<ssl_ctx_st>> context(const TlsOptions& options);
  void clear();
  /// What is known of revocations; clear() leaves it, because every answer in it was signed.
  RevocationCache& revocations() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace reachd::net
