#include "probes/core/outcome.hpp"

#include <algorithm>

namespace reachd {

std::string_view to_string(RevocationStatus status) noexcept {
  switch (status) {
    case RevocationStatus::good:
      return "good";
    case RevocationStatus::revoked:
      return "revoked";
    case RevocationStatus::unknown:
      break;
  }
  return "unknown";
}

std::string_view to_string(RevocationSource source) noexcept {
  switch (source) {
    case RevocationSource::stapled:
      return "stapled";
    case RevocationSource::ocsp:
      return "ocsp";
    case RevocationSource::crl:
      return "crl";
    case RevocationSource::none:
      break;
  }
  return "";
}

const CertificateFacts* first_to_end(const TlsFacts& tls) noexcept {
  if (tls.trusted_end) {
    return &*tls.trusted_end;
  }
  const auto first = std::ranges::min_element(tls.chain, {}, &CertificateFacts::not_after);
  return first != tls.chain.end() ? &*first : nullptr;
}

void ServiceFacts::add(std::string_view key, std::string text) {
  if (!text.empty()) {
    details.emplace_back(key, std::move(text));
  }
}

}  // namespace reachd
