// What the journal says about time: runs, restarts, kills, clocks that are set, and what is too
// old.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "daemon/journal/disk.hpp"
#include "daemon/journal/file_reading.hpp"
#include "daemon/journal/journal.hpp"
#include "daemon/journal/store.hpp"
#include "daemon/journal/trim.hpp"
#include "tests/daemon/journal_fixture.hpp"

namespace reachd::journal {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Entry transition(const std::string& check, WallTime time, std::uint8_t state) {
  Entry entry;
  entry.transitions.push_back({.check = check, .time = time, .state = state});
  return entry;
}

CheckRow check_row(const std::string& check) {
  CheckRow row;
  row.check = check;
  row.name = "name of " + check;
  row.product = "p";
  return row;
}

/// Of the only check there is.
Availability only(const Reading& reading, WallTime from, WallTime to) {
  const auto rows = reading.availability(from, to, 0);
  EXPECT_TRUE(rows) << rows.error();
  EXPECT_EQ(rows->size(), 1U);
  return rows && rows->size() == 1 ? rows->front() : Availability{};
}

TEST(JournalRuns, BetweenTwoRunsNothingIsObserved) {
  const Folder folder;
  HandClock clock;
  const WallTime begin = clock.wall_now();
  {
    Ear ear;
    const auto journal = open_journal(options_for(folder), clock, ear);
    clock.pass(10s);
    Entry entry = transition("web", clock.wall_now(), 1);
    entry.checks.push_back(check_row("web"));
    EXPECT_TRUE(write_and_wait(*journal, std::move(entry)));
    clock.pass(50s);
    EXPECT_TRUE(write_and_wait(*journal, transition("web", clock.wall_now(), 3)));
    clock.pass(20s);
    EXPECT_EQ(only(journal->reading(), begin, clock.wall_now()).down, 20s);
  }
  clock.pass(100s);
  Ear ear;
  const auto journal = open_journal(options_for(folder), clock, ear);
  clock.pass(5s);
  EXPECT_TRUE(write_and_wait(*journal, transition("web", clock.wall_now(), 1)));
  clock.pass(15s);
  const Availability row = only(journal->reading(), begin, clock.wall_now());
  EXPECT_EQ(row.name, "name of web");
  EXPECT_EQ(row.product, "p");
  EXPECT_EQ(row.up, 50s + 15s);
  EXPECT_EQ(row.down, 20s);
  EXPECT_EQ(row.not_observed, 10s + 100s + 5s);
  // The same from the file alone, once it is closed.
  journal->close(10s);
  EXPECT_EQ(only(*make_file_reading(folder.path(), clock), begin, clock.wall_now()).up, 65s);
}

TEST(JournalRuns, AKilledRunEndsAtItsLastCommit) {
  const Folder folder;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    HandClock clock;
    Ear ear;
    const auto journal = open_journal(options_for(folder), clock, ear);
    write_and_wait(*journal, transition("web", clock.wall_now(), 1));
    clock.pass(40s);
    Entry entry = event_entry(1);
    entry.alerts.push_back({.key = "A|web", .body = "{}"});
    write_and_wait(*journal, std::move(entry));
    clock.pass(15s);
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));

  HandClock clock;
  const WallTime begin = clock.wall_now();
  clock.pass(1h);
  Ear ear;
  const auto journal = open_journal(options_for(folder), clock, ear);
  EXPECT_EQ(ear.times_failing(), 0U);
  EXPECT_THAT(journal->take_kept().alerts, SizeIs(1));
  EXPECT_TRUE(write_and_wait(*journal, transition("web", clock.wall_now(), 3)));
  clock.pass(10s);
  const Availability row = only(journal->reading(), begin, clock.wall_now());
  EXPECT_EQ(row.up, 40s);
  EXPECT_EQ(row.down, 10s);
  EXPECT_EQ(row.not_observed, 1h - 40s);
}

TEST(JournalRuns, AClockThatIsSetForwardLeavesAGapAndTheStateStays) {
  const Folder folder;
  HandClock clock;
  const WallTime begin = clock.wall_now();
  Ear ear;
  const auto journal = open_journal(options_for(folder), clock, ear);
  EXPECT_TRUE(write_and_wait(*journal, transition("web", clock.wall_now(), 1)));
  clock.pass(30s);
  EXPECT_TRUE(write_and_wait(*journal, event_entry(1)));
  clock.set(1h);
  EXPECT_TRUE(write_and_wait(*journal, event_entry(2)));
  clock.pass(20s);
  const Availability row = only(journal->reading(), begin, clock.wall_now());
  EXPECT_EQ(row.up, 50s);
  EXPECT_EQ(row.not_observed, 1h);
}

TEST(JournalRuns, AClockThatIsSetBackCountsNoTimeTwice) {
  const Folder folder;
  HandClock clock;
  const WallTime begin = clock.wall_now();
  Ear ear;
  const auto journal = open_journal(options_for(folder), clock, ear);
  EXPECT_TRUE(write_and_wait(*journal, transition("web", clock.wall_now(), 1)));
  clock.pass(2h);
  EXPECT_TRUE(write_and_wait(*journal, event_entry(1)));
  clock.set(-1h);
  EXPECT_TRUE(write_and_wait(*journal, transition("web", clock.wall_now(), 3)));
  clock.pass(30min);
  const Availability row = only(journal->reading(), begin, begin + 2h);
  EXPECT_EQ(row.up, 1h + 30min);
  EXPECT_EQ(row.down, 30min);
  EXPECT_EQ(row.not_observed, 0s);
}

TEST(JournalRuns, ChecksThatAreGoneAreReportedWhileTheyWereObserved) {
  const Folder folder;
  HandClock clock;
  const WallTime begin = clock.wall_now();
  Ear ear;
  const auto journal = open_journal(options_for(folder), clock, ear);
  Entry entry = transition("old", clock.wall_now(), 1);
  entry.checks.push_back(check_row("old"));
  entry.checks.push_back(check_row("new"));
  EXPECT_TRUE(write_and_wait(*journal, std::move(entry)));
  clock.pass(10s);
  Entry gone = transition("old", clock.wall_now(), 0);
  gone.checks_gone.push_back("old");
  EXPECT_TRUE(write_and_wait(*journal, std::move(gone)));
  clock.pass(10s);
  const auto both = journal->reading().availability(begin, clock.wall_now(), 0);
  ASSERT_TRUE(both);
  ASSERT_THAT(*both, SizeIs(2));
  EXPECT_EQ((*both)[0].check, "new");
  EXPECT_EQ((*both)[0].not_observed, 20s);
  EXPECT_EQ((*both)[1].up, 10s);
  EXPECT_EQ((*both)[1].name, "name of old");
  EXPECT_EQ(only(journal->reading(), clock.wall_now() - 5s, clock.wall_now()).check, "new");
}

TEST(JournalReading, FiltersAndOrders) {
  const Folder folder;
  Ear ear;
  const auto journal = open_journal(options_for(folder), system_clock(), ear);
  Entry entry;
  entry.events = {event_row(1, "web.a", WallTime(100s)), event_row(2, "web.b", WallTime(200s)),
                  event_row(3, "", WallTime(300s), "daemon.started"),
                  event_row(4, "web.a", WallTime(400s), "check.up")};
  EXPECT_TRUE(write_and_wait(*journal, std::move(entry)));
  const auto ask = [&](const auto& change) {
    EventQuery query;
    change(query);
    const auto live = journal->reading().events(query);
    const auto file = open_reading(folder.path()).value()->events(query);
    EXPECT_TRUE(live && file);
    EXPECT_EQ(sequences(*live), sequences(*file));
    return sequences(*file);
  };
  EXPECT_THAT(ask([](EventQuery&) {}), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(ask([](EventQuery& query) { query.newest_first = true; }), ElementsAre(4, 3, 2, 1));
  EXPECT_THAT(ask([](EventQuery& query) { query.check = "web.a"; }), ElementsAre(1, 4));
  EXPECT_THAT(ask([](EventQuery& query) { query.check = "web.*"; }), ElementsAre(1, 2, 4));
  EXPECT_THAT(ask([](EventQuery& query) { query.kinds = {"check.up", "daemon.started"}; }),
              ElementsAre(3, 4));
  EXPECT_THAT(ask([](EventQuery& query) { query.since = WallTime(200s); }), ElementsAre(2, 3, 4));
  EXPECT_THAT(ask([](EventQuery& query) { query.until = WallTime(200s); }), ElementsAre(1, 2));
  EXPECT_THAT(ask([](EventQuery& query) {
                query.after = 1;
                query.before = 4;
              }),
              ElementsAre(2, 3));
  EXPECT_THAT(ask([](EventQuery& query) { query.limit = 2; }), ElementsAre(1, 2));
  EXPECT_EQ(journal->reading().sequence_of(event_row(3).id).value(), 3);
  EXPECT_EQ(open_reading(folder.path()).value()->sequence_of(event_row(3).id).value(), 3);
  EXPECT_EQ(journal->reading().sequence_of("no such").value(), std::nullopt);
}

TEST(JournalReading, SaysWhatIsWrong) {
  const Folder folder;
  EXPECT_THAT(open_reading(folder.path()).error(), testing::HasSubstr("there is no journal at"));
  std::filesystem::create_directory(folder.file());
  EXPECT_THAT(open_reading(folder.path()).error(), testing::HasSubstr("can't read"));
}

/// A store with its own time, trimmed by hand.
struct Trimmed {
  Trimmed() : store(folder.file()), reading(make_file_reading(folder.path(), clock)) {}

  void commit(Entry entry) {
    Batch batch;
    for (EventRow& row : entry.events) {
      batch.events.push_back(std::make_shared<const EventRow>(std::move(row)));
    }
    batch.add(std::move(entry), run.number, clock.wall_now());
    run.alive = clock.wall_now();
    batch.runs[run.number] = run;
    store.commit(batch);
  }
  void restart() {
    run = {.number = run.number + 1,
           .began = clock.wall_now(),
           .alive = clock.wall_now(),
           .ended = std::nullopt,
           .continues = false};
  }
  /// Everything that is due now; the number of steps.
  int trim(Trimmer& trimmer) {
    int steps = 1;
    while (trimmer.step(store.connection(), clock.wall_now(), clock.steady_now())) {
      EXPECT_LT(++steps, 100'000);
    }
    return steps;
  }
  std::int64_t number(const std::string& sql) { return store.connection().number(sql); }

  Folder folder;
  HandClock clock;
  Store store;
  std::unique_ptr<Reading> reading;
  RunRow run{.number = 1,
             .began = clock.wall_now(),
             .alive = clock.wall_now(),
             .ended = std::nullopt,
             .continues = false};
};

TEST(JournalRetention, WhatIsTooOldGoesAndTheReportStaysRight) {
  Trimmed trimmed;
  Trimmer trimmer(24h, std::uint64_t{1} << 40U);
  EXPECT_EQ(trimmed.trim(trimmer), 1) << "not at once: the clock may be wrong yet";
  for (int hour = 0; hour < 100; ++hour) {
    Entry entry = event_entry(hour + 1, "web", trimmed.clock.wall_now());
    entry.transitions.push_back({.check = "web",
                                 .time = trimmed.clock.wall_now(),
                                 .state = static_cast<std::uint8_t>(hour % 3 + 1)});
    if (hour == 0) {
      entry.checks.push_back(check_row("web"));
      entry.transitions.push_back(
          {.check = "steady", .time = trimmed.clock.wall_now(), .state = 1});
    }
    trimmed.commit(std::move(entry));
    trimmed.clock.pass(1h);
  }
  const WallTime now = trimmed.clock.wall_now();
  const auto before = trimmed.reading->availability(now - 24h, now, 0);
  ASSERT_TRUE(before);
  EXPECT_GT(trimmed.trim(trimmer), 1);
  EXPECT_EQ(trimmed.number("SELECT count(*) FROM events"), 24);
  EXPECT_EQ(trimmed.number("SELECT count(*) FROM transitions"), 24 + 1);
  const auto after = trimmed.reading->availability(now - 24h, now, 0);
  ASSERT_TRUE(after);
  ASSERT_THAT(*after, SizeIs(2));
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ((*after)[i].up, (*before)[i].up);
    EXPECT_EQ((*after)[i].degraded, (*before)[i].degraded);
    EXPECT_EQ((*after)[i].down, (*before)[i].down);
  }
}

TEST(JournalRetention, EarlierRunsAndChecksThatAreGoneGoToo) {
  Trimmed trimmed;
  Trimmer trimmer(24h, std::uint64_t{1} << 40U);
  trimmed.trim(trimmer);
  Entry entry = transition("old", trimmed.clock.wall_now(), 1);
  entry.checks.push_back(check_row("old"));
  entry.alerts.push_back({.key = "A|old", .body = "{}"});
  trimmed.commit(std::move(entry));
  Entry gone;
  gone.checks_gone.push_back("old");
  trimmed.commit(std::move(gone));
  trimmed.clock.pass(48h);
  trimmed.restart();
  Entry next = transition("web", trimmed.clock.wall_now(), 1);
  next.checks.push_back(check_row("web"));
  trimmed.commit(std::move(next));
  trimmed.trim(trimmer);
  EXPECT_EQ(trimmed.number("SELECT count(*) FROM runs"), 1);
  EXPECT_EQ(trimmed.number("SELECT count(*) FROM transitions"), 1);
  EXPECT_EQ(trimmed.number("SELECT count(*) FROM checks"), 1);
  EXPECT_EQ(trimmed.number("SELECT count(*) FROM alerts"), 1) << "state is never trimmed";
  EXPECT_TRUE(trimmer.take_removed_checks());
}

TEST(JournalRetention, WhatASinkStillNeedsStaysAndTheNewestAlways) {
  Trimmed trimmed;
  Trimmer trimmer(24h, std::uint64_t{1} << 40U);
  trimmed.trim(trimmer);
  for (int i = 1; i <= 10; ++i) {
    trimmed.commit(event_entry(i, "web", trimmed.clock.wall_now()));
  }
  Entry cursor;
  cursor.cursors = {{.sink = "slow", .sequence = 4}, {.sink = "quick", .sequence = 10}};
  trimmed.commit(std::move(cursor));
  trimmed.clock.pass(48h);
  trimmed.trim(trimmer);
  EXPECT_EQ(trimmed.number("SELECT min(sequence) FROM events"), 5);
  Entry gone;
  gone.cursors_gone.push_back("slow");
  trimmed.commit(std::move(gone));
  trimmed.clock.pass(1h);
  trimmed.trim(trimmer);
  EXPECT_EQ(trimmed.number("SELECT min(sequence) FROM events"), 10);
}

TEST(JournalRetention, AFileThatIsTooBigShrinks) {
  Trimmed trimmed;
  constexpr std::uint64_t kMost = 2 << 20;
  Trimmer trimmer(24h * 365, kMost);
  for (int i = 1; i <= 1000; ++i) {
    Entry entry = event_entry(i, "web", trimmed.clock.wall_now());
    entry.events[0].body.append(5000, 'x');
    entry.transitions.push_back({.check = "web",
                                 .time = trimmed.clock.wall_now(),
                                 .state = static_cast<std::uint8_t>(i % 2)});
    trimmed.commit(std::move(entry));
    trimmed.clock.pass(1min);
  }
  Entry cursor;
  cursor.cursors = {{.sink = "dead", .sequence = 0}};
  trimmed.commit(std::move(cursor));
  trimmed.trim(trimmer);
  const std::int64_t pages = trimmed.number("PRAGMA page_count");
  EXPECT_LE(pages * 4096, static_cast<std::int64_t>(kMost));
  EXPECT_GT(pages * 4096, static_cast<std::int64_t>(kMost) / 2) << "no more than needed";
  EXPECT_EQ(trimmed.number("SELECT max(sequence) FROM events"), 1000);
  EXPECT_EQ(trimmed.number("SELECT count(*) = max(sequence) - min(sequence) + 1 FROM events"), 1)
      << "the oldest went";
  trimmed.number("PRAGMA wal_checkpoint(TRUNCATE)");
  EXPECT_LE(std::filesystem::file_size(trimmed.folder.file()), kMost);
}

TEST(JournalRetention, AFileThatStateAloneMakesTooBigIsLeftInPeace) {
  Trimmed trimmed;
  Trimmer trimmer(24h, 100'000);
  Entry entry = event_entry(1, "web", trimmed.clock.wall_now());
  for (int i = 0; i < 100; ++i) {
    entry.alerts.push_back({.key = "A|" + std::to_string(i), .body = std::string(5000, 'x')});
  }
  trimmed.commit(std::move(entry));
  trimmed.clock.pass(1h);
  EXPECT_LT(trimmed.trim(trimmer), 10'000);
  EXPECT_EQ(trimmed.number("SELECT count(*) FROM alerts"), 100);
  EXPECT_EQ(trimmed.trim(trimmer), 1) << "it does not try all the time";
}

}  // namespace
}  // namespace reachd::journal
