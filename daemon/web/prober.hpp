#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "daemon/web/http.hpp"

namespace reachd::web {

/// Who asked for a probe, as far as the probe has to know: it may go before there is an answer.
class Client {
 public:
  /// What is to happen then; called at most once, on the server's thread. Nothing: no probe runs.
  void when_gone(std::function<void()> act) { act_ = std::move(act); }
  void gone() {
    if (const auto act = std::exchange(act_, nullptr)) {
      act();
    }
  }

 private:
  std::function<void()> act_;
};

/// Answers /probe. Lives on the server's thread and goes before its io_context does.
class Prober {
 public:
  virtual ~Prober() = default;
  /// The request and the client outlive the answer.
  virtual boost::asio::awaitable<Response> probe(const Request& request, Client& client) = 0;
  /// Ends what still runs at once and leaves nothing that keeps the server's thread.
  virtual void stop() noexcept = 0;
};

/// Makes the server's.
using MakeProber = std::function<std::unique_ptr<Prober>(const boost::asio::any_io_executor&)>;

}  // namespace reachd::web
