#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace reachd::blackbox {

/// Bytes of a peer as patterns judge them in Go: there each byte that is not part of well-formed
/// UTF-8 is U+FFFD, which `.` matches, while RE2 lets nothing match it. The bytes are lent.
class GoText {
 public:
  explicit GoText(std::string_view bytes);

  std::string_view seen() const noexcept { return repaired_ ? *repaired_ : bytes_; }
  /// The bytes that `part`, a piece of seen(), stands for: what a group has matched.
  std::string_view bytes_of(std::string_view part) const;

 private:
  std::string_view bytes_;
  std::optional<std::string> repaired_;  ///< only where the bytes are not UTF-8
};

}  // namespace reachd::blackbox
