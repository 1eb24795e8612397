// What a storm costs the journal: 10,000 checks go down at once, each with an event, a transition,
// a row of the check and an alert, in an entry of its own. The limit is 1 s until all is durable.
// Then how long a single event takes until it is durable, and how fast a sink that was away reads.
#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/journal/journal.hpp"

namespace {

using namespace reachd;
using BenchClock = std::chrono::steady_clock;

constexpr int kChecks = 10'000;
constexpr int kRounds = 5;
constexpr int kSingles = 300;
/// As long as the JSON of an event with two attempts.
constexpr std::size_t kBody = 1200;

double ms_since(BenchClock::time_point began) {
  return std::chrono::duration<double, std::milli>(BenchClock::now() - began).count();
}

double resident_mb() {
  std::ifstream file("/proc/self/status");
  std::string word;
  while (file >> word) {
    double kilobytes = 0;
    if (word == "VmRSS:" && file >> kilobytes) {
      return kilobytes / 1024;
    }
  }
  return 0;
}

class Silent final : public journal::Listener {
 public:
  void on_journal_error() override {}
  void on_journal_failing(std::string_view why) override {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(why.size()), why.data());
  }
  void on_journal_recovered(std::size_t) override {}
};

/// Counts answers; waits for the last one.
class Answers {
 public:
  void came(bool durable) {
    const std::scoped_lock lock(mutex_);
    ++(durable ? durable_ : not_durable_);
    changed_.notify_all();
  }
  void wait(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return durable_ + not_durable_ >= count; });
    if (not_durable_ > 0) {
      std::printf("NOT DURABLE: %d\n", not_durable_);
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int durable_ = 0;
  int not_durable_ = 0;
};

std::string check_name(int check) {
  return "xyz.3.some-requirement/host-" + std::to_string(check) + ".example.com:8443";
}

std::int64_t sequence = 0;

journal::Entry down(int check, std::uint8_t state) {
  const WallTime now = system_clock().wall_now();
  const std::string name = check_name(check);
  std::string digits = std::to_string(++sequence);
  digits.insert(0, 26 - digits.size(), '0');
  journal::Entry entry;
  entry.events.push_back({.sequence = sequence,
                          .id = digits,
                          .time = now,
                          .kind = "check.down",
                          .check = name,
                          .body = std::string(kBody, 'x')});
  entry.transitions.push_back({.check = name, .time = now, .state = state});
  entry.checks.push_back({.check = name,
                          .name = name,
                          .product = "product",
                          .device = "",
                          .state = state,
                          .since = now,
                          .has_been_up = true,
                          .extra = ""});
  entry.alerts.push_back(
      {.key = "RequiredPortClosed|" + name, .body = std::string(kBody / 2, 'x')});
  return entry;
}

void storms(journal::Journal& journal) {
  for (int round = 0; round < kRounds; ++round) {
    Answers answers;
    const double before = resident_mb();
    const auto began = BenchClock::now();
    double longest = 0;
    for (int check = 0; check < kChecks; ++check) {
      const auto call = BenchClock::now();
      journal.write(down(check, round % 2 == 0 ? 3 : 1),
                    [&](bool durable) { answers.came(durable); });
      longest = std::max(longest, ms_since(call));
    }
    const double queued = ms_since(began);
    answers.wait(kChecks);
    std::printf(
        "storm %d: queued in %5.0f ms (longest write() %.2f ms), all durable after %5.0f ms, "
        "memory %+.1f MB\n",
        round + 1, queued, longest, ms_since(began), resident_mb() - before);
  }
}

void singles(journal::Journal& journal) {
  std::vector<double> times;
  for (int i = 0; i < kSingles; ++i) {
    Answers answers;
    const auto began = BenchClock::now();
    journal.write(down(i, 3), [&](bool durable) { answers.came(durable); });
    answers.wait(1);
    times.push_back(ms_since(began));
  }
  std::ranges::sort(times);
  std::printf("one event: durable after %.2f ms (median), %.2f ms (p99)\n", times[kSingles / 2],
              times[kSingles * 99 / 100]);
}

void catch_up(const journal::Journal& journal) {
  const auto began = BenchClock::now();
  std::int64_t cursor = 0;
  int events = 0;
  for (;;) {
    const auto next = journal.next_events(cursor, 256);
    if (next.empty()) {
      break;
    }
    events += static_cast<int>(next.size());
    cursor = next.back().sequence;
  }
  std::printf("a sink far behind reads %d events in %.0f ms\n", events, ms_since(began));
}

void report(const journal::Journal& journal) {
  const auto began = BenchClock::now();
  const WallTime now = system_clock().wall_now();
  const auto rows = journal.reading().availability(now - std::chrono::days(30), now, 0);
  std::printf("a report of 30 days over %zu checks takes %.0f ms\n", rows ? rows->size() : 0,
              ms_since(began));
}

}  // namespace

int main(int argc, char** argv) {
  // A folder on the disk that matters can be given; a RAM disk would flatter.
  std::string folder =
      (argc > 1 ? std::string(argv[1]) : std::filesystem::temp_directory_path().string()) +
      "/reachd-bench-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) {
    return 1;
  }
  Silent listener;
  journal::Options options;
  options.folder = folder;
  {
    const auto journal = journal::open_journal(options, system_clock(), listener);
    storms(*journal);
    singles(*journal);
    catch_up(*journal);
    report(*journal);
    journal->close(std::chrono::seconds(10));
  }
  std::printf("the file has %.1f MB\n",
              static_cast<double>(std::filesystem::file_size(folder + "/journal.sqlite")) / 1e6);
  std::filesystem::remove_all(folder);
  return 0;
}
