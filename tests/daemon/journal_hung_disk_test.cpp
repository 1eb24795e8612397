// The journal on a disk that takes what it is given and then does not come back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <map>

#include "daemon/journal/journal.hpp"
#include "tests/daemon/journal_fixture.hpp"

namespace reachd::journal {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// The file system, but synchronising, or opening, waits while it is held.
class HungDisk {
 public:
  HungDisk() {
    vfs_ = *sqlite3_vfs_find(nullptr);
    real_open_ = vfs_.xOpen;
    vfs_.zName = "hung";
    vfs_.xOpen = &HungDisk::open;
    current_ = this;
    sqlite3_vfs_register(&vfs_, 1);
  }
  HungDisk(const HungDisk&) = delete;
  HungDisk& operator=(const HungDisk&) = delete;
  ~HungDisk() {
    release();
    sqlite3_vfs_unregister(&vfs_);
  }
  void hold() {
    const std::scoped_lock lock(mutex_);
    held_ = true;
  }
  void hold_opening() {
    const std::scoped_lock lock(mutex_);
    opening_held_ = true;
  }
  void wait_until_one_opens() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return opening_ > 0; });
  }
  void release() {
    const std::scoped_lock lock(mutex_);
    held_ = false;
    opening_held_ = false;
    changed_.notify_all();
  }

 private:
  static int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags,
                  int* out) {
    {
      std::unique_lock lock(current_->mutex_);
      ++current_->opening_;
      current_->changed_.notify_all();
      current_->changed_.wait(lock, [] { return !current_->opening_held_; });
      --current_->opening_;
    }
    const int code = current_->real_open_(vfs, name, file, flags, out);
    if (file->pMethods != nullptr) {
      // The log's file and the database's have methods of their own.
      const std::scoped_lock lock(current_->mutex_);
      const auto [place, is_new] = current_->methods_.try_emplace(file->pMethods, *file->pMethods);
      current_->real_sync_ = file->pMethods->xSync;
      place->second.xSync = &HungDisk::sync;
      file->pMethods = &place->second;
    }
    return code;
  }
  static int sync(sqlite3_file* file, int flags) {
    std::unique_lock lock(current_->mutex_);
    current_->changed_.wait(lock, [] { return !current_->held_; });
    const auto real = current_->real_sync_;
    lock.unlock();
    return real(file, flags);
  }

  static inline HungDisk* current_ = nullptr;
  sqlite3_vfs vfs_{};
  int (*real_open_)(sqlite3_vfs*, sqlite3_filename, sqlite3_file*, int, int*) = nullptr;
  int (*real_sync_)(sqlite3_file*, int) = nullptr;
  std::map<const sqlite3_io_methods*, sqlite3_io_methods> methods_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  bool opening_held_ = false;
  int opening_ = 0;
};

/// The only one: SQLite knows it by its name, and threads that it kept may end after their test.
HungDisk& hung_disk() {
  static HungDisk disk;
  return disk;
}

TEST(JournalTrouble, ADiskThatHangsHoldsNobodyUp) {
  const Folder folder;
  HungDisk& disk = hung_disk();
  Ear ear;
  const auto journal = open_journal(options_for(folder), system_clock(), ear);
  EXPECT_TRUE(write_and_wait(*journal, event_entry(1)));
  disk.hold();
  EXPECT_FALSE(write_and_wait(*journal, event_entry(2)));  // after some patience
  EXPECT_THAT(ear.wait_failing(), HasSubstr("does not answer"));
  EXPECT_FALSE(write_and_wait(*journal, event_entry(3)));  // at once
  EXPECT_THAT(sequences(journal->next_events(0, 10)), ElementsAre(1, 2, 3));
  disk.release();
  EXPECT_EQ(ear.wait_recovered(), 0U);
  EXPECT_TRUE(write_and_wait(*journal, event_entry(4)));
  const auto file = open_reading(folder.path());
  ASSERT_TRUE(file) << file.error();
  EXPECT_THAT(sequences(*(*file)->events({})), ElementsAre(1, 2, 3, 4));
}

TEST(JournalTrouble, ClosingDoesNotWaitForADiskThatHangs) {
  const Folder folder;
  HungDisk& disk = hung_disk();
  Ear ear;
  auto journal = open_journal(options_for(folder), system_clock(), ear);
  EXPECT_TRUE(write_and_wait(*journal, event_entry(1)));
  disk.hold();
  journal->write(event_entry(2));
  const auto began = std::chrono::steady_clock::now();
  journal->close(200ms);
  journal.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 3s);
  disk.release();
}

TEST(JournalTrouble, ADiskThatHangsWhileItIsReadHoldsNobodyUp) {
  const Folder folder;
  HungDisk& disk = hung_disk();
  Ear ear;
  {
    const auto before = open_journal(options_for(folder), system_clock(), ear);
    EXPECT_TRUE(write_and_wait(*before, event_entry(1)));
  }
  auto journal = open_journal(options_for(folder), system_clock(), ear);
  EXPECT_TRUE(write_and_wait(*journal, event_entry(2)));
  disk.hold_opening();
  EXPECT_FALSE(journal->recent_events(0, 10));
  journal->fetch_events(0, 10, [](const std::vector<EventRow>&) { ADD_FAILURE() << "too late"; });
  disk.wait_until_one_opens();
  EXPECT_THAT(sequences(journal->recent_events(1, 10).value()), ElementsAre(2));
  const auto began = std::chrono::steady_clock::now();
  journal->close(200ms);
  journal.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 3s);
  disk.release();
}

}  // namespace
}  // namespace reachd::journal
