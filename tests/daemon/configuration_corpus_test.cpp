// tests/data/config: every file of valid/ loads; every file of invalid/ is refused with exactly the
// text of its .expect
// (REACHD_REWRITE=1 writes those anew; read the difference).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/configuration.hpp"

namespace reachd {
namespace {

namespace fs = std::filesystem;

const fs::path kData = fs::path(REACHD_TEST_DATA) / "config";

std::vector<std::string> files_of(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kData / folder)) {
    if (entry.path().extension() == ".yaml") {
      names.push_back(entry.path().stem().string());
    }
  }
  std::ranges::sort(names);
  return names;
}

std::string content(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string name_of(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::ranges::replace_if(
      name, [](char c) { return !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')); }, '_');
  return name;
}

/// Messages name files as they were given, so each test works in the folder of its file.
class Corpus : public testing::TestWithParam<std::string> {
 protected:
  void enter(const std::string& folder) { fs::current_path(kData / folder); }
  ~Corpus() override { fs::current_path(before_); }

 private:
  fs::path before_ = fs::current_path();
};

class Valid : public Corpus {};
TEST_P(Valid, Loads) {
  enter("valid");
  Diagnostics diagnostics;
  EXPECT_TRUE(load(GetParam() + ".yaml", diagnostics)) << diagnostics.to_string();
}
INSTANTIATE_TEST_SUITE_P(Config, Valid, testing::ValuesIn(files_of("valid")), name_of);

class Invalid : public Corpus {};
TEST_P(Invalid, IsRefusedWithExactlyThisText) {
  enter("invalid");
  Diagnostics diagnostics;
  EXPECT_FALSE(load(GetParam() + ".yaml", diagnostics));
  std::string text = diagnostics.to_string();
  // Only what includes adds the folder: it says where a file was looked for.
  constexpr char kSeparator = fs::path::preferred_separator;
  const std::string here = fs::current_path().string() + kSeparator;
  for (auto at = text.find(here); at != std::string::npos; at = text.find(here)) {
    text.erase(at, here.size());
  }
  for (const std::string folder : {"parts", "catalog"}) {
    const std::string native = folder + kSeparator;
    for (auto at = text.find(native); at != std::string::npos; at = text.find(native, at + 1)) {
      text[at + folder.size()] = '/';
    }
  }
  if (std::getenv("REACHD_REWRITE") != nullptr) {
    std::ofstream(GetParam() + ".expect", std::ios::binary) << text;
  }
  EXPECT_EQ(text, content(GetParam() + ".expect"));
}
INSTANTIATE_TEST_SUITE_P(Config, Invalid, testing::ValuesIn(files_of("invalid")), name_of);

}  // namespace
}  // namespace reachd
