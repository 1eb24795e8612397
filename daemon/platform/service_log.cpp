#include "daemon/platform/service_log.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "daemon/log/log.hpp"

namespace reachd::platform {
namespace {

constexpr std::size_t kMostWaiting = 256;
constexpr std::size_t kLongestText = 8'000;
constexpr auto kLastWait = std::chrono::seconds(2);

/// What those who tell and the thread that writes have in common; it outlives both.
struct Queue {
  explicit Queue(std::unique_ptr<EventLog> to) : log(std::move(to)) {}

  const std::unique_ptr<EventLog> log;  ///< the thread's
  std::mutex mutex;
  std::condition_variable changed;
  // guarded by the mutex
  std::deque<LogEntry> waiting;
  std::size_t left_out = 0;
  bool ending = false;
  bool ended = false;
};

LogEntry entry(std::uint16_t id, LogEntry::Level level, std::string_view text) {
  return {.id = id, .level = level, .strings = {event_log_string(text, kLongestText)}};
}

void put(Queue& queue, LogEntry what) {
  {
    const std::scoped_lock lock(queue.mutex);
    if (queue.waiting.size() >= kMostWaiting) {
      ++queue.left_out;
      return;
    }
    queue.waiting.push_back(std::move(what));
  }
  queue.changed.notify_all();
}

/// The thread. An entry that the system won't take is lost: there is nobody else to tell.
void write_all(Queue& queue) {
  std::unique_lock lock(queue.mutex);
  while (true) {
    queue.changed.wait(lock, [&] { return queue.ending || !queue.waiting.empty(); });
    if (queue.waiting.empty()) {
      break;
    }
    const LogEntry next = std::move(queue.waiting.front());
    queue.waiting.pop_front();
    if (queue.waiting.empty() && queue.left_out > 0) {
      queue.waiting.push_back(entry(
          kServiceWarning, LogEntry::Level::warning,
          std::to_string(std::exchange(queue.left_out, 0)) + " entries before this were left out"));
    }
    lock.unlock();
    [[maybe_unused]] const auto lost = queue.log->write(next);
    lock.lock();
  }
  queue.ended = true;
  lock.unlock();
  queue.changed.notify_all();
}

class QueuedServiceLog final : public ServiceLog {
 public:
  explicit QueuedServiceLog(std::unique_ptr<EventLog> log)
      : queue_(std::make_shared<Queue>(std::move(log))),
        thread_([queue = queue_] { write_all(*queue); }) {
    log::also_to([queue = queue_](log::Level level, std::string_view line) {
      if (level == log::Level::error) {
        put(*queue, entry(kServiceError, LogEntry::Level::error, line));
      } else if (level == log::Level::warning) {
        put(*queue, entry(kServiceWarning, LogEntry::Level::warning, line));
      }
    });
  }
  QueuedServiceLog(const QueuedServiceLog&) = delete;
  QueuedServiceLog& operator=(const QueuedServiceLog&) = delete;
  ~QueuedServiceLog() override {
    log::also_to({});
    bool ended = false;
    {
      std::unique_lock lock(queue_->mutex);
      queue_->ending = true;
      queue_->changed.notify_all();
      ended = queue_->changed.wait_for(lock, kLastWait, [&] { return queue_->ended; });
    }
    if (ended) {
      thread_.join();
    } else {
      thread_.detach();  // the system hangs; a stop does not wait for it
    }
  }

  void started(std::string_view text) override {
    put(*queue_, entry(kServiceStarted, LogEntry::Level::information, text));
  }
  void stopped(int exit_code) override {
    const bool well = exit_code == 0;
    put(*queue_,
        entry(kServiceStopped, well ? LogEntry::Level::information : LogEntry::Level::error,
              well ? "stopped as it was asked to"
                   : "ended with exit code " + std::to_string(exit_code)));
  }

 private:
  const std::shared_ptr<Queue> queue_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<ServiceLog> make_service_log(std::unique_ptr<EventLog> log) {
  return std::make_unique<QueuedServiceLog>(std::move(log));
}

}  // namespace reachd::platform
