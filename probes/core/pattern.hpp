#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  /// The first match in `text` and what its groups matched, empty where a group took no part; none
  /// if there is no match.
  std::optional<std::vector<std::string_view>> match(std::string_view text) const;
  /// The number of the group that is called `name`, as in `(?P<name>...)`.
  std::optional<std::size_t> group(const std::string& name) const;
  const std::string& text() const noexcept;

 private:
  explicit Pattern(std::shared_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {}

  std::shared_ptr<const re2::RE2> compiled_;
};

}  // namespace reachd
