#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/plan.hpp"
#include "probes/core/glob.hpp"

namespace reachd::config {

/// What a selector looks at, of a check or of what is remembered of one; lent.
struct SelectorFields {
  std::string_view name;
  std::string_view check;
  std::string_view product;
  std::string_view requirement;
  std::string_view device;
  std::string_view probe;
  const Labels* labels = nullptr;
};
SelectorFields fields_of(const Plan& plan, const Check& check) noexcept;

/// Picks checks: `product=flexera-*,device=rack-?`: KEY=GLOB with * and ?, comma is and; several
/// selectors are or. Keys: name, check, product, requirement, device, probe, label.KEY.
class Selector {
 public:
  /// The error is a sentence.
  static std::expected<Selector, std::string> parse(std::string_view text);
  bool matches(const SelectorFields& fields) const;
  bool matches(const Plan& plan, const Check& check) const {
    return matches(fields_of(plan, check));
  }

 private:
  struct Term {
    std::string key;
    std::string glob;
  };
  std::vector<Term> terms_;
};

/// True if any matches, or if there is none at all.
bool matches_any(const std::vector<Selector>& selectors, const Plan& plan, const Check& check);

using reachd::glob_matches;

}  // namespace reachd::config
