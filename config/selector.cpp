#include "config/selector.hpp"

#include <algorithm>
#include <array>

namespace reachd::config {
namespace {

constexpr std::array<std::string_view, 6> kKeys{"name",        "check",  "product",
                                                "requirement", "device", "probe"};
constexpr std::string_view kLabelPrefix = "label.";

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

std::string_view label_of(const Labels* labels, std::string_view key) {
  if (labels != nullptr) {
    for (const auto& [name, value] : *labels) {
      if (name == key) {
        return value;
      }
    }
  }
  return {};
}

std::string_view value_of(const SelectorFields& fields, std::string_view key) {
  if (key.starts_with(kLabelPrefix)) {
    return label_of(fields.labels, key.substr(kLabelPrefix.size()));
  }
  const std::array<std::string_view, kKeys.size()> values{
      fields.name, fields.check, fields.product, fields.requirement, fields.device, fields.probe};
  const auto known = std::ranges::find(kKeys, key);
  return known != kKeys.end() ? values[static_cast<std::size_t>(known - kKeys.begin())] : "";
}

}  // namespace

SelectorFields fields_of(const Plan& plan, const Check& check) noexcept {
  const ProbeType* type = plan.probes[check.probe].type;
  return {.name = check.name,
          .check = check.id,
          .product = check.product != nullptr ? std::string_view(*check.product) : "",
          .requirement = requirement_id(check),
          .device = check.device,
          .probe = type != nullptr ? type->name : std::string_view(),
          .labels = check.labels.get()};
}

std::expected<Selector, std::string> Selector::parse(std::string_view text) {
  Selector selector;
  const auto wrong = [&](const std::string& why) {
    return std::unexpected("\"" + std::string(text.substr(0, 100)) +
                           "\" is not a selector: " + why);
  };
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    const std::string_view term = text.substr(begin, comma - begin);
    begin = comma + 1;
    const std::size_t equals = term.find('=');
    if (equals == std::string_view::npos) {
      return wrong("expected KEY=GLOB, such as name=erp-* or label.site=ams");
    }
    const std::string_view key = trim(term.substr(0, equals));
    const bool is_label = key.starts_with(kLabelPrefix) && key.size() > kLabelPrefix.size();
    if (!is_label && std::ranges::find(kKeys, key) == kKeys.end()) {
      return wrong("the key is one of name, check, product, requirement, device, probe, label.KEY" +
                   did_you_mean(key, {kKeys.begin(), kKeys.end()}));
    }
    selector.terms_.push_back({std::string(key), std::string(trim(term.substr(equals + 1)))});
  }
  return selector;
}

bool Selector::matches(const SelectorFields& fields) const {
  return std::ranges::all_of(terms_, [&](const Term& term) {
    return glob_matches(term.glob, value_of(fields, term.key));
  });
}

bool matches_any(const std::vector<Selector>& selectors, const Plan& plan, const Check& check) {
  return selectors.empty() || std::ranges::any_of(selectors, [&](const Selector& selector) {
           return selector.matches(plan, check);
         });
}

}  // namespace reachd::config
