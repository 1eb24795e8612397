#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/plan.hpp"
#include "config/yaml.hpp"

namespace reachd::config {

inline const Catalog& catalog() {
  static const Catalog kLoaded = [] {
    Diagnostics diagnostics;
    auto result = Catalog::load({}, diagnostics);
    EXPECT_TRUE(result) << diagnostics.to_string();
    return result ? std::move(*result) : Catalog{};
  }();
  return kLoaded;
}

inline std::optional<Plan> plan_of(std::string_view text, Diagnostics& diagnostics) {
  auto root = parse_yaml(text, "reachd.yaml", diagnostics);
  if (!root) {
    return std::nullopt;
  }
  const Settings settings = read_settings(std::move(*root), "reachd.yaml", diagnostics);
  return diagnostics.ok() ? make_plan(settings, catalog(), diagnostics) : std::nullopt;
}

inline Plan plan_of(std::string_view text) {
  Diagnostics diagnostics;
  auto plan = plan_of(text, diagnostics);
  EXPECT_TRUE(plan) << diagnostics.to_string();
  return plan ? std::move(*plan) : Plan{};
}

inline std::string problems(std::string_view text) {
  Diagnostics diagnostics;
  EXPECT_FALSE(plan_of(text, diagnostics));
  return diagnostics.to_string();
}

inline std::vector<std::string> ids(const Plan& plan) {
  std::vector<std::string> result;
  result.reserve(plan.checks.size());
  for (const Check& check : plan.checks) {
    result.push_back(check.id);
  }
  return result;
}

/// The check with this id; a failure and an empty one if there is none.
inline const Check& at(const Plan& plan, std::string_view id) {
  static const Check kNone;
  const auto found = std::ranges::find(plan.checks, id, &Check::id);
  if (found == plan.checks.end()) {
    ADD_FAILURE() << "no check " << id << " among\n" << testing::PrintToString(ids(plan));
    return kNone;
  }
  return *found;
}

inline const ProbeSpec& probe_of(const Plan& plan, std::string_view id) {
  return plan.probes.at(at(plan, id).probe);
}

inline std::string beacon(std::string_view more) {
  return "vantage: beacon-1\n"
         "products:\n"
         "  - product: flexera-beacon\n"
         "    region: eu\n" +
         std::string(more);
}

inline std::string appliance(std::string_view more) {
  return "vantage: here\n"
         "products:\n"
         "  - product: xclarity-administrator\n"
         "    appliance: lxca.example.com\n" +
         std::string(more);
}

}  // namespace reachd::config
