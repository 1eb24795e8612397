#include "daemon/alert/sinks/file.hpp"

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

/// The delivery that waits for the disk. Alert thread only, but for its executor.
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

/// What the alert thread and the thread that writes have in common; it outlives both.
struct Shared {
  explicit Shared(std::unique_ptr<platform::AppendFile> to) : file(std::move(to)) {}

  const std::unique_ptr<platform::AppendFile> file;  ///< whoever set `busy` may use it
  std::mutex mutex;
  // guarded by the mutex
  bool busy = false;
  Written written;
  std::shared_ptr<Waiter> waiter;  ///< null: nobody waits, so no loop is to be woken
};

void write(Shared& shared, const std::string& text) {
  Written written = shared.file->append(text);
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

/// JSON lines in a file. A disk may hang for as long as it likes (a network share that is gone), so
/// each write has a thread of its own, of which there is never more than one.
class FileSink final : public Sink {
 public:
  explicit FileSink(std::unique_ptr<platform::AppendFile> file)
      : shared_(std::make_shared<Shared>(std::move(file))) {}

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
      co_return receipts(events.size(), Receipt::How::retry, "the disk does not answer");
    }
    const std::scoped_lock lock(shared_->mutex);
    co_return shared_->written
        ? receipts(events.size(), Receipt::How::delivered)
        : receipts(events.size(), Receipt::How::retry, shared_->written.error());
  }

  std::size_t most_at_once() const noexcept override { return 1000; }

 private:
  /// Waits until nothing is being written; false if the time ends first.
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
    std::string text;
    for (const Delivery& delivery : events) {
      text += delivery.json;
      text += '\n';
    }
    {
      const std::scoped_lock lock(shared_->mutex);
      shared_->busy = true;
    }
    try {
      std::thread([shared = shared_, text = std::move(text)] { write(*shared, text); }).detach();
    } catch (const std::system_error& error) {
      const std::scoped_lock lock(shared_->mutex);
      shared_->busy = false;
      return std::unexpected("can't start a thread to write with (error " +
                             std::to_string(error.code().value()) + ")");
    }
    return {};
  }

  const std::shared_ptr<Shared> shared_;
};

MadeSink make(Reader& params) {
  const std::string path = params.required_text("path");
  MadeSink made;
  made.events =
      make_file_sink(platform::make_append_file(resolve_path(params.place("path"), path)));
  return made;
}

}  // namespace

std::shared_ptr<Sink> make_file_sink(std::unique_ptr<platform::AppendFile> file) {
  return std::make_shared<FileSink>(std::move(file));
}

SinkType file_sink() noexcept { return {.name = "file", .calls_people = false, .make = &make}; }

}  // namespace reachd::alert
