#pragma once

#include <string>
#include <vector>

#include "probes/net/tls.hpp"

namespace reachd::net {

/// One complaint of OpenSSL's verification, which goes on after each.
struct TlsFinding {
  int code = 0;         ///< X509_V_ERR_...
  std::string subject;  ///< of the certificate that it is about
};

/// Judges what a handshake showed, strictly, whatever `options.verify` says: version (0x0303 is TLS
/// 1.2), expected issuer, trust, expiry, validity not begun, name; the first that is wrong becomes
/// facts.judgement with a sentence. A chain that is not trusted and not from a usual issuer is
/// intercepted; one that is trusted all the same is good, and the sentence tells of it. `name` is
/// what the certificate should be for. Pure.
void judge_tls(TlsFacts& facts, const std::vector<TlsFinding>& findings, int version,
               const TlsOptions& options, const std::string& name);

/// True if nothing is wrong with the chain itself: it is trusted and within its dates, whatever
/// name it is for. Pure.
bool is_good_chain(const std::vector<TlsFinding>& findings) noexcept;

}  // namespace reachd::net
