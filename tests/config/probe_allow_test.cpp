#include "config/probe_allow.hpp"

#include <gmock/gmock.h>

#include "config/yaml.hpp"

namespace reachd::config {
namespace {

using testing::HasSubstr;

ProbeAllow allow(std::string_view entries) {
  Diagnostics diagnostics;
  const auto root = parse_yaml(entries, "t", diagnostics);
  ProbeAllow result = root ? ProbeAllow::read(*root, diagnostics) : ProbeAllow();
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.to_string();
  return result;
}

std::string problems(std::string_view entries) {
  Diagnostics diagnostics;
  const auto root = parse_yaml(entries, "t", diagnostics);
  EXPECT_TRUE(root);
  ProbeAllow::read(root.value_or(Value{}), diagnostics);
  return diagnostics.to_string();
}

IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }

TEST(ProbeAllow, AnEmptyListAllowsNothing) {
  const ProbeAllow none = allow("[]");
  EXPECT_TRUE(none.empty());
  EXPECT_FALSE(none.allows(ip("127.0.0.1"), 80, "http_2xx"));
  EXPECT_FALSE(none.allows(ip("::1"), 0, "icmp"));
  EXPECT_FALSE(none.allows_path("/run/a.sock", "unix"));
}

TEST(ProbeAllow, NetworkPortAndModuleHaveToFitTogether) {
  const ProbeAllow some = allow("[{cidr: 10.0.0.0/8, ports: [443, 80], modules: [http_2xx, tls]}]");
  EXPECT_FALSE(some.empty());
  EXPECT_TRUE(some.allows(ip("10.9.8.7"), 443, "http_2xx"));
  EXPECT_TRUE(some.allows(ip("10.9.8.7"), 80, "tls"));
  EXPECT_FALSE(some.allows(ip("11.0.0.1"), 443, "http_2xx"));
  EXPECT_FALSE(some.allows(ip("10.9.8.7"), 8443, "http_2xx"));
  EXPECT_FALSE(some.allows(ip("10.9.8.7"), 443, "http_post"));
  EXPECT_FALSE(some.allows(ip("10.9.8.7"), 443, ""));
}

TEST(ProbeAllow, NoEntryLendsItsPortsToAnother) {
  const ProbeAllow some =
      allow("[{cidr: 10.0.0.0/8, ports: [443]}, {cidr: 10.1.0.0/16, ports: [22]}]");
  EXPECT_TRUE(some.allows(ip("10.1.0.1"), 22, "a"));
  EXPECT_TRUE(some.allows(ip("10.1.0.1"), 443, "a"));
  EXPECT_FALSE(some.allows(ip("10.2.0.1"), 22, "a"));
}

TEST(ProbeAllow, WhatHasNoPortNeedsAnEntryWithoutPorts) {
  EXPECT_FALSE(allow("[{cidr: 10.0.0.0/8, ports: [443]}]").allows(ip("10.0.0.1"), 0, "icmp"));
  EXPECT_TRUE(allow("[{cidr: 10.0.0.0/8}]").allows(ip("10.0.0.1"), 0, "icmp"));
  EXPECT_TRUE(allow("[{cidr: 10.0.0.0/8}]").allows(ip("10.0.0.1"), 65535, "tcp"));
}

TEST(ProbeAllow, AMappedAddressIsTheOneItReaches) {
  const ProbeAllow v4 = allow("[{cidr: 10.0.0.0/8}]");
  EXPECT_TRUE(v4.allows(ip("::ffff:10.0.0.1"), 80, "a"));
  EXPECT_FALSE(v4.allows(ip("::ffff:127.0.0.1"), 80, "a"));
  const ProbeAllow v6 = allow("[{cidr: \"::/0\"}]");
  EXPECT_TRUE(v6.allows(ip("2001:db8::1"), 80, "a"));
  EXPECT_FALSE(v6.allows(ip("::ffff:127.0.0.1"), 80, "a"));
  EXPECT_FALSE(v6.allows(ip("127.0.0.1"), 80, "a"));
}

TEST(ProbeAllow, ALinkLocalAddressFitsWhateverItsInterface) {
  IpAddress address = ip("fe80::1");
  address.scope = 7;
  EXPECT_TRUE(allow("[{cidr: \"fe80::/10\"}]").allows(address, 80, "a"));
}

TEST(ProbeAllow, UnixSocketsAreNamedOrInANamedFolder) {
  const ProbeAllow some = allow("[{path: /run/a.sock}, {path: /run/app/, modules: [unix_ping]}]");
  EXPECT_TRUE(some.allows_path("/run/a.sock", "any"));
  EXPECT_TRUE(some.allows_path("/run/app/x/y.sock", "unix_ping"));
  EXPECT_FALSE(some.allows_path("/run/app/x.sock", "other"));
  EXPECT_FALSE(some.allows_path("/run/a.sock2", "any"));
  EXPECT_FALSE(some.allows_path("/run/app", "unix_ping"));
  EXPECT_FALSE(some.allows_path("/run/app/../docker.sock", "unix_ping"));
  EXPECT_FALSE(some.allows_path("/run/app/./x.sock", "unix_ping"));
  EXPECT_FALSE(some.allows_path("/run/app/..", "unix_ping"));
  EXPECT_FALSE(some.allows_path("run/app/x.sock", "unix_ping"));
  EXPECT_FALSE(some.allows_path(std::string_view("/run/app/x\0y", 12), "unix_ping"));
  EXPECT_FALSE(some.allows_path("", "any"));
  EXPECT_FALSE(some.allows(ip("10.0.0.1"), 0, "unix_ping")) << "a path allows no address";
  EXPECT_FALSE(some.allows(ip("0.0.0.0"), 0, "any"));
  EXPECT_FALSE(allow("[{cidr: 0.0.0.0/0}]").allows_path("/run/a.sock", "any"));
}

TEST(ProbeAllow, MistakesAreReportedWhereTheyStand) {
  EXPECT_THAT(problems("[{ports: [80]}]"),
              HasSubstr("has a cidr, such as 10.0.0.0/8, or the path"));
  EXPECT_THAT(problems("[{cidr: 10.0.0.0/8, path: /a}]"), HasSubstr("has a cidr"));
  EXPECT_THAT(problems("[{cidr: 10.0.0.1/8}]"), HasSubstr("host bits are set"));
  EXPECT_THAT(problems("[{cidr: example.com}]"), HasSubstr("is not a network"));
  EXPECT_THAT(problems("[{cidr: 10.0.0.0/8, ports: [0, 70000]}]"),
              HasSubstr("\"70000\" is no port"));
  EXPECT_THAT(problems("[{cidr: 10.0.0.0/8, ports: []}]"), HasSubstr("names no port"));
  EXPECT_THAT(problems("[{cidr: 10.0.0.0/8, modules: []}]"), HasSubstr("names no module"));
  EXPECT_THAT(problems("[{path: run/a}]"), HasSubstr("path is absolute"));
  EXPECT_THAT(problems("[{path: /run/../a}]"), HasSubstr("path is absolute"));
  EXPECT_THAT(problems("[{path: /a, ports: [80]}]"), HasSubstr("has no ports"));
  EXPECT_THAT(problems("[{cidr: 10.0.0.0/8, port: 80}]"), HasSubstr("did you mean ports?"));
  EXPECT_THAT(problems("[10.0.0.0/8]"), HasSubstr("t:1:2: an entry of probe_allow must be a map"));
}

TEST(ProbeAllow, AModuleThatThereIsNotIsAMistake) {
  Diagnostics diagnostics;
  const std::vector<std::string_view> known{"http_2xx", "icmp"};
  allow("[{cidr: 10.0.0.0/8, modules: [http_2x, icmp]}]").check_modules(known, diagnostics);
  EXPECT_EQ(diagnostics.to_string(),
            "t:1:2: an entry of probe_allow: there is no module \"http_2x\"; did you mean "
            "http_2xx?\n");
}

}  // namespace
}  // namespace reachd::config
