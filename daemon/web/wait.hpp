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
    // Not owned there: a wait keeps the context, which keeps what was posted to it and never ran.
    boost::asio::post(*wait->context,
                      [asked = std::weak_ptr(wait), with = std::move(with)]() mutable {
                        answer_now(asked, std::move(with));
                      });
  }
  /// The context's thread; nothing happens where nobody waits any more.
  static void answer_now(const std::weak_ptr<Wait>& asked, Answer with) {
    if (const auto wait = asked.lock()) {
      wait->answered = std::move(with);
      wait->event.cancel();
    }
  }

  /// Shared, so that an answer that comes after the server has gone finds a place to be forgotten.
  std::shared_ptr<boost::asio::io_context> context;
  boost::asio::steady_timer event;
  std::optional<Answer> answered;
};

}  // namespace reachd::web
