#include "daemon/alert/sinks/blocking.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "daemon/alert/reach.hpp"

namespace reachd::alert {
namespace {

using Written = std::expected<void, std::string>;

/// The delivery that waits for the work. Alert thread only, but for its executor.
struct Waiter final : net::Abortable {
  explicit Waiter(const asio::any_io_executor& loop)
      : executor(loop), timer(loop, asio::steady_timer::time_point::max()) {}
  void abort() noexcept override {
    ended = true;
    timer.cancel();
  }

  const asio::any_io_executor executor;
  asio::steady_timer timer;
  bool ended = false;
};

/// What the alert thread and the thread that works have in common; it outlives both.
struct Shared {
  std::mutex mutex;
  // guarded by the mutex
  bool busy = false;
  Written written;
  std::shared_ptr<Waiter> waiter;  ///< null: nobody waits, so no loop is to be woken
};

void do_work(Shared& shared, const Work& work) {
  Written written = work();
  const std::scoped_lock lock(shared.mutex);
  shared.busy = false;
  shared.written = std::move(written);
  if (shared.waiter) {
    // Under the lock: the loop stays as long as somebody waits on it.
    asio::post(shared.waiter->executor, [waiter = std::weak_ptr<Waiter>(shared.waiter)] {
      if (const auto waiting = waiter.lock()) {
        waiting->abort();
      }
    });
  }
}

/// Lets a waiter be woken as long as it lives.
class Waiting {
 public:
  Waiting(Shared& shared, std::shared_ptr<Waiter> waiter) : shared_(shared) {
    const std::scoped_lock lock(shared_.mutex);
    if (!shared_.busy) {
      waiter->ended = true;
    }
    shared_.waiter = std::move(waiter);
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() {
    const std::scoped_lock lock(shared_.mutex);
    shared_.waiter.reset();
  }

 private:
  Shared& shared_;
};

class BlockingSink final : public Sink {
 public:
  explicit BlockingSink(BlockingOptions options) : options_(std::move(options)) {}
  ~BlockingSink() override {
    if (!worker_.joinable()) {
      return;
    }
    const std::scoped_lock lock(shared_->mutex);
    if (shared_->busy) {
      worker_.detach();
    } else {
      worker_.join();
    }
  }

  asio::awaitable<std::vector<Receipt>> deliver(SinkRun run,
                                                std::span<const Delivery> events) override {
    bool done = co_await settled(run);
    if (done) {
      Written begun = begin(events);
      if (!begun) {
        co_return receipts(events.size(), Receipt::How::retry, begun.error());
      }
      done = co_await settled(run);
    }
    if (!done) {
      co_return receipts(events.size(), Receipt::How::retry, options_.silence);
    }
    const std::scoped_lock lock(shared_->mutex);
    co_return shared_->written
        ? receipts(events.size(), Receipt::How::delivered)
        : receipts(events.size(), Receipt::How::retry, shared_->written.error());
  }

  std::size_t most_at_once() const noexcept override { return options_.most_at_once; }

 private:
  /// Waits until no work is under way; false if the time ends first.
  asio::awaitable<bool> settled(const SinkRun& run) {
    const auto waiter = std::make_shared<Waiter>(run.network.executor);
    const Waiting waiting(*shared_, waiter);
    const net::Watch watch = run.deadline.watch(*waiter);
    if (!waiter->ended) {
      co_await waiter->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    const std::scoped_lock lock(shared_->mutex);
    co_return !shared_->busy;
  }

  Written begin(std::span<const Delivery> events) {
    Work work = options_.prepare(events);
    {
      const std::scoped_lock lock(shared_->mutex);
      shared_->busy = true;
    }
    try {
      // The one before has ended. Not detached: with the threads of mingw-w64 one that follows a
      // detached one may never begin.
      if (worker_.joinable()) {
        worker_.join();
      }
      worker_ = std::thread([shared = shared_, work = std::move(work)] { do_work(*shared, work); });
    } catch (const std::system_error& error) {
      const std::scoped_lock lock(shared_->mutex);
      shared_->busy = false;
      return std::unexpected("can't start a thread for it (error " +
                             std::to_string(error.code().value()) + ")");
    }
    return {};
  }

  const BlockingOptions options_;
  const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  std::thread worker_;
};

}  // namespace

std::shared_ptr<Sink> make_blocking_sink(BlockingOptions options) {
  return std::make_shared<BlockingSink>(std::move(options));
}

}  // namespace reachd::alert
