#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "probes/core/clock.hpp"

/// The program's log: lines for whoever operates the daemon, not for what probes find out. All
/// functions are thread-safe; text from outside is escaped, so one call is one line.
namespace reachd::log {

enum class Level : std::uint8_t { debug, info, warning, error };
enum class Format : std::uint8_t { text, json };
std::string_view to_string(Level) noexcept;
/// "debug", "info", "warning", "error".
std::optional<Level> parse_level(std::string_view) noexcept;

/// What is said beside the sentence: `{"checks", 12}`. Never a secret.
struct Field {
  std::string key;
  std::string value;
  bool is_number = false;

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  template <typename Number>
    requires std::is_arithmetic_v<Number>
  Field(std::string_view k, Number v) : key(k), value(std::to_string(v)), is_number(true) {}
};
using Fields = std::vector<Field>;

struct Options {
  Level level = Level::info;
  Format format = Format::text;
  std::FILE* out = stderr;  ///< not owned; outlives the logging
  std::string file{};       ///< if named, lines go there instead of to `out`
};

/// A log file grows to so many bytes; then it is renamed (`reachd.1.log`), and so many are kept.
inline constexpr std::size_t kMostFileBytes = std::size_t{10} * 1024 * 1024;
inline constexpr std::size_t kMostOldFiles = 5;

/// Takes effect for the lines that follow. Without it: info and above, text, standard error. Throws
/// a std::runtime_error if the file can't be opened; then nothing has changed.
void configure(const Options& options);
/// Somebody who gets each line that is written too, as text without time and level, on the thread
/// that logs: it returns soon and does not log. Empty: nobody any more, but for calls under way.
using Also = std::function<void(Level level, std::string_view line)>;
void also_to(Also also);
bool enabled(Level level) noexcept;
void write(Level level, std::string_view message, const Fields& fields = {});

inline void debug(std::string_view message, const Fields& fields = {}) {
  write(Level::debug, message, fields);
}
inline void info(std::string_view message, const Fields& fields = {}) {
  write(Level::info, message, fields);
}
inline void warning(std::string_view message, const Fields& fields = {}) {
  write(Level::warning, message, fields);
}
inline void error(std::string_view message, const Fields& fields = {}) {
  write(Level::error, message, fields);
}

/// A warning that may come up thousands of times a second and is written once in a while, with the
/// number of those left out. One object a kind of warning. Thread-safe.
class RareWarning {
 public:
  explicit RareWarning(Duration every = std::chrono::minutes(1)) : every_(every) {}
  /// True if the line was written.
  bool write(TimePoint now, std::string_view message, Fields fields = {});

 private:
  const Duration every_;
  std::mutex mutex_;
  std::optional<TimePoint> last_;
  std::uint64_t left_out_ = 0;
};

}  // namespace reachd::log
