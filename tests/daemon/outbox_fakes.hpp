#pragma once

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "daemon/alert/outbox.hpp"
#include "daemon/json/event.hpp"
#include "tests/support/net_lab.hpp"

namespace reachd::test {

using alert::Receipt;

/// Keeps everything in memory; what is written is durable at once.
class FakeJournal final : public journal::Journal {
 public:
  journal::Kept take_kept() override { return {}; }
  void write(journal::Entry entry, std::function<void(bool)> done) override {
    ++writes;
    for (const journal::Cursor& cursor : entry.cursors) {
      cursors[cursor.sink] = cursor.sequence;
    }
    for (const std::string& sink : entry.cursors_gone) {
      cursors.erase(sink);
    }
    if (done) {
      done(true);
    }
  }
  std::vector<journal::EventRow> next_events(std::int64_t sequence,
                                             std::size_t most) const override {
    std::vector<journal::EventRow> found;
    for (auto row = rows.upper_bound(sequence); row != rows.end() && found.size() < most; ++row) {
      found.push_back(row->second);
    }
    return found;
  }
  std::optional<std::vector<journal::EventRow>> recent_events(std::int64_t sequence,
                                                              std::size_t most) const override {
    if (sequence < on_disk) {
      return std::nullopt;
    }
    return next_events(sequence, most);
  }
  /// Answers when the test calls answer_fetches().
  void fetch_events(std::int64_t sequence, std::size_t most,
                    std::function<void(std::vector<journal::EventRow>)> done) override {
    fetches.emplace_back(
        [this, sequence, most, done = std::move(done)] { done(next_events(sequence, most)); });
  }
  void answer_fetches() {
    for (const auto& fetch : std::exchange(fetches, {})) {
      fetch();
    }
  }
  const journal::Reading& reading() const override { std::abort(); }
  void close(Duration) override {}

  std::vector<journal::Cursor> kept() const {
    std::vector<journal::Cursor> result;
    result.reserve(cursors.size());
    for (const auto& [sink, sequence] : cursors) {
      result.push_back({.sink = sink, .sequence = sequence});
    }
    return result;
  }

  std::map<std::int64_t, journal::EventRow> rows;
  std::map<std::string, std::int64_t> cursors;
  int writes = 0;
  std::int64_t on_disk = 0;  ///< events up to here are not in memory
  std::vector<std::function<void()>> fetches;
};

struct FakeObserver final : alert::DeliveryObserver {
  void on_delivery(std::string_view sink, std::string_view outcome, std::uint64_t count) override {
    counts[std::string(sink) + " " + std::string(outcome)] += count;
  }
  void on_pending(std::string_view sink, std::uint64_t now, Duration age) override {
    pending[std::string(sink)] = now;
    oldest[std::string(sink)] = age;
  }
  void on_sink_gone(std::string_view sink) override { gone.emplace_back(sink); }

  std::map<std::string, std::uint64_t> counts;
  std::map<std::string, std::uint64_t> pending;
  std::map<std::string, Duration> oldest;
  std::vector<std::string> gone;
};

/// Waits until the deadline ends.
inline asio::awaitable<void> hang(alert::SinkRun run) {
  asio::steady_timer timer(run.network.executor, std::chrono::hours(1));
  class Cancel final : public net::Abortable {
   public:
    explicit Cancel(asio::steady_timer& timer) : timer_(timer) {}
    void abort() noexcept override { timer_.cancel(); }

   private:
    asio::steady_timer& timer_;
  } cancel(timer);
  const net::Watch watch = run.deadline.watch(cancel);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

inline Receipt delivered() { return {.how = Receipt::How::delivered}; }
inline Receipt refused() { return {.how = Receipt::How::refused, .why = "it won't have it"}; }
inline Receipt retry() { return {.how = Receipt::How::retry, .why = "not now"}; }

/// Does with each event as the test says, and remembers it by its message.
class FakeSink final : public alert::Sink {
 public:
  using Answer = std::function<Receipt(const event::Event&)>;
  explicit FakeSink(Answer its_answer = [](const auto&) { return delivered(); })
      : answer(std::move(its_answer)) {}

  asio::awaitable<std::vector<Receipt>> deliver(alert::SinkRun run,
                                                std::span<const alert::Delivery> events) override {
    ++running;
    std::vector<std::string> call;
    for (const alert::Delivery& delivery : events) {
      call.push_back(delivery.event.message);
    }
    calls.push_back(call);
    if (hangs) {
      co_await hang(run);
    }
    std::vector<Receipt> receipts;
    bool stuck = hangs;
    for (const alert::Delivery& delivery : events) {
      receipts.push_back(stuck ? retry() : answer(delivery.event));
      if (receipts.back().how == Receipt::How::delivered) {
        got.push_back(delivery.event.message);
        ids.push_back(delivery.event.id);
        EXPECT_EQ(delivery.json, json::event_text(delivery.event));
      }
      stuck = stuck || (!beside && receipts.back().how == Receipt::How::retry);
    }
    EXPECT_EQ(--running, 0);
    co_return receipts;
  }
  std::size_t most_at_once() const noexcept override { return most; }
  bool one_per_check() const noexcept override { return beside; }

  Answer answer;
  bool hangs = false;
  bool beside = false;
  std::size_t most = 1;
  int running = 0;
  std::vector<std::vector<std::string>> calls;
  std::vector<std::string> got;
  std::vector<std::string> ids;
};

class FakeStateSink final : public alert::StateSink {
 public:
  using Answer = std::function<Receipt(std::span<const event::Alert>)>;
  explicit FakeStateSink(Answer its_answer = [](const auto&) { return delivered(); })
      : answer(std::move(its_answer)) {}

  asio::awaitable<Receipt> send(alert::SinkRun run, std::span<const event::Alert> alerts) override {
    calls.emplace_back(alerts.begin(), alerts.end());
    if (hangs) {
      co_await hang(run);
      co_return retry();
    }
    co_return answer(alerts);
  }
  std::string title() const override { return "http://am:9093"; }

  /// The keys of one call, those that ended with a '-' before.
  std::vector<std::string> keys(std::size_t call) const {
    std::vector<std::string> result;
    for (const event::Alert& alert : calls.at(call)) {
      result.push_back((alert.ended ? "-" : "") + alert.key);
    }
    return result;
  }

  Answer answer;
  bool hangs = false;
  std::vector<std::vector<event::Alert>> calls;
};

class OutboxTest : public ::testing::Test {
 protected:
  OutboxTest() {
    using std::chrono::milliseconds;
    times.first_retry = milliseconds(4);
    times.longest_retry = milliseconds(16);
    times.fresh_gap = milliseconds(4);
    times.keep_cursors = milliseconds(2);
    times.tell_pending = milliseconds(5);
    alerting.resend = std::chrono::hours(1);
  }

  void TearDown() override {
    if (outbox) {
      EXPECT_TRUE(stop(std::chrono::seconds(0)));
    }
  }

  /// An event about the check in the journal; its message is `check` with its number.
  std::int64_t write(const std::string& check,
                     config::Severity severity = config::Severity::critical, Duration age = {}) {
    event::Event event;
    const std::int64_t sequence = ++last_sequence;
    event.id = "01J00000000000000000" + std::to_string(100'000 + sequence % 800'000);
    event.time = std::chrono::floor<std::chrono::milliseconds>(system_clock().wall_now() - age);
    event.severity = severity;
    event.message = check + std::to_string(sequence);
    event.check.emplace().id = check;
    journal.rows[sequence] = {.sequence = sequence,
                              .id = event.id,
                              .time = event.time,
                              .kind = "check.down",
                              .check = check,
                              .body = json::event_text(event)};
    return sequence;
  }
  void write_and_release(std::initializer_list<const char*> checks) {
    for (const char* check : checks) {
      write(check);
    }
    outbox->release(last_sequence);
  }

  alert::SinkSettings& add(const std::string& name, std::shared_ptr<FakeSink> sink) {
    alert::SinkSettings& settings = alerting.sinks.emplace_back();
    settings.name = name;
    settings.made.events = std::move(sink);
    return settings;
  }
  alert::SinkSettings& add(const std::string& name,
                           std::vector<std::shared_ptr<FakeStateSink>> sinks) {
    alert::SinkSettings& settings = alerting.sinks.emplace_back();
    settings.name = name;
    settings.made.states.assign(sinks.begin(), sinks.end());
    return settings;
  }

  /// Begins with what the journal kept.
  void begin() {
    outbox = make_outbox(lab.network, journal, observer, journal.kept(), last_sequence, times);
    outbox->configure(alerting, "here");
  }
  /// Runs the loop until the condition holds; false after the guard.
  bool wait(const std::function<bool()>& condition) {
    const auto guard = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    lab.context.restart();
    while (!condition()) {
      if (std::chrono::steady_clock::now() > guard || lab.context.run_one_until(guard) == 0) {
        return condition();
      }
    }
    return true;
  }
  bool stop(Duration within) {
    bool done = false;
    outbox->stop(within, [&done] { done = true; });
    const bool stopped = wait([&done] { return done; });
    outbox.reset();
    return stopped;
  }

  NetLab lab;
  FakeJournal journal;
  FakeObserver observer;
  alert::OutboxTimes times;
  alert::Alerting alerting;
  std::int64_t last_sequence = 0;
  std::unique_ptr<alert::Outbox> outbox;
};

}  // namespace reachd::test
