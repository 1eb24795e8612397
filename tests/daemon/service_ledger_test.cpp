#include "daemon/platform/service_ledger.hpp"

#include <gtest/gtest.h>

namespace reachd::platform {
namespace {

using State = ServiceLedger::State;

TEST(ServiceLedger, RunsOnlyOnceItHasStarted) {
  ServiceLedger ledger;
  EXPECT_EQ(ledger.now().state, State::start_pending);
  EXPECT_EQ(ledger.now().checkpoint, 1u);
  const auto running = ledger.running();
  ASSERT_TRUE(running);
  EXPECT_EQ(running->state, State::running);
  EXPECT_EQ(running->checkpoint, 0u);
  EXPECT_EQ(running->wait.count(), 0);
  EXPECT_FALSE(ledger.running()) << "a reload is no news";
  EXPECT_FALSE(ledger.still_pending());
}

TEST(ServiceLedger, NeverRunsAgainOnceItStops) {
  ServiceLedger ledger;
  ledger.running();
  const auto stopping = ledger.stopping();
  ASSERT_TRUE(stopping);
  EXPECT_EQ(stopping->state, State::stop_pending);
  EXPECT_EQ(stopping->checkpoint, 1u);
  EXPECT_GT(stopping->wait, ServiceLedger::kEvery);
  EXPECT_FALSE(ledger.stopping());
  EXPECT_FALSE(ledger.running()) << "a reload that ends while it stops";
}

TEST(ServiceLedger, CheckpointsOnlyGrowAndEnd) {
  ServiceLedger ledger;
  std::uint32_t last = ledger.now().checkpoint;
  std::uint32_t count = 1;
  while (const auto next = ledger.still_pending()) {
    EXPECT_EQ(next->state, State::start_pending);
    EXPECT_EQ(next->checkpoint, last + 1);
    last = next->checkpoint;
    ++count;
  }
  EXPECT_EQ(count, ServiceLedger::kMostStarting) << "whoever hangs is not to look alive";
  ledger.stopping();
  EXPECT_EQ(ledger.still_pending()->checkpoint, 2u);
}

TEST(ServiceLedger, IsStoppedOnceAndSaysWhetherItFailed) {
  ServiceLedger asked;
  asked.running();
  asked.stopping();
  const auto clean = asked.stopped(0);
  ASSERT_TRUE(clean);
  EXPECT_EQ(clean->state, State::stopped);
  EXPECT_FALSE(clean->failed);
  EXPECT_FALSE(asked.stopped(1));
  EXPECT_FALSE(asked.stopping());
  EXPECT_FALSE(asked.running());
  EXPECT_FALSE(asked.still_pending());

  ServiceLedger failing;  // straight from the start: a bad configuration
  EXPECT_EQ(failing.stopped(2)->failed, 2u);
}

}  // namespace
}  // namespace reachd::platform
