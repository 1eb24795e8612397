#include "probes/net/ip_status.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <ostream>
#include <string>
#include <vector>

namespace reachd::net {
namespace {

using Family = IpAddress::Family;
constexpr IpAddress kTarget{.family = Family::v4, .bytes = {10, 0, 0, 1}};
constexpr IpAddress kTarget6{.family = Family::v6, .bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 5}};
constexpr IpAddress kRouter{.family = Family::v4, .bytes = {10, 1, 0, 1}};
constexpr IpAddress kSelf{.family = Family::v4, .bytes = {10, 9, 0, 7}};

struct Case {
  std::uint32_t status;
  Reason reason;
  const char* says;
};
// NOLINTNEXTLINE(readability-identifier-naming): the name is GoogleTest's
void PrintTo(const Case& c, std::ostream* out) { *out << "status " << c.status; }

std::string name_of(const testing::TestParamInfo<Case>& info) {
  return "Status" + std::to_string(info.param.status);
}

class RoutersStatus : public testing::TestWithParam<Case> {};

TEST_P(RoutersStatus, HasAReasonAndAnOffender) {
  const Case& c = GetParam();
  const auto failure = echo_failure(c.status, kTarget, kRouter, {false, kSelf});
  ASSERT_TRUE(failure);
  EXPECT_EQ(to_string(failure->reason), to_string(c.reason));
  EXPECT_EQ(failure->offender, kRouter);
  EXPECT_EQ(failure->error_number, static_cast<int>(c.status));
  EXPECT_EQ(failure->message.find("10.1.0.1 "), 0U) << failure->message;
  EXPECT_NE(failure->message.find(c.says), std::string::npos) << failure->message;
}

INSTANTIATE_TEST_SUITE_P(
    IpStatus, RoutersStatus,
    testing::Values(Case{11002, Reason::net_unreachable, "has no route to 10.0.0.1"},
                    Case{11003, Reason::host_unreachable, "can't reach 10.0.0.1"},
                    Case{11004, Reason::admin_prohibited, "rejects 10.0.0.1"},
                    Case{11005, Reason::admin_prohibited, "rejects 10.0.0.1"},
                    Case{11009, Reason::host_unreachable, "packet of this size"},
                    Case{11012, Reason::host_unreachable, "can't reach 10.0.0.1"},
                    Case{11013, Reason::host_unreachable, "maybe a routing loop"},
                    Case{11014, Reason::host_unreachable, "only parts"},
                    Case{11015, Reason::host_unreachable, "did not like"},
                    Case{11016, Reason::host_unreachable, "too busy"},
                    Case{11040, Reason::host_unreachable, "can't reach 10.0.0.1"},
                    Case{11041, Reason::host_unreachable, "maybe a routing loop"},
                    Case{11042, Reason::host_unreachable, "did not like"},
                    Case{11043, Reason::host_unreachable, "did not like"},
                    Case{11044, Reason::host_unreachable, "did not like"},
                    Case{11045, Reason::host_unreachable, "can't reach 10.0.0.1"}),
    name_of);

class OwnStatus : public testing::TestWithParam<Case> {};

TEST_P(OwnStatus, IsNoFaultOfOthers) {
  const Case& c = GetParam();
  const auto failure = echo_failure(c.status, kTarget, kSelf, {true, kSelf});
  ASSERT_TRUE(failure);
  EXPECT_EQ(to_string(failure->reason), to_string(c.reason));
  EXPECT_NE(failure->message.find(c.says), std::string::npos) << failure->message;
  EXPECT_EQ(failure->offender,
            c.reason == Reason::local_firewall ? std::optional(kSelf) : std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(
    IpStatus, OwnStatus,
    testing::Values(Case{11002, Reason::local_route, "no route to 10.0.0.1"},
                    Case{11003, Reason::host_unreachable, "a neighbour did not answer"},
                    Case{11004, Reason::local_firewall, "own firewall"},
                    Case{11005, Reason::local_firewall, "own firewall"},
                    Case{11009, Reason::local_error, "error 11009"},
                    Case{11013, Reason::host_unreachable, "ended on this host"},
                    Case{11040, Reason::host_unreachable, "a neighbour did not answer"}),
    name_of);

/// No answer at all: the system's own word, or the error of the call that should have sent.
class LocalStatus : public testing::TestWithParam<Case> {};

TEST_P(LocalStatus, HasAReason) {
  const Case& c = GetParam();
  const auto failure = echo_failure(c.status, kTarget, std::nullopt, {false, kSelf});
  ASSERT_TRUE(failure);
  EXPECT_EQ(to_string(failure->reason), to_string(c.reason));
  EXPECT_NE(failure->message.find(c.says), std::string::npos) << failure->message;
  EXPECT_EQ(failure->error_number, static_cast<int>(c.status));
}

INSTANTIATE_TEST_SUITE_P(
    IpStatus, LocalStatus,
    testing::Values(
        Case{11002, Reason::local_route, "no route"},
        Case{11003, Reason::host_unreachable, "a neighbour did not answer"},
        Case{11006, Reason::local_descriptors, "out of handles or memory"},
        Case{11018, Reason::local_route, "no route"},
        Case{11050, Reason::local_firewall, "own firewall"},
        Case{5, Reason::local_permission, "may not send pings"},
        Case{8, Reason::local_descriptors, "out of handles or memory"},
        Case{14, Reason::local_descriptors, "out of handles or memory"},
        Case{1450, Reason::local_descriptors, "out of handles or memory"},
        Case{10055, Reason::local_descriptors, "out of handles or memory"},
        Case{65, Reason::local_permission, "may not send pings"},
        Case{50, Reason::local_route, "this kind of address"},
        Case{120, Reason::local_route, "this kind of address"},
        Case{10047, Reason::local_route, "this kind of address"},
        Case{1214, Reason::local_route, "no route"}, Case{1231, Reason::local_route, "no route"},
        Case{1232, Reason::local_route, "no route"}, Case{10051, Reason::local_route, "no route"},
        Case{10065, Reason::local_route, "no route"},
        Case{10013, Reason::local_firewall, "own firewall"},
        Case{87, Reason::local_error, "error 87"}, Case{11001, Reason::local_error, "error 11001"},
        Case{11008, Reason::local_error, "error 11008"},
        Case{11011, Reason::local_error, "error 11011"}),
    name_of);

TEST(IpStatus, SuccessAndSilenceAreNoFailures) {
  EXPECT_FALSE(echo_failure(kIpSuccess, kTarget, kTarget, {}));
  EXPECT_FALSE(echo_failure(kIpRequestTimedOut, kTarget, std::nullopt, {}));
}

TEST(IpStatus, AGeneralFailureWithoutARouteIsTheRoutes) {
  const auto failure = echo_failure(11050, kTarget, std::nullopt, {});
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason, Reason::local_route);
  EXPECT_EQ(echo_failure(11003, kTarget, std::nullopt, {})->reason, Reason::local_route);
}

TEST(IpStatus, TheTargetItselfIsSaidToRefuse) {
  const auto failure = echo_failure(11005, kTarget, kTarget, {false, kSelf});
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->message, "the host itself rejects 10.0.0.1");
}

TEST(IpStatus, OnlyAnEndedHopLimitIsOne) {
  EXPECT_TRUE(is_hop_limit(11013));
  EXPECT_TRUE(is_hop_limit(11041));
  for (const std::uint32_t status : {0U, 11002U, 11010U, 11014U, 11050U}) {
    EXPECT_FALSE(is_hop_limit(status)) << status;
  }
}

/// The bytes of ICMPV6_ECHO_REPLY as ipexport.h lays it out on x86-64.
std::vector<std::byte> icmp6_reply(const IpAddress& from, std::uint32_t scope, std::uint32_t status,
                                   std::size_t payload) {
  std::vector<std::byte> bytes(36 + payload, std::byte{0x5a});
  std::memcpy(bytes.data() + 6, from.bytes.data(), 16);
  std::memcpy(bytes.data() + 22, &scope, 4);
  std::memcpy(bytes.data() + 28, &status, 4);
  return bytes;
}

TEST(Icmp6Reply, IsTakenApart) {
  const auto bytes = icmp6_reply(kTarget6, 3, 11013, 5);
  const auto reply = parse_icmp6_reply(bytes);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->from, kTarget6) << "a scope says nothing of an address that has none";
  EXPECT_EQ(reply->status, 11013U);
  EXPECT_EQ(reply->payload.size(), 5U);
  EXPECT_EQ(reply->payload.data(), bytes.data() + 36);
}

TEST(Icmp6Reply, ALinkLocalAddressKeepsItsScope) {
  const auto reply = parse_icmp6_reply(icmp6_reply(*IpAddress::parse("fe80::7"), 12, 0, 0));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->from.scope, 12U);
  EXPECT_TRUE(reply->payload.empty());
}

TEST(Icmp6Reply, CutShortIsNone) {
  const auto bytes = icmp6_reply(kTarget6, 0, 0, 0);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(parse_icmp6_reply(std::span(bytes).first(size))) << size;
  }
}

}  // namespace
}  // namespace reachd::net
