#include "daemon/journal/journal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <numeric>

#include "tests/daemon/journal_fixture.hpp"

namespace reachd::journal {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

struct Opened {
  explicit Opened(const Options& options, const Clock& clock = system_clock())
      : journal(open_journal(options, clock, ear)) {}
  Ear ear;
  std::unique_ptr<Journal> journal;
};

TEST(Journal, IsEmptyWhereNothingEverRan) {
  const Folder folder;
  Opened opened(options_for(folder));
  const Kept kept = opened.journal->take_kept();
  EXPECT_EQ(kept.last_sequence, 0);
  EXPECT_THAT(kept.checks, IsEmpty());
  EXPECT_THAT(kept.alerts, IsEmpty());
  EXPECT_THAT(opened.journal->next_events(0, 10), IsEmpty());
}

TEST(Journal, HasOneWriterAtATime) {
  const Folder folder;
  {
    Opened first(options_for(folder));
    EXPECT_TRUE(write_and_wait(*first.journal, event_entry(1)));
    try {
      Opened second(options_for(folder));
      ADD_FAILURE() << "two would number their events alike";
    } catch (const FolderInUse& error) {
      EXPECT_EQ(std::string(error.what()), "another reachd uses state_dir " + folder.path());
    }
    EXPECT_TRUE(write_and_wait(*first.journal, event_entry(2)));
    EXPECT_TRUE(open_reading(folder.path())) << "who only reads is no second writer";
    first.journal->close(5s);
    Opened next(options_for(folder));
    EXPECT_EQ(next.journal->take_kept().last_sequence, 2);
  }
}

TEST(Journal, RemembersStateAcrossARestart) {
  const Folder folder;
  {
    Opened opened(options_for(folder));
    Entry entry = event_entry(1);
    entry.checks.push_back({.check = "web",
                            .name = "Web",
                            .product = "p",
                            .device = "d",
                            .state = 3,
                            .since = WallTime(5s),
                            .has_been_up = true,
                            .extra = "{}"});
    CheckRow old;
    old.check = "old";
    entry.checks.push_back(old);
    entry.alerts.push_back({.key = "A|web", .body = R"({"a":1})"});
    entry.alerts.push_back({.key = "A|old", .body = R"({"a":2})"});
    entry.cursors.push_back({.sink = "hook", .sequence = 1});
    EXPECT_TRUE(write_and_wait(*opened.journal, std::move(entry)));
    Entry gone;
    gone.checks_gone.push_back("old");
    gone.alerts_gone.push_back("A|old");
    gone.alerts.push_back({.key = "A|web", .body = R"({"a":3})"});
    EXPECT_TRUE(write_and_wait(*opened.journal, std::move(gone)));
  }
  Opened opened(options_for(folder));
  const Kept kept = opened.journal->take_kept();
  EXPECT_EQ(kept.last_sequence, 1);
  EXPECT_EQ(kept.last_event_id, event_row(1).id);
  ASSERT_THAT(kept.checks, SizeIs(1));
  EXPECT_EQ(kept.checks[0].check, "web");
  EXPECT_EQ(kept.checks[0].name, "Web");
  EXPECT_EQ(kept.checks[0].product, "p");
  EXPECT_EQ(kept.checks[0].device, "d");
  EXPECT_EQ(kept.checks[0].state, 3);
  EXPECT_EQ(kept.checks[0].since, WallTime(5s));
  EXPECT_TRUE(kept.checks[0].has_been_up);
  EXPECT_EQ(kept.checks[0].extra, "{}");
  ASSERT_THAT(kept.alerts, SizeIs(1));
  EXPECT_EQ(kept.alerts[0].key, "A|web");
  EXPECT_EQ(kept.alerts[0].body, R"({"a":3})");
  ASSERT_THAT(kept.cursors, SizeIs(1));
  EXPECT_EQ(kept.cursors[0].sink, "hook");
  EXPECT_EQ(kept.cursors[0].sequence, 1);
}

TEST(Journal, AnswersInTheOrderOfTheCallsOnceTheEventIsInTheFile) {
  const Folder folder;
  Opened opened(options_for(folder));
  std::vector<int> order;
  std::vector<std::size_t> in_file;
  std::promise<void> last;
  constexpr int kWrites = 200;
  for (int i = 1; i <= kWrites; ++i) {
    opened.journal->write(event_entry(i), [&, i](bool durable) {
      EXPECT_TRUE(durable);
      order.push_back(i);
      if (i % 50 == 0) {
        const auto file = open_reading(folder.path());
        EXPECT_TRUE(file);
        EXPECT_GE((*file)->last_sequence(), i);
      }
      if (i == kWrites) {
        last.set_value();
      }
    });
  }
  ASSERT_EQ(last.get_future().wait_for(Ear::kGuard), std::future_status::ready);
  std::vector<int> expected(kWrites);
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(order, expected);
}

TEST(Journal, ClosingWritesWhatIsQueued) {
  const Folder folder;
  {
    Opened opened(options_for(folder));
    for (int i = 1; i <= 1000; ++i) {
      opened.journal->write(event_entry(i));
    }
    opened.journal->close(10s);
  }
  const auto file = open_reading(folder.path());
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->last_sequence(), 1000);
}

TEST(Journal, NextEventsCrossTheBorderBetweenDiskAndMemory) {
  const Folder folder;
  {
    Opened opened(options_for(folder));
    for (int i = 1; i <= 100; ++i) {
      opened.journal->write(event_entry(i));
    }
  }
  Opened opened(options_for(folder));
  for (int i = 101; i <= 150; ++i) {
    opened.journal->write(event_entry(i));
  }
  std::vector<std::int64_t> seen;
  for (std::int64_t cursor = 0; cursor < 150;) {
    const auto next = opened.journal->next_events(cursor, 7);
    ASSERT_FALSE(next.empty());
    for (const EventRow& event : next) {
      EXPECT_EQ(event.body, event_row(event.sequence).body);
      seen.push_back(event.sequence);
    }
    cursor = seen.back();
  }
  std::vector<std::int64_t> expected(150);
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(seen, expected);
  EXPECT_THAT(opened.journal->next_events(150, 7), IsEmpty());
}

TEST(Journal, ThoseWhoMustNotWaitHaveTheDiskReadForThem) {
  const Folder folder;
  {
    Opened opened(options_for(folder));
    opened.journal->write(event_entry(1));
    opened.journal->write(event_entry(2));
  }
  Opened opened(options_for(folder));
  opened.journal->write(event_entry(3));
  EXPECT_FALSE(opened.journal->recent_events(0, 10));
  EXPECT_THAT(sequences(opened.journal->recent_events(2, 10).value()), ElementsAre(3));
  std::promise<std::vector<EventRow>> fetched;
  opened.journal->fetch_events(
      0, 10, [&](std::vector<EventRow> events) { fetched.set_value(std::move(events)); });
  EXPECT_THAT(sequences(fetched.get_future().get()), ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace reachd::journal
