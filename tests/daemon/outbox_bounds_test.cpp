#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/daemon/outbox_fakes.hpp"

// What waits for a sink is bounded, and everybody is told of it.
namespace reachd::alert {
namespace {

using namespace std::chrono_literals;
using test::delivered;
using test::FakeSink;
using test::OutboxTest;
using test::retry;
using ::testing::ElementsAre;

TEST_F(OutboxTest, TheOldestGoWhereTooManyWait) {
  bool takes = false;
  const auto sink =
      std::make_shared<FakeSink>([&](const auto&) { return takes ? delivered() : retry(); });
  add("hook", sink);
  alerting.outbox.max_events = 3;
  begin();
  write_and_release({"a", "a", "a", "a", "a", "a", "a", "a", "a", "a"});
  ASSERT_TRUE(wait([&] { return observer.counts["hook failed"] > 0; }));
  EXPECT_EQ(observer.counts["hook dropped"], 7U);
  EXPECT_EQ(observer.pending["hook"], 3U);
  takes = true;
  ASSERT_TRUE(wait([&] { return sink->got.size() == 3; }));
  EXPECT_THAT(sink->got, ElementsAre("a8", "a9", "a10"));
  EXPECT_EQ(observer.counts["hook dropped"], 7U);
}

TEST_F(OutboxTest, WhatIsTooOldGoes) {
  const auto sink = std::make_shared<FakeSink>();
  add("hook", sink);
  alerting.outbox.max_age = 1h;
  begin();
  write("a", config::Severity::critical, 2h);
  write("b", config::Severity::critical, 61min);
  write("c", config::Severity::critical, 30min);
  outbox->release(last_sequence);
  ASSERT_TRUE(wait([&] { return !sink->got.empty(); }));
  EXPECT_THAT(sink->got, ElementsAre("c3"));
  EXPECT_EQ(observer.counts["hook dropped"], 2U);
}

TEST_F(OutboxTest, WhatBecomesTooOldWhileItWaitsGoes) {
  const auto sink = std::make_shared<FakeSink>([](const auto&) { return retry(); });
  add("hook", sink);
  alerting.outbox.max_age = 1h;
  begin();
  write("a", config::Severity::critical, 1h - 40ms);
  outbox->release(last_sequence);
  ASSERT_TRUE(wait([&] { return journal.cursors["hook"] == 1; }));
  EXPECT_EQ(observer.counts["hook dropped"], 1U);
  EXPECT_GE(observer.counts["hook failed"], 1U);
}

TEST_F(OutboxTest, WhatWaitsBeyondTheWindowIsCountedAndComesInOrder) {
  bool takes = false;
  const auto sink =
      std::make_shared<FakeSink>([&](const auto&) { return takes ? delivered() : retry(); });
  sink->most = 64;
  add("hook", sink);
  alerting.outbox.max_events = 900;
  begin();
  for (int i = 0; i < 2000; ++i) {
    write("a", i % 2 == 0 ? config::Severity::critical : config::Severity::info);
  }
  alerting.sinks.front().min_severity = config::Severity::critical;
  outbox->configure(alerting, "here");
  outbox->release(last_sequence);
  ASSERT_TRUE(wait([&] { return observer.counts["hook dropped"] == 100; }));
  EXPECT_TRUE(wait([&] { return observer.pending["hook"] == 900; }));
  EXPECT_GE(observer.oldest["hook"], 0ns);
  takes = true;
  ASSERT_TRUE(wait([&] { return sink->got.size() >= 900; }));
  ASSERT_TRUE(wait([&] { return observer.pending["hook"] == 0; }));
  EXPECT_EQ(sink->got.size(), 900U);
  for (std::size_t i = 0; i < sink->got.size(); ++i) {
    ASSERT_EQ(sink->got[i], "a" + std::to_string(2 * (100 + i) + 1));
  }
  EXPECT_EQ(observer.counts["hook dropped"], 100U);
}

TEST_F(OutboxTest, SideBySideHoweverManyAreTriedInVainTheOthersGoOn) {
  bool takes = false;
  std::map<std::string, int> tries;
  const auto sink = std::make_shared<FakeSink>([&](const event::Event& event) {
    ++tries[event.check->id];
    return takes || event.check->id == "good" ? delivered() : retry();
  });
  sink->beside = true;
  sink->most = 4;
  add("hook", sink);
  begin();
  for (int i = 0; i < 300; ++i) {
    write("bad-" + std::to_string(i) + "-");
  }
  for (int i = 0; i < 600; ++i) {
    write("bad-0-");
  }
  write_and_release({"good"});
  ASSERT_TRUE(wait([&] { return sink->got.size() == 1; }));
  EXPECT_THAT(sink->got, ElementsAre("good901"));
  ASSERT_TRUE(wait([&] {
    return tries.size() == 301 && std::ranges::all_of(tries, [](const auto& entry) {
             return entry.first == "good" || entry.second >= 3;
           });
  })) << "all of them are tried again, not the first few only";
  for (const auto& call : sink->calls) {
    EXPECT_LE(call.size(), sink->most);
  }
  EXPECT_EQ(journal.cursors["hook"], 0);
  takes = true;
  ASSERT_TRUE(wait([&] { return journal.cursors["hook"] == 901; }));
  EXPECT_EQ(sink->got.size(), 901U);
  EXPECT_EQ(observer.pending["hook"], 0U);
}

TEST_F(OutboxTest, SideBySideWhatHangsAgainAndAgainDoesNotSlowDownWhatIsNew) {
  const auto sink = std::make_shared<FakeSink>([](const event::Event& event) {
    return event.check->id.starts_with("bad") ? retry() : delivered();
  });
  sink->beside = true;
  sink->most = 4;
  add("hook", sink);
  begin();
  write_and_release({"bad-a", "bad-b"});
  ASSERT_TRUE(wait([&] { return observer.counts["hook failed"] >= 4; }));
  for (int i = 0; i < 40; ++i) {
    write("good-" + std::to_string(i) + "-");
  }
  outbox->release(last_sequence);
  ASSERT_TRUE(wait([&] { return sink->got.size() == 40; }));
  for (const auto& call : sink->calls) {
    EXPECT_TRUE(
        std::ranges::all_of(call,
                            [](const std::string& text) { return text.starts_with("bad"); }) ||
        std::ranges::none_of(call, [](const std::string& text) { return text.starts_with("bad"); }))
        << ::testing::PrintToString(call);
  }
}

TEST_F(OutboxTest, SideBySideTheReceiversWishIsForEverything) {
  using Time = std::chrono::steady_clock::time_point;
  struct Seen {
    std::vector<Time> others;
    Time wished{};
  };
  // The sink's, which tries what is bad again until the fixture ends it.
  const auto seen = std::make_shared<Seen>();
  const auto sink = std::make_shared<FakeSink>();
  sink->answer = [seen](const event::Event& event) {
    if (event.check->id != "bad") {
      seen->others.push_back(std::chrono::steady_clock::now());
      return delivered();
    }
    Receipt receipt = retry();
    if (seen->others.size() == 1 && seen->wished == Time()) {
      receipt.retry_after = 60ms;
      seen->wished = std::chrono::steady_clock::now();
    }
    return receipt;
  };
  sink->beside = true;
  add("hook", sink);
  begin();
  write_and_release({"bad", "good"});
  ASSERT_TRUE(wait([&] { return seen->wished != Time(); }));
  write_and_release({"good"});
  ASSERT_TRUE(wait([&] { return seen->others.size() == 2; }));
  EXPECT_GE(seen->others[1] - seen->wished, 60ms);
}

TEST_F(OutboxTest, WhatTheJournalLostIsDroppedAndCounted) {
  const auto sink = std::make_shared<FakeSink>();
  add("hook", sink);
  begin();
  for (int i = 0; i < 6; ++i) {
    write("a");
  }
  for (const std::int64_t lost : {3, 4, 5}) {
    journal.rows.erase(lost);
  }
  outbox->release(last_sequence);
  ASSERT_TRUE(wait([&] { return sink->got.size() == 3; }));
  EXPECT_THAT(sink->got, ElementsAre("a1", "a2", "a6"));
  EXPECT_EQ(observer.counts["hook dropped"], 3U);
}

TEST_F(OutboxTest, WhatTheJournalLostAfterItWasCountedIsNotCountedTwice) {
  bool takes = false;
  const auto sink =
      std::make_shared<FakeSink>([&](const auto&) { return takes ? delivered() : retry(); });
  sink->most = 64;
  add("hook", sink);
  begin();
  for (int i = 0; i < 600; ++i) {
    write("a");
  }
  outbox->release(last_sequence);
  ASSERT_TRUE(wait([&] { return observer.pending["hook"] == 600; }));
  journal.rows.erase(journal.rows.find(500), journal.rows.find(510));
  takes = true;
  ASSERT_TRUE(wait([&] { return sink->got.size() == 590; }));
  ASSERT_TRUE(wait([&] { return journal.cursors["hook"] == 600; }));
  EXPECT_EQ(observer.counts["hook dropped"], 10U);
  EXPECT_EQ(observer.pending["hook"], 0U);
}

TEST_F(OutboxTest, AJournalThatNumbersAnewHasLostNothing) {
  const auto sink = std::make_shared<FakeSink>();
  add("hook", sink);
  begin();
  last_sequence += 1'700'000'000'000'000;
  write_and_release({"a"});
  ASSERT_TRUE(wait([&] { return sink->got.size() == 1; }));
  EXPECT_EQ(observer.counts["hook dropped"], 0U);
}

TEST_F(OutboxTest, TheAgeOfWhatWaitsIsToldAgain) {
  const auto sink = std::make_shared<FakeSink>();
  sink->hangs = true;
  add("hook", sink);
  begin();
  write_and_release({"a"});
  ASSERT_TRUE(wait([&] { return observer.pending["hook"] == 1; }));
  const Duration first = observer.oldest["hook"];
  EXPECT_TRUE(wait([&] { return observer.oldest["hook"] > first + 10ms; }));
}

}  // namespace
}  // namespace reachd::alert
