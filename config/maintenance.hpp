#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/selector.hpp"
#include "probes/core/clock.hpp"
#include "probes/core/value.hpp"

namespace reachd::config {

/// When no alert is to be raised for which checks: the section `maintenance:`. The one place that
/// decides. Immutable; copies share their windows. Times of day are those of the window's zone
/// (IANA tz database), daylight saving included: a window that begins in the hour that is left out
/// begins with the first moment after it; of the hour that comes twice, the first counts; a
/// duration is real time.
class Maintenance {
 public:
  Maintenance() = default;
  /// All problems are reported; the result is usable if there was none.
  static Maintenance read(const Value& value, Diagnostics& diagnostics);

  /// The name of a window that is open for the check then; nothing: none.
  std::optional<std::string> open_for(const SelectorFields& check, WallTime at) const;
  /// The next time after `after` at which any window's time begins or ends; nothing: never again.
  std::optional<WallTime> next_edge(WallTime after) const;
  bool empty() const noexcept { return windows_.empty(); }

 private:
  class Window;
  std::vector<std::shared_ptr<const Window>> windows_;
};

}  // namespace reachd::config
