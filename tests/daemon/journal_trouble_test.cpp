// The journal when the disk is full, hung, locked, broken or not there at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <fstream>
#include <numeric>

#include "daemon/journal/journal.hpp"
#include "daemon/journal/sqlite.hpp"
#include "daemon/journal/store.hpp"
#include "tests/daemon/journal_fixture.hpp"

namespace reachd::journal {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::int64_t> counted(std::int64_t from, std::int64_t to) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(to - from + 1));
  std::iota(numbers.begin(), numbers.end(), from);
  return numbers;
}

std::vector<std::int64_t> in_file(const Folder& folder) {
  EventQuery query;
  query.limit = 1'000'000;
  const auto file = open_reading(folder.path());
  EXPECT_TRUE(file) << file.error();
  return file ? sequences((*file)->events(query).value_or(std::vector<EventRow>{}))
              : std::vector<std::int64_t>{};
}

std::string bytes_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void overwrite(const std::string& path, std::size_t offset, std::size_t count) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(offset));
  file << std::string(count, '\x5a');
}

/// A journal with state and `events` events, closed.
void fill(const Folder& folder, std::int64_t events) {
  Ear ear;
  const auto journal = open_journal(options_for(folder), system_clock(), ear);
  for (std::int64_t i = 1; i <= events; ++i) {
    journal->write(event_entry(i));
  }
  Entry state;
  CheckRow row;
  row.check = "web";
  row.state = 3;
  row.has_been_up = true;
  state.checks.push_back(row);
  state.alerts.push_back({.key = "A|web", .body = "{}"});
  state.cursors.push_back({.sink = "hook", .sequence = events});
  journal->write(std::move(state));
  journal->close(20s);
}

/// The page of a table's root, from 1.
std::size_t root_page(const std::string& path, const std::string& table) {
  sqlite::Connection connection(path, sqlite::Connection::Mode::read_only);
  return static_cast<std::size_t>(
      connection.number("SELECT rootpage FROM sqlite_schema WHERE name = '" + table + "'"));
}

constexpr std::size_t kPage = 4096;

/// A small file system on a folder, seen by this process alone.
class SmallDisk {
 public:
  explicit SmallDisk(const Folder& folder) : path_(folder.path()) {
    mounted_ = unshare(CLONE_NEWNS) == 0 &&
               mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=1m") == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) {
      umount2(path_.c_str(), MNT_DETACH);
    }
  }
  bool mounted() const { return mounted_; }
  bool change(unsigned long flags, const char* size) {
    return mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT | flags, size) == 0;
  }

 private:
  std::string path_;
  bool mounted_ = false;
};

TEST(JournalTrouble, AFullDiskMeansMemoryUntilThereIsRoom) {
  const Folder folder;
  SmallDisk disk(folder);
  if (!disk.mounted()) {
    GTEST_SKIP() << "no rights to mount a file system of our own";
  }
  Ear ear;
  const auto journal = open_journal(options_for(folder), system_clock(), ear);
  std::int64_t last = 0;
  bool durable = true;
  while (durable && last < 3000) {
    Entry entry = event_entry(++last);
    entry.events[0].body.append(5000, 'x');
    durable = write_and_wait(*journal, std::move(entry));
  }
  EXPECT_FALSE(durable);
  EXPECT_THAT(ear.wait_failing(), HasSubstr("the disk is full"));
  // What fails is not lost, and what comes is answered at once.
  EXPECT_FALSE(write_and_wait(*journal, event_entry(++last)));
  EXPECT_EQ(sequences(journal->next_events(0, 5000)), counted(1, last));
  EXPECT_EQ(ear.times_failing(), 1U);
  EXPECT_EQ(ear.times_recovered(), 0U);

  ASSERT_TRUE(disk.change(0, "size=32m"));
  EXPECT_EQ(ear.wait_recovered(), 0U);
  EXPECT_TRUE(write_and_wait(*journal, event_entry(++last)));
  EXPECT_EQ(in_file(folder), counted(1, last));
  EXPECT_GE(ear.errors(), 1U);
  journal->close(10s);
}

TEST(JournalTrouble, AReadOnlyDiskStillTellsWhatItRemembers) {
  const Folder folder;
  SmallDisk disk(folder);
  if (!disk.mounted()) {
    GTEST_SKIP() << "no rights to mount a file system of our own";
  }
  fill(folder, 5);
  ASSERT_TRUE(disk.change(MS_RDONLY, "size=1m"));
  Ear ear;
  const auto journal = open_journal(options_for(folder), system_clock(), ear);
  const Kept kept = journal->take_kept();
  EXPECT_EQ(kept.last_sequence, 5);
  EXPECT_THAT(kept.alerts, SizeIs(1));
  EXPECT_THAT(kept.checks, SizeIs(1));
  ear.wait_failing();
  EXPECT_FALSE(write_and_wait(*journal, event_entry(6)));
  EXPECT_EQ(sequences(journal->next_events(0, 10)), counted(1, 6));
  EXPECT_EQ(in_file(folder), counted(1, 5));
  ASSERT_TRUE(disk.change(0, "size=1m"));
  EXPECT_EQ(ear.wait_recovered(), 0U);
  EXPECT_EQ(in_file(folder), counted(1, 6));
}

TEST(JournalTrouble, AFolderThatCantBeMadeMeansMemoryUntilItCan) {
  const Folder folder;
  const fs::path blocked = fs::path(folder.path()) / "state";
  std::ofstream(blocked) << "a file is in the way";
  Options options = options_for(folder);
  options.folder = blocked.string();
  Ear ear;
  const auto journal = open_journal(options, system_clock(), ear);
  const std::int64_t first = journal->take_kept().last_sequence + 1;
  EXPECT_GT(first, 1) << "numbers that may have been given are not given again";
  ear.wait_failing();
  EXPECT_FALSE(write_and_wait(*journal, event_entry(first)));
  EXPECT_THAT(journal->next_events(first - 1, 10), SizeIs(1));
  EventQuery all;
  EXPECT_THAT(*journal->reading().events(all), SizeIs(1));
  fs::remove(blocked);
  EXPECT_EQ(ear.wait_recovered(), 0U);
  const auto file = open_reading(options.folder);
  ASSERT_TRUE(file) << file.error();
  EXPECT_EQ((*file)->last_sequence(), first);
}

TEST(JournalTrouble, AFileThatSomebodyElseLockedIsWaitedForInMemory) {
  const Folder folder;
  Ear ear;
  const auto journal = open_journal(options_for(folder), system_clock(), ear);
  EXPECT_TRUE(write_and_wait(*journal, event_entry(1)));
  {
    sqlite::Connection other(folder.file(), sqlite::Connection::Mode::read_write);
    const sqlite::Transaction held(other);
    EXPECT_FALSE(write_and_wait(*journal, event_entry(2)));
    EXPECT_THAT(ear.wait_failing(), HasSubstr("another program has locked it"));
    EXPECT_EQ(sequences(journal->next_events(0, 10)), counted(1, 2));
  }
  EXPECT_EQ(ear.wait_recovered(), 0U);
  EXPECT_EQ(in_file(folder), counted(1, 2));
}

TEST(JournalTrouble, WhatMemoryHasNoRoomForIsCountedAndTheOldestGoes) {
  const Folder folder;
  const fs::path blocked = fs::path(folder.path()) / "state";
  std::ofstream(blocked) << "a file is in the way";
  Options options = options_for(folder);
  options.folder = blocked.string();
  options.max_unsaved = 100'000;
  Ear ear;
  const auto journal = open_journal(options, system_clock(), ear);
  const std::int64_t first = journal->take_kept().last_sequence + 1;
  ear.wait_failing();
  for (std::int64_t i = 0; i < 20; ++i) {
    Entry entry = event_entry(first + i);
    entry.events[0].body.resize(10'000, ' ');
    entry.alerts.push_back({.key = "A|" + std::to_string(i), .body = "{}"});
    journal->write(std::move(entry));
  }
  const auto kept = sequences(journal->next_events(first - 1, 100));
  ASSERT_THAT(kept, SizeIs(9));
  EXPECT_EQ(kept, counted(first + 11, first + 19));
  fs::remove(blocked);
  EXPECT_EQ(ear.wait_recovered(), 11U);
  journal->close(10s);
  Ear ear2;
  EXPECT_THAT(open_journal(options, system_clock(), ear2)->take_kept().alerts, SizeIs(20))
      << "state is not given up";
}

TEST(JournalTrouble, GarbageIsSetAsideAndANewFileBegun) {
  const Folder folder;
  std::ofstream(folder.file()) << std::string(10'000, 'x');
  Ear ear;
  std::int64_t next = 0;
  {
    const auto journal = open_journal(options_for(folder), system_clock(), ear);
    next = journal->take_kept().last_sequence + 1;
    EXPECT_GT(next, 1'000'000'000'000'000) << "no number is given twice";
    EXPECT_THAT(ear.wait_failing(), HasSubstr("set aside as journal.sqlite.corrupt-"));
    EXPECT_EQ(ear.wait_recovered(), 0U);
    EXPECT_TRUE(write_and_wait(*journal, event_entry(next)));
  }
  ASSERT_THAT(folder.set_aside(), SizeIs(1));
  EXPECT_EQ(bytes_of_file(folder.path() + "/" + folder.set_aside()[0]), std::string(10'000, 'x'));
  EXPECT_EQ(in_file(folder), counted(next, next));
}

TEST(JournalTrouble, AnIndexThatMissesARowIsMadeAnew) {
  const Folder folder;
  fill(folder, 5);
  using sqlite::Connection;
  const auto page = std::to_string(root_page(folder.file(), "events_check"));
  Connection(folder.file(), Connection::Mode::read_write)
      .execute(
          "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'events_check'");
  Connection(folder.file(), Connection::Mode::read_write)
      .execute("INSERT INTO events VALUES(6, 'X', 6, 'check.down', 'unseen', '{}')");
  Connection(folder.file(), Connection::Mode::read_write)
      .execute(
          "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema VALUES('index', "
          "'events_check', 'events', " +
          page + ", 'CREATE INDEX events_check ON events(check_id)')");
  EventQuery query;
  query.check = "unseen";
  ASSERT_THAT(open_reading(folder.path()).value()->events(query).value(), IsEmpty());
  Ear ear;
  EXPECT_EQ(open_journal(options_for(folder), system_clock(), ear)->take_kept().last_sequence, 6);
  EXPECT_THAT(open_reading(folder.path()).value()->events(query).value(), SizeIs(1));
  EXPECT_THAT(folder.set_aside(), IsEmpty());
  EXPECT_EQ(ear.times_failing(), 0U);
}

TEST(JournalTrouble, ATruncatedFileIsSetAside) {
  const Folder folder;
  fill(folder, 500);
  fs::resize_file(folder.file(), fs::file_size(folder.file()) / 2);
  Ear ear;
  const auto journal = open_journal(options_for(folder), system_clock(), ear);
  EXPECT_THAT(ear.wait_failing(), HasSubstr("is corrupt"));
  ear.wait_recovered();
  EXPECT_THAT(folder.set_aside(), SizeIs(1));
  const Kept kept = journal->take_kept();
  const std::int64_t next = kept.last_sequence + 1;
  EXPECT_TRUE(write_and_wait(*journal, event_entry(next)));
  EXPECT_EQ(in_file(folder), counted(next, next));
}

TEST(JournalTrouble, StateThatCanStillBeReadOutlivesDamagedEvents) {
  const Folder folder;
  fill(folder, 500);
  overwrite(folder.file(), (root_page(folder.file(), "events") - 1) * kPage, kPage);
  Ear ear;
  const auto journal = open_journal(options_for(folder), system_clock(), ear);
  const Kept kept = journal->take_kept();
  ear.wait_failing();
  ear.wait_recovered();
  ASSERT_THAT(kept.checks, SizeIs(1));
  EXPECT_EQ(kept.checks[0].state, 3);
  EXPECT_TRUE(kept.checks[0].has_been_up);
  EXPECT_THAT(kept.alerts, SizeIs(1));
  EXPECT_EQ(kept.last_sequence, 500) << "the cursor tells which numbers were given";
  journal->close(10s);
  Ear ear2;
  EXPECT_THAT(open_journal(options_for(folder), system_clock(), ear2)->take_kept().alerts,
              SizeIs(1));
  EXPECT_EQ(ear2.times_failing(), 0U);
}

TEST(JournalTrouble, AtMostThreeFilesAreKeptAside) {
  const Folder folder;
  HandClock clock;
  for (int i = 0; i < 5; ++i) {
    std::ofstream(folder.file()) << "not a database, and long enough to be looked at as one " << i;
    for (const char* end : {"-wal", "-shm"}) {
      fs::remove(folder.file() + end);
    }
    Ear ear;
    open_journal(options_for(folder), clock, ear)->close(10s);
    EXPECT_EQ(ear.times_failing(), 1U);
    clock.pass(1h);
  }
  EXPECT_THAT(folder.set_aside(), SizeIs(3));
}

TEST(JournalTrouble, DamageFoundWhileRunningLosesNothingThatComes) {
  const Folder folder;
  fill(folder, 500);
  Ear ear;
  const auto journal = open_journal(options_for(folder), system_clock(), ear);
  {
    // Back into the file with what the log holds, so that only the file counts; then break it.
    sqlite::Connection other(folder.file(), sqlite::Connection::Mode::read_write);
    EXPECT_TRUE(write_and_wait(*journal, event_entry(501)));
    other.number("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  overwrite(folder.file(), (root_page(folder.file(), "events") - 1) * kPage, kPage);
  Entry entry = event_entry(502);
  entry.transitions.push_back({.check = "web", .time = system_clock().wall_now(), .state = 1});
  EXPECT_TRUE(write_and_wait(*journal, std::move(entry)));
  EXPECT_THAT(ear.wait_failing(), HasSubstr("set aside"));
  EXPECT_EQ(ear.wait_recovered(), 0U);
  EXPECT_TRUE(write_and_wait(*journal, event_entry(503)));
  EXPECT_EQ(in_file(folder), counted(502, 503));
  journal->close(10s);
  Ear ear2;
  const Kept kept = open_journal(options_for(folder), system_clock(), ear2)->take_kept();
  EXPECT_THAT(kept.alerts, SizeIs(1));
  EXPECT_THAT(kept.checks, SizeIs(1));
}

TEST(JournalTrouble, AFileThatIsRemovedWhileRunningIsMadeAnew) {
  const Folder folder;
  fill(folder, 10);
  Ear ear;
  const auto journal = open_journal(options_for(folder), system_clock(), ear);
  EXPECT_TRUE(write_and_wait(*journal, event_entry(11)));
  fs::remove(folder.file());
  fs::remove(folder.file() + "-wal");
  fs::remove(folder.file() + "-shm");
  EXPECT_TRUE(write_and_wait(*journal, event_entry(12)));
  EXPECT_THAT(ear.wait_failing(), HasSubstr("was removed"));
  ear.wait_recovered();
  EXPECT_EQ(in_file(folder), counted(12, 12));
  journal->close(10s);
  Ear ear2;
  EXPECT_THAT(open_journal(options_for(folder), system_clock(), ear2)->take_kept().alerts,
              SizeIs(1));
}

TEST(JournalTrouble, AFileOfALaterVersionIsLeftAlone) {
  const Folder folder;
  {
    sqlite::Connection later(folder.file(), sqlite::Connection::Mode::read_write);
    later.execute("CREATE TABLE future(x); PRAGMA user_version = 99");
  }
  const std::string before = bytes_of_file(folder.file());
  Ear ear;
  {
    const auto journal = open_journal(options_for(folder), system_clock(), ear);
    EXPECT_THAT(ear.wait_failing(), HasSubstr("later reachd"));
    EXPECT_FALSE(write_and_wait(*journal, event_entry(journal->take_kept().last_sequence + 1)));
  }
  EXPECT_EQ(bytes_of_file(folder.file()), before);
  EXPECT_THAT(folder.set_aside(), IsEmpty());
  EXPECT_THAT(open_reading(folder.path()).error(), HasSubstr("version is 99"));
}

TEST(JournalTrouble, AnOlderFileIsBroughtUpToDateAsAWholeOrNotAtAll) {
  const Folder folder;
  sqlite::Connection file(folder.file(), sqlite::Connection::Mode::read_write);
  constexpr std::string_view kOne = "CREATE TABLE a(x); INSERT INTO a VALUES(7)";
  constexpr std::string_view kTwo = "ALTER TABLE a ADD COLUMN y DEFAULT 5";
  constexpr std::string_view kWrong = "ALTER TABLE nowhere ADD COLUMN z";
  migrate(file, std::array{kOne});
  EXPECT_EQ(file.number("PRAGMA user_version"), 1);
  EXPECT_THROW(migrate(file, std::array{kOne, kTwo, kWrong}), sqlite::Error);
  EXPECT_EQ(file.number("PRAGMA user_version"), 1);
  EXPECT_EQ(file.number("SELECT count(*) FROM pragma_table_info('a')"), 1);
  migrate(file, std::array{kOne, kTwo});
  EXPECT_EQ(file.number("PRAGMA user_version"), 2);
  EXPECT_EQ(file.number("SELECT x + y FROM a"), 12);
  EXPECT_THROW(migrate(file, std::array{kOne}), NewerSchema);
}

}  // namespace
}  // namespace reachd::journal
