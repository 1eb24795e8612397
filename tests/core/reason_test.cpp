#include "probes/core/reason.hpp"

#include <gtest/gtest.h>

#include <set>

namespace reachd {
namespace {

TEST(Reason, EveryOneHasItsOwnWordAndMeaning) {
  std::set<std::string_view> words;
  for (std::size_t index = 0; index < kReasonCount; ++index) {
    const auto reason = static_cast<Reason>(index);
    EXPECT_FALSE(to_string(reason).empty());
    EXPECT_FALSE(describe(reason).empty());
    EXPECT_TRUE(words.insert(to_string(reason)).second) << to_string(reason);
    EXPECT_EQ(parse_reason(to_string(reason)), reason);
  }
  EXPECT_FALSE(parse_reason("closed"));
}

TEST(Reason, LocalFirewallCountsAgainstTheTargetOtherLocalFaultsDoNot) {
  EXPECT_FALSE(is_local_fault(Reason::local_firewall));
  EXPECT_TRUE(is_local_fault(Reason::local_descriptors));
  EXPECT_TRUE(is_local_fault(Reason::local_route));
  EXPECT_FALSE(is_local_fault(Reason::ok));
  EXPECT_FALSE(is_local_fault(Reason::timeout));
}

TEST(Reason, EndsInThePhaseOfTheContract) {
  EXPECT_EQ(usual_phase(Reason::refused), Phase::connect);
  EXPECT_EQ(usual_phase(Reason::dns_timeout), Phase::resolve);
  EXPECT_EQ(usual_phase(Reason::tls_name), Phase::tls);
  EXPECT_EQ(usual_phase(Reason::http_status), Phase::request);
  EXPECT_EQ(usual_phase(Reason::wrong_address), Phase::listen);
}

}  // namespace
}  // namespace reachd
