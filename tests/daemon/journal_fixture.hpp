#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/journal/journal.hpp"
#include "tests/support/temporary_folder.hpp"

namespace reachd::journal {

/// A folder of one test with its journal.
class Folder {
 public:
  std::string path() const { return folder_.path().string(); }
  std::string file() const { return (folder_.path() / kFile).string(); }
  /// Names of what a journal was set aside as.
  std::vector<std::string> set_aside() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      std::string name = entry.path().filename().string();
      if (name.find(".corrupt-") != std::string::npos && name.ends_with('Z')) {
        names.push_back(std::move(name));
      }
    }
    return names;
  }

 private:
  test::TemporaryFolder folder_;
};

/// Notes what it is told; waits for it.
class Ear final : public Listener {
 public:
  void on_journal_error() override {
    const std::scoped_lock lock(mutex_);
    ++errors_;
    told_.notify_all();
  }
  void on_journal_failing(std::string_view why) override {
    const std::scoped_lock lock(mutex_);
    failing_.emplace_back(why);
    told_.notify_all();
  }
  void on_journal_recovered(std::size_t lost) override {
    const std::scoped_lock lock(mutex_);
    recovered_.push_back(lost);
    told_.notify_all();
  }

  /// The `number`th time (from 1) that it was said to fail; fails after a guard.
  std::string wait_failing(std::size_t number = 1) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(told_.wait_for(lock, kGuard, [&] { return failing_.size() >= number; }));
    return failing_.size() >= number ? failing_[number - 1] : "";
  }
  std::size_t wait_recovered(std::size_t number = 1) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(told_.wait_for(lock, kGuard, [&] { return recovered_.size() >= number; }));
    return recovered_.size() >= number ? recovered_[number - 1] : 0;
  }
  std::size_t errors() const {
    const std::scoped_lock lock(mutex_);
    return errors_;
  }
  std::size_t times_failing() const {
    const std::scoped_lock lock(mutex_);
    return failing_.size();
  }
  std::size_t times_recovered() const {
    const std::scoped_lock lock(mutex_);
    return recovered_.size();
  }

  static constexpr std::chrono::seconds kGuard{40};

 private:
  mutable std::mutex mutex_;
  std::condition_variable told_;
  std::size_t errors_ = 0;
  std::vector<std::string> failing_;
  std::vector<std::size_t> recovered_;
};

/// Both clocks, moved by hand, from any thread.
class HandClock final : public Clock {
 public:
  TimePoint steady_now() const noexcept override {
    const std::scoped_lock lock(mutex_);
    return steady_;
  }
  WallTime wall_now() const noexcept override {
    const std::scoped_lock lock(mutex_);
    return wall_;
  }
  void pass(Duration time) {
    const std::scoped_lock lock(mutex_);
    steady_ += time;
    wall_ += time;
  }
  /// Somebody sets the wall clock.
  void set(Duration by) {
    const std::scoped_lock lock(mutex_);
    wall_ += by;
  }

 private:
  mutable std::mutex mutex_;
  TimePoint steady_{std::chrono::hours(100)};
  WallTime wall_{std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + std::chrono::hours(12)};
};

inline EventRow event_row(std::int64_t sequence, const std::string& check = "web",
                          WallTime time = system_clock().wall_now(),
                          const std::string& kind = "check.down") {
  const std::string digits = std::to_string(sequence);
  return {.sequence = sequence,
          .id = "01" + std::string(24 - digits.size(), '0') + digits,
          .time = time,
          .kind = kind,
          .check = check,
          .body = R"({"n":)" + digits + "}"};
}

inline Entry event_entry(std::int64_t sequence, const std::string& check = "web",
                         WallTime time = system_clock().wall_now()) {
  Entry entry;
  entry.events.push_back(event_row(sequence, check, time));
  return entry;
}

/// Writes and waits for the answer: what `done` said.
inline bool write_and_wait(Journal& journal, Entry entry) {
  std::mutex mutex;
  std::condition_variable answered;
  int answer = -1;
  journal.write(std::move(entry), [&](bool durable) {
    const std::scoped_lock lock(mutex);
    answer = durable ? 1 : 0;
    answered.notify_all();
  });
  std::unique_lock lock(mutex);
  EXPECT_TRUE(answered.wait_for(lock, Ear::kGuard, [&] { return answer >= 0; }));
  return answer == 1;
}

inline Options options_for(const Folder& folder) {
  Options options;
  options.folder = folder.path();
  return options;
}

inline std::vector<std::int64_t> sequences(const std::vector<EventRow>& events) {
  std::vector<std::int64_t> numbers;
  numbers.reserve(events.size());
  for (const EventRow& event : events) {
    numbers.push_back(event.sequence);
  }
  return numbers;
}

}  // namespace reachd::journal
