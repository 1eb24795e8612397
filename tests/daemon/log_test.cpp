#include "daemon/log/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

#include "daemon/platform/paths.hpp"

namespace reachd::log {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class Log : public ::testing::Test {
 protected:
  void TearDown() override { configure(Options{}); }

  void begin(Level level, Format format) {
    configure(Options{.level = level, .format = format, .out = file_.get()});
  }
  std::string written() {
    std::string text(4096, '\0');
    EXPECT_EQ(std::fseek(file_.get(), 0, SEEK_SET), 0);
    text.resize(std::fread(text.data(), 1, text.size(), file_.get()));
    return text;
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file_{std::tmpfile()};
};

TEST_F(Log, TextLinesCarryTimeLevelAndFields) {
  begin(Level::info, Format::text);
  warning("the plan has no checks", {{"file", "a b.yaml"}, {"checks", 0}});
  EXPECT_THAT(
      written(),
      MatchesRegex(
          R"(....-..-..T..:..:......Z warning: the plan has no checks file="a b.yaml" checks=0)"
          "\n"));
}

TEST_F(Log, JsonLinesKeepNumbersAndEscapeTheRest) {
  begin(Level::info, Format::json);
  info("said \"no\"", {{"count", 3}, {"path", "C:\\x"}});
  EXPECT_THAT(written(),
              HasSubstr(R"("level":"info","message":"said \"no\"","count":3,"path":"C:\\x"})"));
}

TEST_F(Log, AFileIsRenamedBeforeItGrowsTooLong) {
  namespace fs = std::filesystem;
  const fs::path folder =
      fs::path(::testing::TempDir()) / ("reachd-log-" + std::to_string(platform::process_id()));
  fs::create_directories(folder);
  configure(Options{.file = (folder / "reachd.log").string()});
  info("the first line");
  const std::string megabyte(std::size_t{1024} * 1024, 'x');
  for (std::size_t i = 0; i < kMostFileBytes / megabyte.size(); ++i) {
    info(megabyte);
  }
  info("the last line");
  configure(Options{});  // closes it
  EXPECT_LT(fs::file_size(folder / "reachd.log"), kMostFileBytes);
  EXPECT_LE(fs::file_size(folder / "reachd.1.log"), kMostFileBytes);
  std::ifstream file(folder / "reachd.1.log", std::ios::binary);
  std::string line;
  std::getline(file, line);
  EXPECT_THAT(line, HasSubstr("info: the first line"));
  file.close();
  fs::remove_all(folder);
}

TEST_F(Log, AFileThatCannotBeOpenedChangesNothing) {
  begin(Level::info, Format::text);
  // A folder is no file.
  EXPECT_THROW(configure(Options{.file = ::testing::TempDir()}), std::runtime_error);
  info("still here");
  EXPECT_THAT(written(), HasSubstr("still here"));
}

TEST_F(Log, LevelsBelowTheConfiguredOneAreLeftOut) {
  begin(Level::warning, Format::text);
  info("quiet");
  error("loud");
  EXPECT_THAT(written(), HasSubstr("error: loud"));
  EXPECT_THAT(written(), ::testing::Not(HasSubstr("quiet")));
}

TEST_F(Log, ForeignTextCannotBeginALineOfItsOwn) {
  begin(Level::info, Format::text);
  info("banner\n2026 error: forged", {{"x", "\x1b[31m"}});
  const std::string text = written();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST_F(Log, RareWarningsSayHowManyWereLeftOut) {
  begin(Level::info, Format::text);
  RareWarning rare(std::chrono::minutes(1));
  const TimePoint start{};
  EXPECT_TRUE(rare.write(start, "out of descriptors"));
  EXPECT_FALSE(rare.write(start + std::chrono::seconds(1), "out of descriptors"));
  EXPECT_FALSE(rare.write(start + std::chrono::seconds(59), "out of descriptors"));
  EXPECT_TRUE(rare.write(start + std::chrono::seconds(60), "out of descriptors"));
  EXPECT_THAT(written(), HasSubstr("out of descriptors left_out=2"));
}

TEST(LogLevel, WordsAreReadBack) {
  for (const Level level : {Level::debug, Level::info, Level::warning, Level::error}) {
    EXPECT_EQ(parse_level(to_string(level)), level);
  }
  EXPECT_EQ(parse_level("loud"), std::nullopt);
}

}  // namespace
}  // namespace reachd::log
