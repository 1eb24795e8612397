#include "daemon/blackbox/address.hpp"

#include <gtest/gtest.h>

#include "tests/blackbox/blackbox_lab.hpp"

namespace reachd::blackbox {
namespace {

using config::blackbox::AddressChoice;

constexpr AddressChoice kV6First{.preferred = IpAddress::Family::v6, .fallback = true};
constexpr AddressChoice kOnlyV6{.preferred = IpAddress::Family::v6, .fallback = false};
constexpr AddressChoice kV4First{.preferred = IpAddress::Family::v4, .fallback = true};

struct Chosen {
  std::optional<IpAddress> address;
  Samples samples;
  std::string refused;
};

Chosen choose(test::BlackboxLab& lab, const std::string& host, AddressChoice choice,
              std::uint16_t port = 443) {
  test::ModuleRun run(lab, {}, host);
  Chosen chosen;
  chosen.address = test::run(lab.context, choose_address(run.run, host, port, choice));
  chosen.samples = run.samples;
  chosen.refused = run.run.refused;
  return chosen;
}

TEST(Address, HostAndPortAreTakenApartAsGoDoes) {
  EXPECT_EQ(split_host_port("a.example:80")->host, "a.example");
  EXPECT_EQ(split_host_port("a.example:80")->port, 80);
  EXPECT_EQ(split_host_port("[2001:db8::1]:443")->host, "2001:db8::1");
  for (const char* wrong :
       {"", ":80", "a.example", "a.example:", "a.example:0", "a.example:65536", "a.example:ssh",
        "2001:db8::1:443", "[2001:db8::1]", "[a]b:1", "[]:1"}) {
    EXPECT_FALSE(split_host_port(wrong)) << wrong;
  }
}

TEST(Address, TheHashIsThatOfTheExporter) {
  // Seen from blackbox_exporter 0.23 for this address.
  EXPECT_EQ(hash_of(*IpAddress::parse("127.0.0.1")), 3668918509U);
}

TEST(Address, ThePreferredFamilyIsTakenAndElseTheOtherIfThatMayBe) {
  test::BlackboxLab lab;
  lab.allow_all();
  const auto v4 = *IpAddress::parse("192.0.2.1");
  const auto v6 = *IpAddress::parse("2001:db8::1");
  lab.resolver.names = {{"both.example", {v4, v6}}, {"old.example", {v4}}};
  EXPECT_EQ(choose(lab, "both.example", kV6First).address, v6);
  EXPECT_EQ(choose(lab, "both.example", kV4First).address, v4);
  EXPECT_EQ(choose(lab, "old.example", kV6First).address, v4);
  EXPECT_EQ(choose(lab, "old.example", kV6First).samples.value(Family::ip_protocol), 4);
  EXPECT_EQ(choose(lab, "old.example", kOnlyV6).address, std::nullopt);
  EXPECT_EQ(choose(lab, "192.0.2.1", kV6First).address, v4);
  EXPECT_EQ(choose(lab, "192.0.2.1", kOnlyV6).address, std::nullopt);
  EXPECT_EQ(choose(lab, "2001:db8::1", kV4First).samples.value(Family::ip_protocol), 6);
}

TEST(Address, WhatCantBeResolvedHasItsSamplesAllTheSame) {
  test::BlackboxLab lab;
  lab.allow_all();
  const Chosen chosen = choose(lab, "nowhere.example", kV6First);
  EXPECT_EQ(chosen.address, std::nullopt);
  EXPECT_EQ(chosen.refused, "");
  EXPECT_TRUE(chosen.samples.has(Family::dns_lookup_time_seconds));
  EXPECT_TRUE(chosen.samples.has(Family::ip_addr_hash));
  EXPECT_EQ(chosen.samples.value(Family::ip_protocol), 0);
}

TEST(Address, WhatIsNoHostIsNotAskedFor) {
  test::BlackboxLab lab;
  lab.allow_all();
  EXPECT_EQ(choose(lab, "a b", kV6First).address, std::nullopt);
  EXPECT_TRUE(lab.resolver.asked.empty());
}

TEST(Address, TheListIsAskedAboutTheAddressThatTheNameLedTo) {
  test::BlackboxLab lab;
  lab.allow({{"cidr", "10.0.0.0/8"}});
  lab.resolver.names = {{"in.example", {*IpAddress::parse("10.1.2.3")}},
                        {"out.example", {*IpAddress::parse("192.0.2.1")}}};
  EXPECT_TRUE(choose(lab, "in.example", kV6First).address);
  const Chosen refused = choose(lab, "out.example", kV6First);
  EXPECT_EQ(refused.address, std::nullopt);
  EXPECT_EQ(
      refused.refused,
      "out.example (192.0.2.1:443) may not be probed with module test: no entry of probe_allow "
      "in reachd's configuration allows it.");
  EXPECT_EQ(choose(lab, "192.0.2.1", kV6First, 0).refused,
            "192.0.2.1 may not be probed with module test: no entry of probe_allow in reachd's "
            "configuration allows it.");
}

TEST(Address, AnEmptyListAllowsNothingAndSaysSo) {
  test::BlackboxLab lab;
  EXPECT_NE(choose(lab, "name.example", kV6First).refused, "");
  EXPECT_TRUE(lab.resolver.asked.empty());
  EXPECT_EQ(choose(lab, "127.0.0.1", kV6First).refused,
            "Nothing may be probed from here: the list probe_allow in reachd's configuration is "
            "empty.");
}

}  // namespace
}  // namespace reachd::blackbox
