#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probes/core/outcome.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): OpenSSL's ASN1_TIME and ASN1_GENERALIZEDTIME
struct asn1_string_st;
struct x509_st;        // OpenSSL's X509
struct stack_st_X509;  // STACK_OF(X509)

namespace reachd::net {

/// What a certificate says of itself, bounded: texts of at most 512 bytes of UTF-8, at most 64
/// names, dates beyond our clock's range at its ends (RFC 5280); its URLs as CertificateFacts
/// bounds them, what does not fit left out.
CertificateFacts certificate_facts(const x509_st* certificate);
/// The same for a chain as sent, at most 16. Null is an empty chain.
std::vector<CertificateFacts> chain_facts(const stack_st_X509* chain);
/// A server may append any certificate to a good chain: drops the URLs of those that no authority
/// vouches for, since others act on them. `chain` is chain_facts(sent).
void drop_unvouched_urls(std::vector<CertificateFacts>& chain, const stack_st_X509* sent,
                         const stack_st_X509* verified);
/// True if the issuer of a certificate holds one of `expected`, without regard to case (ASCII) and
/// to the backslashes of RFC 2253.
bool has_issuer(const std::vector<CertificateFacts>& chain,
                const std::vector<std::string>& expected);
/// The subject alone, bounded like the facts.
std::string subject_text(const x509_st* certificate);
/// A date of ASN.1, the ends of our clock's range for what lies beyond. The epoch for none and for
/// what is no date.
WallTime wall_time(const asn1_string_st* time);
/// "2026-12-24 18:00 UTC"
std::string format_date(WallTime time);

}  // namespace reachd::net
