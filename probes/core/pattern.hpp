#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace reachd {

/// A regular expression (RE2's syntax) that runs in time linear to the text and in bounded memory,
/// so neither a hostile pattern nor a hostile answer can hold a probe. Immutable, cheap to copy,
/// thread-safe.
class Pattern {
 public:
  /// At most 4 KiB. The error is a sentence.
  static std::expected<Pattern, std::string> compile(std::string_view text);
  /// True if it matches anywhere in `text`, which may be any bytes.
  bool found_in(std::string_view text) const;
  const std::string& text() const noexcept;

 private:
  explicit Pattern(std::shared_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {}

  std::shared_ptr<const re2::RE2> compiled_;
};

}  // namespace reachd
