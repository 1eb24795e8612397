#pragma once

#include <cstddef>
#include <span>

#include "probes/net/revocation_answer.hpp"

namespace reachd::net {

/// Longer lists are refused. Reading takes about 50 ms and 10 MiB of memory a MiB.
constexpr std::size_t kLargestCrl = std::size_t{8} * 1024 * 1024;

/// Looks a certificate up in a revocation list in DER, hostile until proven otherwise. The list
/// counts if the issuer signed it and may do so, if it is of now, and if its scope holds the
/// certificate (RFC 5280, 6.3.3); indirect and delta lists don't. Pure.
RevocationReading read_crl(std::span<const std::byte> list, const IssuedCertificate& issued,
                           WallTime now);

}  // namespace reachd::net
