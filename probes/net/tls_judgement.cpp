#include "probes/net/tls_judgement.hpp"

#include <openssl/x509.h>

#include <algorithm>
#include <utility>

#include "probes/net/certificate.hpp"

namespace reachd::net {
namespace {

std::string trust_message(const TlsFinding& finding, const std::vector<CertificateFacts>& chain) {
  switch (finding.code) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "the certificate is self-signed (" + finding.subject + ")";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "the chain ends in an authority that is not trusted (" + finding.subject + ")";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
      return "the issuer is not trusted, or the server does not send its certificate (" +
             (chain.empty() ? finding.subject : chain.back().issuer) + ")";
    default:
      return "the certificate can't be trusted: " +
             std::string(X509_verify_cert_error_string(finding.code)) + " (" + finding.subject +
             ")";
  }
}

std::string name_message(const std::string& name, const CertificateFacts& leaf) {
  std::string message = "the certificate is not for " + name + " but for ";
  if (leaf.names.empty()) {
    return message + leaf.subject;
  }
  constexpr std::size_t kShown = 5;
  for (std::size_t i = 0; i < std::min(leaf.names.size(), kShown); ++i) {
    message += (i == 0 ? "" : ", ") + leaf.names[i];
  }
  return message + (leaf.names.size() > kShown ? ", ..." : "");
}

/// The one sentence about a proxy that opens TLS on the way.
std::string interception(const TlsFacts& facts, const std::vector<std::string>& issuers,
                         const std::string& name) {
  std::string expected;
  for (const std::string& issuer : issuers) {
    expected += (expected.empty() ? "" : " or ") + issuer;
  }
  return "the certificate for " + name + " was issued by " +
         (facts.chain.empty() ? "nobody" : facts.chain.front().issuer) + ", not by " + expected +
         ": something on the way opens TLS, such as a proxy that inspects it";
}

enum class Fault : std::uint8_t { trust, expired, not_yet_valid, name };

Fault fault_of(int code) noexcept {
  switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return Fault::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return Fault::not_yet_valid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return Fault::name;
    default:
      return Fault::trust;
  }
}

std::string date_message(std::string_view what, const TlsFinding& finding, const TlsFacts& facts,
                         WallTime CertificateFacts::* date) {
  const auto found = std::ranges::find(facts.chain, finding.subject, &CertificateFacts::subject);
  std::string message = "the certificate " + std::string(what);
  if (found != facts.chain.end()) {
    message += " " + format_date((*found).*date);
  }
  return message + " (" + finding.subject + ")";
}

}  // namespace

void judge_tls(TlsFacts& facts, const std::vector<TlsFinding>& findings, int version,
               const TlsOptions& options, const std::string& name) {
  const auto set = [&](Reason reason, std::string message) {
    facts.judgement = reason;
    facts.judgement_message = std::move(message);
  };
  if (version < options.min_version) {
    return set(Reason::tls_version, "the server speaks only " + facts.version);
  }
  if (!options.expected_issuers.empty() && !has_issuer(facts.chain, options.expected_issuers)) {
    return set(Reason::tls_intercepted, interception(facts, options.expected_issuers, name));
  }
  const bool unusual =
      !options.usual_issuers.empty() && !has_issuer(facts.chain, options.usual_issuers);
  const auto first = [&](Fault fault) {
    return std::ranges::find(findings, fault, [](const TlsFinding& f) { return fault_of(f.code); });
  };
  if (const auto found = first(Fault::trust); found != findings.end()) {
    if (unusual) {
      return set(Reason::tls_intercepted, interception(facts, options.usual_issuers, name) +
                                              ", whose authority this host does not trust");
    }
    return set(Reason::tls_untrusted, trust_message(*found, facts.chain));
  }
  if (const auto found = first(Fault::expired); found != findings.end()) {
    return set(Reason::tls_expired,
               date_message("expired", *found, facts, &CertificateFacts::not_after));
  }
  if (const auto found = first(Fault::not_yet_valid); found != findings.end()) {
    return set(Reason::tls_not_yet_valid,
               date_message("is not valid before", *found, facts, &CertificateFacts::not_before));
  }
  if (first(Fault::name) != findings.end() && !facts.chain.empty()) {
    return set(Reason::tls_name, name_message(name, facts.chain.front()));
  }
  if (unusual) {
    set(Reason::ok, interception(facts, options.usual_issuers, name) +
                        ", which this host trusts; the product may not");
  }
}

bool is_good_chain(const std::vector<TlsFinding>& findings) noexcept {
  return std::ranges::all_of(
      findings, [](const TlsFinding& finding) { return fault_of(finding.code) == Fault::name; });
}

}  // namespace reachd::net
