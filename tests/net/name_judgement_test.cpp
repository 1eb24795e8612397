#include <gtest/gtest.h>

#include "probes/net/resolver_worker.hpp"

namespace reachd::net {
namespace {

using namespace std::chrono_literals;
using Kind = FamilyAnswer::Kind;

FamilyAnswer addresses(IpAddress::Family family, int count, std::chrono::seconds ttl) {
  FamilyAnswer answer;
  answer.kind = Kind::addresses;
  answer.ttl = ttl;
  for (int index = 0; index < count; ++index) {
    IpAddress address = IpAddress::v4(static_cast<std::uint32_t>(index + 1));
    address.family = family;
    answer.addresses.push_back(address);
  }
  return answer;
}

FamilyAnswer only(Kind kind) {
  FamilyAnswer answer;
  answer.kind = kind;
  return answer;
}

Judgement judged(std::optional<FamilyAnswer> v4, std::optional<FamilyAnswer> v6) {
  Question question;
  question.name = "erp.example.com";
  question.v4 = std::move(v4);
  question.v6 = std::move(v6);
  return judge(question);
}

TEST(Judge, KeepsTheShorterTtlOfBothFamilies) {
  const auto both =
      judged(addresses(IpAddress::Family::v4, 1, 300s), addresses(IpAddress::Family::v6, 1, 30s));
  EXPECT_EQ(both.result->size(), 2u);
  EXPECT_EQ(both.keep, Duration(30s));
  EXPECT_EQ(judged(addresses(IpAddress::Family::v4, 1, 99999s), only(Kind::no_data)).keep,
            Duration(1h));
}

TEST(Judge, KeepsBothFamiliesWhenThereAreTooManyAddresses) {
  const auto both = judged(addresses(IpAddress::Family::v4, 40, 300s),
                           addresses(IpAddress::Family::v6, 40, 300s));
  ASSERT_EQ(both.result->size(), 16u);
  EXPECT_TRUE(both.result->front().is_v4());
  EXPECT_FALSE(both.result->back().is_v4());
  EXPECT_EQ(judged(addresses(IpAddress::Family::v4, 40, 300s), only(Kind::no_data)).result->size(),
            16u);
}

TEST(Judge, AddressesWinOverEveryTroubleOfTheOtherFamily) {
  for (const Kind kind : {Kind::nxdomain, Kind::timeout, Kind::unusable, Kind::failure}) {
    EXPECT_TRUE(judged(only(kind), addresses(IpAddress::Family::v6, 1, 60s)).result);
  }
}

TEST(Judge, TroubleIsNotTakenForNoAddress) {
  EXPECT_EQ(judged(only(Kind::no_data), only(Kind::no_data)).result.error().reason,
            Reason::dns_no_data);
  EXPECT_EQ(judged(only(Kind::no_data), only(Kind::timeout)).result.error().reason,
            Reason::dns_timeout);
  EXPECT_EQ(judged(only(Kind::no_data), only(Kind::unusable)).result.error().reason,
            Reason::dns_failure);
  EXPECT_EQ(judged(only(Kind::unusable), only(Kind::timeout)).result.error().reason,
            Reason::dns_failure)
      << "c-ares loses refusals of one question to another on the same socket";
  EXPECT_EQ(judged(std::nullopt, only(Kind::nxdomain)).result.error().reason, Reason::dns_nxdomain);
}

TEST(Judge, FailuresOfServersAreNotKept) {
  EXPECT_EQ(judged(only(Kind::timeout), only(Kind::timeout)).keep, Duration::zero());
  EXPECT_EQ(judged(only(Kind::unusable), only(Kind::unusable)).keep, Duration::zero());
  EXPECT_GT(judged(only(Kind::nxdomain), only(Kind::nxdomain)).keep, Duration::zero());
}

}  // namespace
}  // namespace reachd::net
