#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/core/duration.hpp"
#include "probes/core/secret.hpp"
#include "probes/core/value.hpp"

namespace reachd {

/// Reads one map strictly: typed, bounded, every key asked for or reported. A wrong value is
/// reported with its place and the fallback is returned, so that reading goes on and all problems
/// come out at once. Keys that no call asked for are reported by done(), which the caller runs
/// last. Lent references: the value and the diagnostics outlive the reader.
class Reader {
 public:
  /// `what` names the map in messages: "check erp". A value that is no map is reported here, once;
  /// null counts as empty.
  Reader(const Value& map, Diagnostics& diagnostics, std::string what);

  bool has(std::string_view key);
  std::string text(std::string_view key, std::string_view fallback = {});
  /// Missing or empty is an error.
  std::string required_text(std::string_view key);
  bool boolean(std::string_view key, bool fallback);
  std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t least,
                       std::int64_t most);
  std::uint16_t port(std::string_view key, std::uint16_t fallback);
  Duration duration(std::string_view key, Duration fallback, Duration least, Duration most);
  /// Bytes.
  std::uint64_t size(std::string_view key, std::uint64_t fallback, std::uint64_t least,
                     std::uint64_t most);
  /// A list of texts; a lone text counts as a list of one.
  std::vector<std::string> texts(std::string_view key);
  /// Text pairs of a map, in the order written.
  std::vector<std::pair<std::string, std::string>> pairs(std::string_view key);
  /// One of the words; `names[i].first` is the word.
  template <typename T>
  T choice(std::string_view key, T fallback,
           std::span<const std::pair<std::string_view, T>> names) {
    std::vector<std::string_view> words;
    for (const auto& name : names) {
      words.push_back(name.first);
    }
    const auto index = choice_index(key, words);
    return index ? names[*index].second : fallback;
  }
  /// `key`, with ${ENV_NAME} replaced, or the first line of the file that `key`_file names
  /// (relative to the file of the configuration that names it). Both, an unset variable or an
  /// unreadable file are errors that never show the secret.
  std::optional<Secret> secret(std::string_view key);
  /// A file name made absolute against the folder of the configuration file; the file must be
  /// readable.
  std::optional<std::string> readable_file(std::string_view key);

  /// The node itself, marked as known; null if missing.
  const Value* raw(std::string_view key);
  /// The items of a list, empty if missing; a value that is no list is reported.
  std::span<const Value> list(std::string_view key);
  /// The place of a key's value, or of the map.
  Place place(std::string_view key = {}) const;
  /// Reports at a key's value (or at the map, if the key is missing).
  void error(std::string_view key, std::string message);
  Diagnostics& diagnostics() noexcept { return diagnostics_; }
  const std::string& what() const noexcept { return what_; }
  /// Reports every key that was not asked for, with the nearest known key.
  void done();

 private:
  const Value* scalar(std::string_view key);
  std::optional<std::size_t> choice_index(std::string_view key,
                                          const std::vector<std::string_view>& words);

  const Value& map_;
  Diagnostics& diagnostics_;
  std::string what_;
  std::vector<std::string_view> known_;  ///< keys are literals or outlive the reader
};

/// `path` made absolute against the folder of the file that `place` names.
std::string resolve_path(const Place& place, std::string_view path);

}  // namespace reachd
