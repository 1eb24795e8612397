#include "daemon/engine/verdict.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <span>
#include <vector>

namespace reachd::engine {
namespace {

using namespace std::chrono_literals;

const TimePoint kStart = TimePoint() + 1000h;
const WallTime kToday = WallTime() + 24h * 20'000;

Outcome outcome_of(Reason reason) {
  Outcome outcome;
  outcome.reason = reason;
  return outcome;
}

Outcome with_certificate(Duration left) {
  Outcome outcome;
  auto tls = std::make_shared<TlsFacts>();
  tls->chain.emplace_back().not_after = kToday + left;
  tls->chain.emplace_back().not_after = kToday + 1h;
  outcome.tls = std::move(tls);
  return outcome;
}

/// Feeds one proof a second with the default timing (down_after 3, up_after 2).
class Machine {
 public:
  VerdictMachine::Step feed(Proof proof, Duration after = 1s) {
    now_ += after;
    return machine_.observe(proof, timing, now_);
  }
  Verdict feed_all(std::initializer_list<Proof> proofs) {
    for (const Proof proof : proofs) {
      feed(proof);
    }
    return verdict();
  }
  Verdict verdict() const { return machine_.verdict(); }

  config::Timing timing;

 private:
  VerdictMachine machine_;
  TimePoint now_ = kStart;
};

constexpr auto kBad = Proof::failure;
constexpr auto kGood = Proof::success;
constexpr auto kFlawed = Proof::degraded;
constexpr auto kNothing = Proof::none;

TEST(Verdict, TheFirstSuccessIsBelievedAtOnce) {
  Machine machine;
  const auto step = machine.feed(kGood);
  EXPECT_EQ(machine.verdict(), Verdict::up);
  EXPECT_EQ(step.from, Verdict::unknown);
  EXPECT_FALSE(step.confirm);
}

TEST(Verdict, TheFirstFailuresAreConfirmed) {
  Machine machine;
  EXPECT_TRUE(machine.feed(kBad).confirm);
  EXPECT_TRUE(machine.feed(kBad).confirm);
  EXPECT_EQ(machine.verdict(), Verdict::unknown);
  const auto step = machine.feed(kBad);
  EXPECT_EQ(step.from, Verdict::unknown);
  EXPECT_EQ(machine.verdict(), Verdict::down);
  EXPECT_FALSE(step.confirm);
}

TEST(Verdict, OneFailureIsNotDown) {
  Machine machine;
  EXPECT_EQ(machine.feed_all({kGood, kBad, kBad, kGood, kBad, kBad}), Verdict::up);
}

TEST(Verdict, FailuresInARowAreDown) {
  Machine machine;
  EXPECT_EQ(machine.feed_all({kGood, kBad, kBad, kBad}), Verdict::down);
}

TEST(Verdict, RecoveryIsConfirmedToo) {
  Machine machine;
  machine.feed_all({kBad, kBad, kBad});
  EXPECT_TRUE(machine.feed(kGood).confirm);
  EXPECT_EQ(machine.verdict(), Verdict::down);
  EXPECT_EQ(machine.feed(kGood).from, Verdict::down);
  EXPECT_EQ(machine.verdict(), Verdict::up);
}

TEST(Verdict, AFlawedSuccessRecoversAsWell) {
  Machine machine;
  EXPECT_EQ(machine.feed_all({kBad, kBad, kBad, kGood, kFlawed}), Verdict::degraded);
}

TEST(Verdict, UpTurnsDegradedAndBackAfterARow) {
  Machine machine;
  EXPECT_EQ(machine.feed_all({kGood, kFlawed, kGood, kFlawed}), Verdict::up);
  EXPECT_EQ(machine.feed_all({kFlawed}), Verdict::degraded);
  EXPECT_EQ(machine.feed_all({kGood}), Verdict::degraded);
  EXPECT_EQ(machine.feed_all({kGood}), Verdict::up);
}

TEST(Verdict, WhatProvesNothingNeitherBreaksARowNorAddsToIt) {
  Machine machine;
  EXPECT_EQ(machine.feed_all({kGood, kBad, kNothing, kBad, kNothing}), Verdict::up);
  EXPECT_EQ(machine.feed_all({kBad}), Verdict::down);
}

TEST(Verdict, AVerdictWithoutProofGoesStale) {
  Machine machine;
  machine.timing.interval = 10s;
  machine.timing.stale_after = 5;
  machine.feed(kGood);
  EXPECT_FALSE(machine.feed(kNothing, 49s).from);
  EXPECT_EQ(machine.feed(kNothing, 1s).from, Verdict::up);
  EXPECT_EQ(machine.verdict(), Verdict::unknown);
  EXPECT_EQ(machine.feed_all({kGood}), Verdict::up);
}

TEST(Verdict, ThresholdsOfOneNeedNoConfirmation) {
  Machine machine;
  machine.timing.down_after = 1;
  machine.timing.up_after = 1;
  EXPECT_FALSE(machine.feed(kBad).confirm);
  EXPECT_EQ(machine.verdict(), Verdict::down);
  EXPECT_EQ(machine.feed_all({kGood}), Verdict::up);
}

TEST(Judge, LocalFaultsProveNothingButTheLocalFirewallDoes) {
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    const Proof proof = judge(outcome_of(reason), {}, true, kToday);
    if (is_local_fault(reason)) {
      EXPECT_EQ(proof, Proof::none) << to_string(reason);
    } else {
      EXPECT_EQ(proof, reason == Reason::ok ? Proof::success : Proof::failure) << to_string(reason);
    }
  }
  EXPECT_EQ(judge(outcome_of(Reason::local_firewall), {}, false, kToday), Proof::failure);
}

TEST(Judge, SilenceAfterUdpProvesNothingUnlessThereWereReplies) {
  EXPECT_EQ(judge(outcome_of(Reason::no_reply), {}, false, kToday), Proof::none);
  EXPECT_EQ(judge(outcome_of(Reason::no_reply), {}, true, kToday), Proof::failure);
}

TEST(Judge, SilenceIsAFailureWhereTheProtocolOwesAReply) {
  Outcome outcome = outcome_of(Reason::no_reply);
  outcome.reply_owed = true;
  EXPECT_EQ(judge(outcome, {}, false, kToday), Proof::failure);
}

TEST(Judge, SlownessAndCertificatesNearTheirEndAreDegraded) {
  config::Timing timing;
  timing.degraded_above = 500ms;
  timing.certificate_near_end = 24h * 7;
  Outcome slow;
  slow.timings.total = 501ms;
  EXPECT_EQ(judge(slow, timing, false, kToday), Proof::degraded);
  EXPECT_NE(why_degraded(slow, timing, kToday), "");
  slow.timings.total = 500ms;
  EXPECT_EQ(judge(slow, timing, false, kToday), Proof::success);
  EXPECT_EQ(why_degraded(slow, timing, kToday), "");
  EXPECT_EQ(judge(with_certificate(24h * 6), timing, false, kToday), Proof::degraded);
  EXPECT_EQ(judge(with_certificate(24h * 8), timing, false, kToday), Proof::success);
  Outcome partly;
  partly.degraded = true;
  EXPECT_EQ(judge(partly, timing, false, kToday), Proof::degraded);
}

/// The contract's words, recomputed from the whole history of proofs since the last change.
class Model {
 public:
  Verdict observe(Proof proof, const config::Timing& timing, TimePoint now) {
    if (proof == Proof::none) {
      if (verdict_ != Verdict::unknown && now - proved_ >= timing.interval * timing.stale_after) {
        change(Verdict::unknown);
      }
      return verdict_;
    }
    proved_ = now;
    history_.push_back(proof);
    const auto last_are = [&](std::size_t count, auto&& matches) {
      return history_.size() >= count &&
             std::ranges::all_of(std::span(history_).last(count), matches);
    };
    const auto is = [](Proof wanted) { return [wanted](Proof p) { return p == wanted; }; };
    const auto good = [](Proof p) { return p != Proof::failure; };
    const Verdict kind = proof == Proof::success ? Verdict::up : Verdict::degraded;
    if (verdict_ != Verdict::down && last_are(timing.down_after, is(Proof::failure))) {
      change(Verdict::down);
    } else if (verdict_ == Verdict::unknown && good(proof)) {
      change(kind);
    } else if (verdict_ == Verdict::down && last_are(timing.up_after, good)) {
      change(kind);
    } else if (verdict_ != Verdict::down && good(proof) && kind != verdict_ &&
               last_are(timing.up_after, is(proof))) {
      change(kind);
    }
    return verdict_;
  }

 private:
  void change(Verdict verdict) {
    verdict_ = verdict;
    history_.clear();
  }
  Verdict verdict_ = Verdict::unknown;
  TimePoint proved_{};
  std::vector<Proof> history_;
};

TEST(Verdict, AgreesWithTheModelOnRandomHistories) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int history = 0; history < 2000; ++history) {
    config::Timing timing;
    timing.interval = 10s;
    timing.down_after = static_cast<std::uint16_t>(1 + random() % 5);
    timing.up_after = static_cast<std::uint16_t>(1 + random() % 4);
    timing.stale_after = static_cast<std::uint16_t>(1 + random() % 5);
    VerdictMachine machine;
    Model model;
    TimePoint now = kStart;
    Proof proof = kGood;
    for (int step = 0; step < 200; ++step) {
      now += 1s + random() % 20 * 1s;
      if (random() % 3 == 0) {  // rows have to happen, so change the kind only sometimes
        proof = static_cast<Proof>(random() % 4);
      }
      const Verdict before = machine.verdict();
      const auto result = machine.observe(proof, timing, now);
      ASSERT_EQ(machine.verdict(), model.observe(proof, timing, now)) << history << '.' << step;
      ASSERT_EQ(result.from.has_value(), before != machine.verdict());
      ASSERT_EQ(result.confirm, machine.confirming());
    }
  }
}

}  // namespace
}  // namespace reachd::engine
