#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>

#include "config/blackbox.hpp"

/// Short ways to say what is in a blackbox.yml.
namespace reachd::config::blackbox {

inline Modules modules_of(std::string_view text) {
  Diagnostics diagnostics;
  auto modules = parse_modules(text, "b.yml", diagnostics);
  EXPECT_TRUE(modules) << diagnostics.to_string();
  return std::move(modules).value_or(Modules{});
}

/// The problems of a text that can't be used.
inline std::string problems_of(std::string_view text) {
  Diagnostics diagnostics;
  EXPECT_FALSE(parse_modules(text, "b.yml", diagnostics)) << text;
  return diagnostics.to_string();
}

/// A file with the one module "m"; `block` holds the lines of its prober's block, indented by 6.
inline std::string one(std::string_view prober, std::string_view block = {}) {
  std::string text = "modules:\n  m:\n    prober: " + std::string(prober) + "\n";
  if (!block.empty()) {
    text += "    " + std::string(prober) + ":\n" + std::string(block);
  }
  return text;
}

inline Module module_of(std::string_view prober, std::string_view block = {}) {
  const Modules modules = modules_of(one(prober, block));
  const Module* module = modules.find("m");
  EXPECT_TRUE(module != nullptr) << block;
  for (const RefusedModule& refused : modules.refused) {
    ADD_FAILURE() << refused.reasons.at(0).message;
  }
  return module == nullptr ? Module{} : *module;
}

/// What is written in a block, and what it leads to.
struct BlockCase {
  std::string_view prober;
  std::string_view block;
  std::string_view message;

  friend std::ostream& operator<<(std::ostream& out, const BlockCase& value) {
    return out << value.block;
  }
};

/// Why the module can't be honoured, a line each.
inline std::string refusals_of(std::string_view text) {
  const Modules modules = modules_of(text);
  EXPECT_TRUE(modules.modules.empty());
  std::string lines;
  for (const RefusedModule& refused : modules.refused) {
    for (const Diagnostic& reason : refused.reasons) {
      lines += reason.to_string() + "\n";
    }
  }
  return lines;
}

}  // namespace reachd::config::blackbox
