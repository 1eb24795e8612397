#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/test_ca.hpp"

namespace reachd::test {

/// What an OCSP response should say. Times are from now.
struct OcspWish {
  enum class Status : std::uint8_t { good, revoked, unknown };
  enum class Signer : std::uint8_t {
    issuer,
    delegate,       ///< a certificate of the issuer with OCSPSigning
    without_usage,  ///< a certificate of the issuer without it
    expired,        ///< a delegate of yesterday
    stranger        ///< another authority
  };

  Status status = Status::good;
  Signer signer = Signer::issuer;
  std::chrono::seconds this_update{-3600};
  std::optional<std::chrono::seconds> next_update{24 * 3600};
  bool by_sha256 = false;  ///< names the certificate by SHA-256 instead of SHA-1
};

/// DER of a response about `certificate`, which `issuer` issued. Revocations are of an hour ago for
/// a compromised key.
std::string ocsp_response(const TestCa& issuer, x509_st* certificate, const OcspWish& wish = {});
/// DER of "tryLater".
std::string ocsp_error();

/// What a revocation list should say.
struct CrlWish {
  std::vector<x509_st*> revoked{};  ///< an hour ago for a compromised key
  std::chrono::seconds this_update{-3600};
  std::optional<std::chrono::seconds> next_update{24 * 3600};
  const TestCa* signer = nullptr;  ///< whose key signs in the issuer's name; null: the issuer's
  std::string scope{};             ///< issuingDistributionPoint, OpenSSL's form
  std::size_t others = 0;          ///< so many more revoked serial numbers
};

/// DER of the issuer's list.
std::string revocation_list(const TestCa& issuer, const CrlWish& wish = {});

/// "HTTP/1.1 200 OK" with this body.
std::string http_ok(const std::string& body);

}  // namespace reachd::test
