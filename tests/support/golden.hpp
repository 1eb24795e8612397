#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace reachd::test {

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Compares byte for byte with a file under tests/data. REACHD_REWRITE_GOLDEN=1 in the environment
/// writes the files instead; look at the difference before committing it.
inline void expect_golden(const std::string& folder, const std::string& name,
                          const std::string& text) {
  const std::string path = folder + "/" + name;
  if (std::getenv("REACHD_REWRITE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
  }
  EXPECT_EQ(text, read_file(path)) << path;
}

}  // namespace reachd::test
