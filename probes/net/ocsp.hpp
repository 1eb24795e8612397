#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "probes/net/revocation_answer.hpp"

namespace reachd::net {

/// Longer answers are refused; real ones have 300 to 5,000 bytes.
constexpr std::size_t kLargestOcsp = std::size_t{64} * 1024;

/// The DER of a question for one certificate (RFC 6960, 4.1), by SHA-1 as every responder knows it
/// (RFC 5019, 2.1.1) and without a nonce: public responders answer from answers made in advance,
/// and a nonce would defeat every cache on the way. Freshness comes from thisUpdate and nextUpdate.
/// Empty if OpenSSL can't make it.
std::string make_ocsp_request(const IssuedCertificate& issued);

/// The path of that question for GET (RFC 6960, A.1): base64, percent-encoded, below the path of
/// the responder's URL.
std::string ocsp_get_path(const std::string& responder_path, const std::string& request);

/// Reads a response, stapled (RFC 6066, 8) or fetched, hostile until proven otherwise. It counts if
/// it is about this certificate, of now, and signed by the issuer or by a responder that the issuer
/// certified for this and that is within its dates (RFC 6960, 4.2.2.2); the responder's own
/// certificate is not asked about. Pure.
RevocationReading read_ocsp(std::span<const std::byte> response, const IssuedCertificate& issued,
                            WallTime now);

}  // namespace reachd::net
