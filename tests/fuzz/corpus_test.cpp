// The seeds and the former findings of every fuzz target, and every cut and flipped byte of them:
// what a few seconds can do in every test run. `./test fuzz` goes on from here.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "tests/fuzz/targets.hpp"

namespace reachd::fuzz {
namespace {

namespace fs = std::filesystem;

/// Beyond this, cuts and flips are made at every n-th byte only, so that a big seed costs no more.
constexpr std::size_t kMostVariants = 600;

fs::path corpus() { return fs::path(REACHD_SOURCE_DIR) / "tests/fuzz/corpus"; }

std::vector<std::byte> read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

/// The bytes in a block of their own size, so that the sanitizer sees a read beyond the end.
void run(const Parser& parser, std::span<const std::byte> bytes) {
  const std::vector<std::byte> exact(bytes.begin(), bytes.end());
  parser.run(exact);
}

class Corpus : public testing::TestWithParam<Parser> {};

TEST_P(Corpus, EveryFileAndEveryVariantOfItIsSurvived) {
  const fs::path folder = corpus() / GetParam().name;
  ASSERT_TRUE(fs::is_directory(folder)) << folder << " has to hold seeds";
  std::size_t seeds = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    SCOPED_TRACE(entry.path().filename().string());
    const std::vector<std::byte> seed = read(entry.path());
    ASSERT_FALSE(seed.empty());
    ++seeds;
    run(GetParam(), seed);
    const std::size_t step = std::max<std::size_t>(1, seed.size() / kMostVariants);
    for (std::size_t at = 0; at < seed.size(); at += step) {
      run(GetParam(), std::span(seed).first(at));
      for (const std::byte flip : {std::byte{0x01}, std::byte{0x80}, std::byte{0xff}}) {
        std::vector<std::byte> variant = seed;
        variant[at] ^= flip;
        run(GetParam(), variant);
      }
    }
  }
  EXPECT_GT(seeds, 0U);
}

INSTANTIATE_TEST_SUITE_P(Table, Corpus, testing::ValuesIn(targets().begin(), targets().end()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Corpora, EachFolderHasItsTarget) {
  std::set<std::string, std::less<>> names;
  for (const Parser& parser : targets()) {
    names.emplace(parser.name);
  }
  for (const auto& entry : fs::directory_iterator(corpus())) {
    EXPECT_TRUE(names.contains(entry.path().filename().string())) << entry.path();
  }
}

TEST(Corpora, TheTableIsSorted) {
  EXPECT_TRUE(std::ranges::is_sorted(targets(), {}, &Parser::name));
}

}  // namespace
}  // namespace reachd::fuzz
