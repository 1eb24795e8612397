#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/plan.hpp"

namespace reachd::config {

/// Picks checks: `product=flexera-*,device=rack-?`: KEY=GLOB with * and ?, comma is and; several
/// selectors are or. Keys: name, check, product, requirement, device, probe, label.KEY.
class Selector {
 public:
  /// The error is a sentence.
  static std::expected<Selector, std::string> parse(std::string_view text);
  bool matches(const Plan& plan, const Check& check) const;

 private:
  struct Term {
    std::string key;
    std::string glob;
  };
  std::vector<Term> terms_;
};

/// True if any matches, or if there is none at all.
bool matches_any(const std::vector<Selector>& selectors, const Plan& plan, const Check& check);

/// Shell-like match with * and ? only; linear in the text for a fixed pattern.
bool glob_matches(std::string_view glob, std::string_view text) noexcept;

}  // namespace reachd::config
