#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "probes/core/outcome.hpp"

namespace reachd::test {

/// What a service told of itself; the test fails where it was not asked.
inline std::vector<std::pair<std::string_view, std::string>> details(const Outcome& outcome) {
  const auto* found = outcome.facts ? std::get_if<ServiceFacts>(outcome.facts.get()) : nullptr;
  EXPECT_NE(found, nullptr) << outcome.message;
  return found == nullptr ? decltype(found->details)() : found->details;
}

}  // namespace reachd::test
