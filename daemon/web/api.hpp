#pragma once

#include <memory>
#include <string_view>

#include "daemon/metrics/exposition.hpp"
#include "daemon/web/callbacks.hpp"
#include "daemon/web/http.hpp"
#include "daemon/web/router.hpp"

namespace reachd::web {

/// Answers requests from the board: pure but for the callbacks, no sockets. One thread.
class Api {
 public:
  explicit Api(const Callbacks& callbacks) : callbacks_(callbacks) {}

  /// Everything but Route::reload, events, report and stream, which take their time and are the
  /// server's.
  Response answer(const Match& where, const Request& request);
  /// The next scrape is refused.
  bool scrapes_are_full() const noexcept;

 private:
  Response metrics(const Request& request);
  Response checks(const Request& request, bool with_state);
  Response check(std::string_view id, const Request& request);

  const Callbacks& callbacks_;
  metrics::Exposition exposition_;
  /// Held by each scrape that is under way; how many hold it is how many there are.
  std::shared_ptr<const int> scrapes_ = std::make_shared<const int>(0);
};

}  // namespace reachd::web
