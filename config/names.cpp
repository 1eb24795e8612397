// The words of configuration, metrics and API for the enumerations of this folder.
#include "config/plan.hpp"

namespace reachd::config {

std::string_view to_string(AddressPolicy policy) noexcept {
  switch (policy) {
    case AddressPolicy::first:
      return "first";
    case AddressPolicy::each_family:
      return "each_family";
    case AddressPolicy::all:
      return "all";
  }
  return "";
}

std::string_view to_string(Necessity necessity) noexcept {
  switch (necessity) {
    case Necessity::required:
      return "required";
    case Necessity::conditional:
      return "conditional";
    case Necessity::optional:
      return "optional";
  }
  return "";
}

std::string_view to_string(Evidence evidence) noexcept {
  switch (evidence) {
    case Evidence::operator_:
      return "operator";
    case Evidence::vendor:
      return "vendor";
    case Evidence::vendor_rule:
      return "vendor_rule";
    case Evidence::sibling:
      return "sibling";
    case Evidence::device:
      return "device";
    case Evidence::third_party:
      return "third_party";
    case Evidence::general:
      return "general";
  }
  return "";
}

std::string_view to_string(Direction direction) noexcept {
  switch (direction) {
    case Direction::outbound:
      return "outbound";
    case Direction::inbound:
      return "inbound";
    case Direction::unknown:
      return "unknown";
  }
  return "";
}

std::string_view to_string(Severity severity) noexcept {
  switch (severity) {
    case Severity::info:
      return "info";
    case Severity::warning:
      return "warning";
    case Severity::critical:
      return "critical";
  }
  return "";
}

}  // namespace reachd::config
