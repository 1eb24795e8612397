#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <utility>

namespace reachd::web {

/// An answer that comes from another thread.
template <typename Answer>
struct Wait {
  explicit Wait(std::shared_ptr<boost::asio::io_context> of)
      : context(std::move(of)), event(*context) {}

  /// Any thread.
  static void answer(const std::shared_ptr<Wait>& wait, Answer with) {
    if (!wait->context->stopped()) {
      boost::asio::post(*wait->context, [wait, with = std::move(with)]() mutable {
        wait->answered = std::move(with);
        wait->event.cancel();
      });
    }
  }

  /// Shared, so that an answer that comes after the server has gone finds a place to be forgotten.
  std::shared_ptr<boost::asio::io_context> context;
  boost::asio::steady_timer event;
  std::optional<Answer> answered;
};

}  // namespace reachd::web
