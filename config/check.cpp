// What follows from a row of the plan alone.
#include "config/plan.hpp"

namespace reachd::config {

Severity severity(const Check& check, bool has_been_up) noexcept {
  const bool vouched = check.confirmed || check.evidence == Evidence::operator_ ||
                       check.evidence == Evidence::vendor ||
                       check.evidence == Evidence::vendor_rule;
  if (!vouched) {
    return has_been_up ? Severity::warning : Severity::info;
  }
  // A conditional requirement is in the plan because its feature is in use.
  return check.necessity == Necessity::optional ? Severity::warning : Severity::critical;
}

std::string_view purpose(const Check& check) noexcept {
  return check.requirement ? std::string_view(check.requirement->purpose) : std::string_view();
}

std::string_view requirement_id(const Check& check) noexcept {
  return check.requirement ? std::string_view(check.requirement->id) : std::string_view();
}

}  // namespace reachd::config
