#include "daemon/log/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

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
    std::rewind(file_.get());
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
          R"([0-9-]+T[0-9:.]+Z warning: the plan has no checks file="a b.yaml" checks=0.)"));
}

TEST_F(Log, JsonLinesKeepNumbersAndEscapeTheRest) {
  begin(Level::info, Format::json);
  info("said \"no\"", {{"count", 3}, {"path", "C:\\x"}});
  EXPECT_THAT(written(),
              HasSubstr(R"("level":"info","message":"said \"no\"","count":3,"path":"C:\\x"})"));
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
