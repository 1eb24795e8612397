// What follows from a row of the plan alone.
#include <algorithm>

#include "config/plan.hpp"

namespace reachd::config {

namespace {

Severity own_severity(const Check& check, bool has_been_up) noexcept {
  Severity full = Severity::critical;
  if (check.necessity == Necessity::optional) {
    full = Severity::warning;
  } else if (check.necessity == Necessity::conditional && !check.in_use) {
    full = Severity::info;
  }
  // Nobody is paged for a port that nobody vouches for.
  if (check.confirmed || check.evidence <= Evidence::vendor_rule) {
    return full;
  }
  return has_been_up ? std::min(full, Severity::warning) : Severity::info;
}

}  // namespace

Severity severity(const Check& check, bool has_been_up) noexcept {
  return std::max(own_severity(check, has_been_up), check.takes);
}

Transport transport(const Check& check, const ProbeSpec& probe) noexcept {
  const bool asked = check.requirement && check.requirement->transport;
  return asked ? *check.requirement->transport : probe.type->transport;
}

std::string_view purpose(const Check& check) noexcept {
  return check.requirement ? std::string_view(check.requirement->purpose) : std::string_view();
}

std::string_view requirement_id(const Check& check) noexcept {
  return check.requirement ? std::string_view(check.requirement->id) : std::string_view();
}

}  // namespace reachd::config
