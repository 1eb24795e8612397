#include "daemon/event/alert.hpp"

#include <algorithm>
#include <array>

namespace reachd::event {
namespace {

constexpr std::array<std::string_view, 8> kWords{
    "RequiredPortClosed",  "OptionalPortClosed", "NameResolutionFailing", "CertificateInvalid",
    "CertificateExpiring", "TlsIntercepted",     "WrongProcessOnPort",    "MonitorDegraded"};

}  // namespace

std::string_view to_string(AlertName name) noexcept {
  return kWords[static_cast<std::size_t>(name)];
}

std::optional<AlertName> parse_alert_name(std::string_view word) noexcept {
  const auto found = std::ranges::find(kWords, word);
  return found != kWords.end() ? std::optional(static_cast<AlertName>(found - kWords.begin()))
                               : std::nullopt;
}

}  // namespace reachd::event
