#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "probes/core/outcome.hpp"

struct x509_st;        // OpenSSL's X509
struct x509_store_st;  // OpenSSL's X509_STORE

namespace reachd::net {

/// A certificate and the one that its signature is checked with, lent; never null. Not const,
/// because OpenSSL counts references and keeps what it parsed inside.
struct IssuedCertificate {
  x509_st* certificate;
  x509_st* issuer;
};

/// What a source said of one certificate for sure.
struct RevocationAnswer {
  bool revoked = false;
  std::string message;  ///< "CN=x was revoked on 2026-12-24 18:00 UTC (keyCompromise)"; or empty
  WallTime until{};     ///< how long it may be kept
};

/// The error is why the source told nothing, a sentence's end: "has ended on 2026-12-24 18:00 UTC".
using RevocationReading = std::expected<RevocationAnswer, std::string>;

/// How much clocks may differ (RFC 6960, 4.2.2.1 leaves it to the client).
constexpr Duration kClockSkew = std::chrono::minutes(5);

/// Until when a statement of `this_update` to `next_update` may be kept, or why it is not of now.
/// Without `next_update` newer information is always there (RFC 6960, 4.2.2.1), so it counts for a
/// day, lest somebody replays it for ever, and is kept for minutes.
std::expected<WallTime, std::string> fresh_until(WallTime this_update,
                                                 std::optional<WallTime> next_update, WallTime now);

/// The bytes as OpenSSL's d2i functions take them.
const unsigned char* der(std::span<const std::byte> bytes) noexcept;

/// A store that trusts this issuer and nothing else.
std::shared_ptr<x509_store_st> store_of(x509_st* issuer, WallTime now);

/// "CN=x was revoked on ... (keyCompromise)"
std::string describe_revoked(const x509_st* certificate, WallTime when, const char* reason);

/// OpenSSL's words for its last error on this thread, which is cleared.
std::string take_openssl_error();

}  // namespace reachd::net
