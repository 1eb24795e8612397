#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reachd {

/// Where a piece of configuration was written. Lines and columns count from 1; 0 means "the whole
/// file".
struct Place {
  std::shared_ptr<const std::string>
      file;  ///< as the person named it; null for what has no file (command line)
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  /// "file:line:column", as far as known
  std::string to_string() const;
};

struct Diagnostic {
  Place place;
  std::string message;  ///< one sentence without a full stop

  /// "file:line:column: message"
  std::string to_string() const;
};

/// Collects every problem of a run instead of stopping at the first. At most 200 are kept; more are
/// counted.
class Diagnostics {
 public:
  void error(Place place, std::string message);
  bool ok() const noexcept { return count_ == 0; }
  std::size_t count() const noexcept { return count_; }
  const std::vector<Diagnostic>& errors() const noexcept { return errors_; }
  /// One a line, sorted by file and place, with a last line for those not kept.
  std::string to_string() const;

 private:
  std::vector<Diagnostic> errors_;
  std::size_t count_ = 0;
};

/// A configuration tree with the place of every node. Scalars stay text; Reader gives them types.
class Value {
 public:
  enum class Kind : std::uint8_t { null, scalar, list, map };
  struct Member;

  Kind kind = Kind::null;
  bool quoted = false;  ///< a scalar that was written in quotes is a string, whatever it looks like
  std::string scalar;
  std::vector<Value> items;     ///< of a list
  std::vector<Member> members;  ///< of a map, in the order written, keys unique
  Place place;

  const Value* find(std::string_view key) const noexcept;
  /// "a map", "a list", "text", "nothing": for error messages
  std::string_view kind_name() const noexcept;

  static Value text(std::string scalar, Place place = {});
  static Value map(Place place = {});
};

struct Value::Member {
  std::string key;
  Place place;
  Value value;
};

/// The entry of `known` that `word` most likely meant (edit distance at most 2, or a third of the
/// word), or nothing.
std::optional<std::string_view> nearest(std::string_view word,
                                        const std::vector<std::string_view>& known);
/// "; did you mean interval?" for the end of a sentence; empty if none of them is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace reachd
