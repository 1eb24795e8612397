#pragma once

#include <string>
#include <utility>

namespace reachd {

/// A text that never shows itself: no stream operator, no formatter; the places that need it say
/// reveal().
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}

  bool empty() const noexcept { return text_.empty(); }
  /// The text itself, for the wire only; never for a log, a metric, an event or an error message.
  const std::string& reveal() const noexcept { return text_; }
  /// What configuration dumps show.
  static const char* masked() noexcept { return "<secret>"; }
  bool operator==(const Secret&) const = default;

 private:
  std::string text_;
};

}  // namespace reachd
