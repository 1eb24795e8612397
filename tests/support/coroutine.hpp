#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace reachd::test {

/// Runs a coroutine on `context` until it is done and returns its value. A guard ends the wait: a
/// test that hangs fails with a sentence instead of a time-out of ctest.
template <typename T>
T run(boost::asio::io_context& context, boost::asio::awaitable<T> coroutine,
      std::chrono::steady_clock::duration guard = std::chrono::seconds(5)) {
  std::optional<T> result;
  std::exception_ptr failure;
  bool done = false;
  boost::asio::co_spawn(context, std::move(coroutine), [&](std::exception_ptr error, T value) {
    failure = error;
    result.emplace(std::move(value));
    done = true;
  });
  context.restart();
  const auto until = std::chrono::steady_clock::now() + guard;
  while (!done && std::chrono::steady_clock::now() < until && context.run_one_until(until) > 0) {
  }
  if (failure) {
    std::rethrow_exception(failure);
  }
  if (!done) {
    throw std::runtime_error("the coroutine was still waiting when the test's guard ended");
  }
  return std::move(*result);
}

}  // namespace reachd::test
