#include "daemon/engine/merge.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "daemon/engine/addresses.hpp"

namespace reachd::engine {
namespace {

using namespace std::chrono_literals;

IpAddress address(const char* text) { return IpAddress::parse(text).value(); }

Outcome part(const char* host, Reason reason, Duration total = 1ms) {
  Outcome outcome;
  outcome.reason = reason;
  outcome.message = std::string(to_string(reason));
  outcome.timings.total = total;
  Attempt& attempt = outcome.attempts.emplace_back();
  attempt.endpoint = Endpoint{address(host), 443};
  attempt.reason = reason;
  return outcome;
}

Outcome merged(std::vector<Outcome> parts) { return merge_outcomes(parts); }

TEST(Merge, OneGoodAddressIsEnoughButDegraded) {
  const Outcome outcome = merged({part("10.0.0.1", Reason::refused), part("10.0.0.2", Reason::ok),
                                  part("10.0.0.3", Reason::timeout)});
  EXPECT_TRUE(outcome.success());
  EXPECT_TRUE(outcome.degraded);
  EXPECT_EQ(outcome.message, "2 of 3 addresses fail: 10.0.0.1:443 refused, 10.0.0.3:443 timeout");
  ASSERT_EQ(outcome.attempts.size(), 3U);
  EXPECT_EQ(outcome.attempts[0].reason, Reason::refused);
}

TEST(Merge, AllGoodIsGoodAndTheSlowestSpeaks) {
  const Outcome outcome =
      merged({part("10.0.0.1", Reason::ok, 5ms), part("10.0.0.2", Reason::ok, 9ms)});
  EXPECT_TRUE(outcome.success());
  EXPECT_FALSE(outcome.degraded);
  EXPECT_EQ(outcome.timings.total, 9ms);
}

TEST(Merge, TheFirstFailureSpeaksWhenAllFail) {
  const Outcome outcome =
      merged({part("10.0.0.1", Reason::refused), part("10.0.0.2", Reason::timeout, 5s)});
  EXPECT_EQ(outcome.reason, Reason::refused);
  EXPECT_EQ(outcome.timings.total, 5s);
}

TEST(Merge, AFaultOfOurOwnNeitherDegradesNorHidesAFailure) {
  EXPECT_FALSE(
      merged({part("2001:db8::1", Reason::local_route), part("10.0.0.1", Reason::ok)}).degraded);
  EXPECT_EQ(
      merged({part("2001:db8::1", Reason::local_route), part("10.0.0.1", Reason::refused)}).reason,
      Reason::refused);
  EXPECT_EQ(
      merged({part("10.0.0.1", Reason::local_descriptors), part("10.0.0.2", Reason::local_route)})
          .reason,
      Reason::local_descriptors);
}

TEST(Merge, TheCertificateThatEndsFirstIsKept) {
  const auto with = [](const char* host, Duration left) {
    Outcome outcome = part(host, Reason::ok);
    auto tls = std::make_shared<TlsFacts>();
    tls->chain.emplace_back().not_after = WallTime() + left;
    outcome.tls = std::move(tls);
    return outcome;
  };
  const Outcome outcome = merged({with("10.0.0.1", 90h), with("10.0.0.2", 9h)});
  EXPECT_EQ(outcome.tls->chain.front().not_after, WallTime() + 9h);
}

TEST(Merge, ARevokedCertificateIsKeptBeforeTheOneThatEndsFirst) {
  const auto with = [](Duration left, RevocationStatus status) {
    Outcome outcome = part("10.0.0.1", Reason::ok);
    auto tls = std::make_shared<TlsFacts>();
    tls->chain.emplace_back().not_after = WallTime() + left;
    tls->revocation = RevocationFacts{};
    tls->revocation->status = status;
    outcome.tls = std::move(tls);
    return outcome;
  };
  const Outcome bad = with(90h, RevocationStatus::revoked);
  const Outcome good = with(9h, RevocationStatus::unknown);
  EXPECT_EQ(merged({bad, good}).tls->chain.front().not_after, WallTime() + 90h);
  EXPECT_EQ(merged({good, bad}).tls->chain.front().not_after, WallTime() + 90h);
}

class Addresses : public ::testing::Test {
 protected:
  static std::vector<IpAddress> choose(config::AddressPolicy policy, bool route4 = true,
                                       bool route6 = true) {
    return choose_addresses(
        {address("10.0.0.1"), address("10.0.0.2"), address("2001:db8::1"), address("2001:db8::2")},
        policy, [=](const IpAddress& one) { return one.is_v4() ? route4 : route6; });
  }
};

TEST_F(Addresses, ThePolicyDecides) {
  using Policy = config::AddressPolicy;
  EXPECT_EQ(choose(Policy::first), std::vector{address("10.0.0.1")});
  EXPECT_EQ(choose(Policy::each_family),
            (std::vector{address("10.0.0.1"), address("2001:db8::1")}));
  EXPECT_EQ(choose(Policy::all).size(), 4U);
}

TEST_F(Addresses, AFamilyWithoutARouteIsSkipped) {
  using Policy = config::AddressPolicy;
  EXPECT_EQ(choose(Policy::first, false, true), std::vector{address("2001:db8::1")});
  EXPECT_EQ(choose(Policy::all, true, false),
            (std::vector{address("10.0.0.1"), address("10.0.0.2")}));
  EXPECT_EQ(choose(Policy::all, false, false).size(), 4U);
}

TEST_F(Addresses, ANameWithOneFamilyIsProbedEvenWithoutARoute) {
  const auto never = [](const IpAddress&) { return false; };
  EXPECT_EQ(choose_addresses({address("2001:db8::1")}, config::AddressPolicy::all, never).size(),
            1U);
}

TEST_F(Addresses, AtMostSixteen) {
  std::vector<IpAddress> many;
  many.reserve(40);
  for (std::uint32_t i = 0; i < 40; ++i) {
    many.push_back(IpAddress::v4(0x0a000000 + i));
  }
  EXPECT_EQ(choose_addresses(many, config::AddressPolicy::all, {}).size(), kMaxAddresses);
}

}  // namespace
}  // namespace reachd::engine
