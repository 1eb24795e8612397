#include "probes/net/hosts_file.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

namespace reachd::net {
namespace {

using namespace std::chrono_literals;

const TimePoint kStart{1000s};

class HostsFileTest : public testing::Test {
 protected:
  HostsFileTest()
      : path_(std::filesystem::path(testing::TempDir()) /
              ("hosts_" + std::to_string(std::random_device()()))) {}
  ~HostsFileTest() override { std::filesystem::remove(path_); }
  void write(const std::string& text) { std::ofstream(path_) << text; }

  std::filesystem::path path_;
};

TEST(ParseHosts, KnowsAddressesOfBothFamiliesAliasesAndComments) {
  const auto table = parse_hosts(
      "127.0.0.1\tlocalhost\n# 10.0.0.9 not-me\n10.0.0.1 Erp.Example.COM erp # main\n"
      "2001:db8::1 erp\nnonsense erp\n10.0.0.1 erp\n  \n10.0.0.2 last");
  ASSERT_TRUE(table.contains("erp"));
  EXPECT_EQ(table.at("erp"),
            (std::vector{*IpAddress::parse("10.0.0.1"), *IpAddress::parse("2001:db8::1")}));
  EXPECT_TRUE(table.contains("erp.example.com"));
  EXPECT_TRUE(table.contains("last"));
  EXPECT_FALSE(table.contains("not-me"));
  EXPECT_FALSE(table.contains("main"));
}

TEST(ParseHosts, ReadsLinesThatEndAsOnWindows) {
  EXPECT_TRUE(parse_hosts("10.0.0.1 erp\r\n10.0.0.2 web\r\n").contains("erp"));
}

TEST_F(HostsFileTest, ReadsTheFileAgainWhenItChanges) {
  write("10.0.0.1 erp\n");
  HostsFile hosts(path_);
  ASSERT_NE(hosts.find("erp", kStart), nullptr);
  EXPECT_EQ(hosts.find("web", kStart), nullptr);
  write("10.0.0.1 erp\n10.0.0.2 web\n");
  EXPECT_EQ(hosts.find("web", kStart + 500ms), nullptr) << "looks at most once a second";
  EXPECT_NE(hosts.find("web", kStart + 2s), nullptr);
}

TEST_F(HostsFileTest, LivesWithoutAFile) {
  HostsFile hosts(path_);
  EXPECT_EQ(hosts.find("erp", kStart), nullptr);
  write("10.0.0.1 erp\n");
  EXPECT_NE(hosts.find("erp", kStart + 2s), nullptr);
  std::filesystem::remove(path_);
  EXPECT_EQ(hosts.find("erp", kStart + 4s), nullptr);
}

}  // namespace
}  // namespace reachd::net
