#include "daemon/journal/fetcher.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace reachd::journal {
namespace {

struct Request {
  std::int64_t sequence = 0;
  std::size_t most = 0;
  Fetcher::Done done;
};

}  // namespace

/// What both threads have; it outlives a reader that the disk keeps.
struct Fetcher::Shared {
  explicit Shared(std::shared_ptr<const LiveReading> its_reading)
      : reading(std::move(its_reading)) {}

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return stopped || !requests.empty(); });
      if (stopped) {
        return;
      }
      const Request request = std::move(requests.front());
      requests.pop_front();
      busy = true;
      lock.unlock();
      std::vector<EventRow> events = reading->next_events(request.sequence, request.most);
      lock.lock();
      busy = false;
      if (!stopped) {
        request.done(std::move(events));  // under the lock: whoever asked is there until stop()
      }
    }
  }

  const std::shared_ptr<const LiveReading> reading;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Request> requests;
  bool busy = false;
  bool stopped = false;
};

Fetcher::Fetcher(std::shared_ptr<const LiveReading> reading)
    : shared_(std::make_shared<Shared>(std::move(reading))) {}

void Fetcher::fetch(std::int64_t sequence, std::size_t most, Done done) {
  const std::scoped_lock lock(shared_->mutex);
  if (shared_->stopped) {
    return;
  }
  shared_->requests.push_back({.sequence = sequence, .most = most, .done = std::move(done)});
  shared_->changed.notify_one();
  if (!thread_.joinable()) {
    thread_ = std::thread([shared = shared_] { shared->work(); });
  }
}

void Fetcher::stop() {
  bool busy = false;
  {
    const std::scoped_lock lock(shared_->mutex);
    shared_->stopped = true;
    shared_->requests.clear();
    shared_->changed.notify_one();
    busy = shared_->busy;
  }
  if (!thread_.joinable()) {
    return;
  }
  if (busy) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

}  // namespace reachd::journal
