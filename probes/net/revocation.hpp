#pragma once

#include <optional>

#include "probes/net/dial.hpp"

namespace reachd::net {

/// What came out, and the fault of this host that kept it from more, if any.
struct RevocationFinding {
  RevocationFacts facts;
  std::optional<Failure> local_fault;
};

/// Asks about each certificate below the anchor, the leaf first, at most 8: what is known already,
/// the stapled response (leaf), then its OCSP responders, then its revocation lists, at most two
/// each, by plain HTTP (fetch), which needs no other protection, because each answer is signed.
///
/// Only for chains that verified as trusted: their authority vouches for the URLs. All requests
/// together take at most a third of the time that the probe has left, half of it for `hard`: a slow
/// responder must not turn a probe down that would have had its answer. What was not found out in
/// that time is unknown. Loop thread only.
asio::awaitable<RevocationFinding> find_revocation(ProbeRun& run, const DialOptions& way,
                                                   const TlsOptions& options,
                                                   const VerifiedChain& chain);

/// Puts the finding into the facts. Unless something else is wrong already the judgement becomes
/// tls_revoked for a revoked certificate, and with `revocation: hard` for an unknown one
/// tls_untrusted, or the reason of this host's own fault.
void judge_revocation(TlsFacts& facts, RevocationFinding finding, const TlsOptions& options);

}  // namespace reachd::net
