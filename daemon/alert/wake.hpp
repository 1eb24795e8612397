#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "probes/core/clock.hpp"

namespace reachd::alert {

namespace asio = boost::asio;

/// Where one coroutine waits for a time or for being called, whatever comes first. A call that
/// comes before the wait is not lost. One thread.
class Wake {
 public:
  explicit Wake(const asio::any_io_executor& executor) : timer_(executor) {}

  void call() {
    called_ = true;
    timer_.cancel();
  }

  asio::awaitable<void> wait(TimePoint until) {
    if (!called_) {
      timer_.expires_at(until);
      co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    called_ = false;
  }

 private:
  asio::steady_timer timer_;
  bool called_ = false;
};

}  // namespace reachd::alert
