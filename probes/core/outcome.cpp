#include "probes/core/outcome.hpp"

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

void ServiceFacts::add(std::string_view key, std::string text) {
  if (!text.empty()) {
    details.emplace_back(key, std::move(text));
  }
}

}  // namespace reachd
