#include "probes/core/reader.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "probes/core/file_path.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;

Value map_of(std::initializer_list<std::pair<const char*, const char*>> pairs) {
  Value map = Value::map();
  std::uint32_t line = 0;
  for (const auto& [key, text] : pairs) {
    const Place place{std::make_shared<const std::string>("a.yaml"), ++line, 1};
    map.members.push_back({key, place, Value::text(text, place)});
  }
  return map;
}

TEST(Reader, GivesTypedValuesAndFallbacks) {
  const Value map =
      map_of({{"name", "erp"}, {"port", "3300"}, {"every", "15s"}, {"on", "true"}, {"n", "7"}});
  Diagnostics diagnostics;
  Reader reader(map, diagnostics, "check");
  EXPECT_EQ(reader.required_text("name"), "erp");
  EXPECT_EQ(reader.port("port", 1), 3300);
  EXPECT_EQ(reader.duration("every", 1s, 1s, 1h), 15s);
  EXPECT_TRUE(reader.boolean("on", false));
  EXPECT_EQ(reader.integer("n", 1, 1, 9), 7);
  EXPECT_EQ(reader.integer("missing", 3, 1, 9), 3);
  reader.done();
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.to_string();
}

TEST(Reader, ReportsEveryProblemWithItsPlace) {
  const Value map =
      map_of({{"port", "70000"}, {"every", "soon"}, {"on", "yes"}, {"intervall", "5s"}});
  Diagnostics diagnostics;
  Reader reader(map, diagnostics, "check erp");
  reader.port("port", 1);
  reader.duration("every", 1s, 1s, 1h);
  reader.boolean("on", false);
  reader.duration("interval", 1s, 1s, 1h);
  reader.required_text("name");
  reader.done();
  EXPECT_EQ(diagnostics.count(), 5U);
  const std::string text = diagnostics.to_string();
  EXPECT_NE(text.find("a.yaml:1:1: check erp: port is a port from 1 to 65535, not \"70000\""),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("a.yaml:4:1: check erp: unknown key \"intervall\"; did you mean interval?"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("name is missing"), std::string::npos) << text;
}

TEST(Reader, SizesHaveTheirBounds) {
  const Value map = map_of({{"good", "2MiB"}, {"less", "512B"}, {"more", "3GiB"}, {"no", "2MB"}});
  Diagnostics diagnostics;
  Reader reader(map, diagnostics, "journal");
  constexpr std::uint64_t kMebibyte = 1 << 20;
  for (const char* key : {"less", "more", "no", "missing"}) {
    EXPECT_EQ(reader.size(key, 7, kMebibyte, 1024 * kMebibyte), 7u) << key;
  }
  EXPECT_EQ(reader.size("good", 7, kMebibyte, 1024 * kMebibyte), 2 * kMebibyte);
  EXPECT_EQ(diagnostics.count(), 3u);
  EXPECT_NE(diagnostics.to_string().find("less is from 1MiB to 1GiB, not \"512B\""),
            std::string::npos);
}

TEST(Reader, SecretComesFromTheEnvironmentAndIsNeverShown) {
  test::set_environment("REACHD_TEST_SECRET", "s3cret");
  const Value map =
      map_of({{"password", "${REACHD_TEST_SECRET}"}, {"token", "${REACHD_TEST_UNSET}"}});
  Diagnostics diagnostics;
  Reader reader(map, diagnostics, "proxy");
  const auto password = reader.secret("password");
  ASSERT_TRUE(password);
  EXPECT_EQ(password->reveal(), "s3cret");
  EXPECT_FALSE(reader.secret("token"));
  reader.done();
  EXPECT_EQ(diagnostics.count(), 1U);
  EXPECT_NE(diagnostics.to_string().find("REACHD_TEST_UNSET is not set"), std::string::npos);
}

TEST(Reader, SaysWhyAFileHoldsNoSecret) {
  const test::TemporaryFolder folder;
  const auto why = [&](const std::string& name) {
    const std::string path = to_text(folder.path() / name);
    const Value map = map_of({{"password_file", path.c_str()}});
    Diagnostics diagnostics;
    Reader reader(map, diagnostics, "proxy");
    EXPECT_FALSE(reader.secret("password")) << name;
    const std::string text = diagnostics.to_string();
    EXPECT_NE(text.find("can't read a secret from \"" + path + "\": "), std::string::npos) << text;
    return text;
  };
  const auto write = [&](const char* name, const std::string& text) {
    std::ofstream(folder.path() / name, std::ios::binary) << text;
  };
  write("empty", "");
  write("blank", "\r\nmore");
  write("long", std::string(65'537, 'x'));
  std::filesystem::create_directory(folder.path() / "folder");
  EXPECT_NE(why("none").find("it does not exist"), std::string::npos);
  EXPECT_NE(why("empty").find("its first line is empty"), std::string::npos);
  EXPECT_NE(why("blank").find("its first line is empty"), std::string::npos);
  EXPECT_NE(why("long").find("longer than 64 KiB"), std::string::npos);
  EXPECT_NE(why("folder").find("it is a folder"), std::string::npos);
}

TEST(Reader, MissingSecretFileIsAnErrorAtItsPlace) {
  const Value map = map_of({{"password_file", "no-such-file"}});
  Diagnostics diagnostics;
  Reader reader(map, diagnostics, "proxy");
  EXPECT_FALSE(reader.secret("password"));
  reader.done();
  EXPECT_EQ(diagnostics.count(), 1U);
  EXPECT_NE(diagnostics.to_string().find("a.yaml:1:1"), std::string::npos);
}

TEST(Nearest, FindsTheLikelyWordOnly) {
  EXPECT_EQ(nearest("intervall", {"interval", "timeout"}), "interval");
  EXPECT_EQ(nearest("xyz", {"interval", "timeout"}), std::nullopt);
}

}  // namespace
}  // namespace reachd
