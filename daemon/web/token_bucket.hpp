#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "config/web_config.hpp"

namespace reachd::web {

/// Lets so many requests through at once, and in the long run one an interval. Full at first.
class TokenBucket {
 public:
  /// False if this request is one too many.
  bool take(const config::RateLimit& limit, std::chrono::steady_clock::time_point now) noexcept {
    if (limit.interval <= Duration::zero()) {
      return true;
    }
    const double burst = limit.burst;
    const std::chrono::duration<double> interval = limit.interval;
    tokens_ = last_ ? std::min(tokens_ + (now - *last_) / interval, burst) : burst;
    last_ = now;
    if (tokens_ < 1) {
      return false;
    }
    tokens_ -= 1;
    return true;
  }

 private:
  double tokens_ = 0;
  std::optional<std::chrono::steady_clock::time_point> last_;
};

}  // namespace reachd::web
