#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "daemon/engine/runner.hpp"

namespace reachd::engine {

/// A thread with an io_context and what its probes are lent.
class Loop {
 public:
  Loop(std::uint8_t number, std::uint32_t concurrency, net::Resolver& resolver,
       net::TrustStore& trust, const Clock& clock, Observer& observer, MakeTracer tracer);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  /// The thread has ended: join() came first.
  ~Loop();

  /// Any thread: has `function(Runner&)` run on the loop.
  template <typename Function>
  void post(Function function) {
    boost::asio::post(context_, [this, function = std::move(function)] { function(runner_); });
  }
  /// Any thread: aborts what is in flight; then the loop ends by itself, since it has nothing to
  /// do.
  void begin_stop();
  /// Waits for the end of the thread until then. False if something kept the loop busy: a bug; then
  /// the thread is ended by force, and the loop must not be destroyed, because what is suspended on
  /// it still refers to its parts.
  bool join(TimePoint until);

  const Runner& runner() const noexcept { return runner_; }

 private:
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  net::DeadlineQueue deadlines_;
  Runner runner_;
  std::promise<void> ended_;
  std::thread thread_;
};

/// So many attempts may be in flight where so many descriptors may be open: the rest is for the web
/// server, the journal and the libraries.
std::uint32_t concurrency_for(std::uint32_t descriptor_limit) noexcept;

}  // namespace reachd::engine
