#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace reachd::platform {

/// What the Windows Event Log is told once. packaging/windows-service/events.mc has a text for each
/// id, in which the strings stand.
struct LogEntry {
  enum class Level : std::uint8_t { information, warning, error };

  std::uint16_t id = 0;
  Level level = Level::information;
  std::vector<std::string> strings;  ///< UTF-8, each from event_log_string(); together below 60 KiB

  bool operator==(const LogEntry&) const = default;
};

/// `text` as the Event Log can hold and show it: well-formed UTF-8 of at most `most` bytes, lines
/// that end with CR LF, other control characters as blanks, and a blank after each per cent sign
/// that precedes a digit (viewers would put another string in its place).
std::string event_log_string(std::string_view text, std::size_t most);

/// The Event Log, under the source that is named like the program. One thread at a time.
class EventLog {
 public:
  virtual ~EventLog() = default;
  /// Asks a service of the system, which may take its time. The error is a sentence; the next call
  /// begins anew.
  virtual std::expected<void, std::string> write(const LogEntry& entry) = 0;
};

/// True on Windows.
bool has_event_log() noexcept;
/// Null where there is none. Asks nothing of the system yet.
std::unique_ptr<EventLog> make_event_log();

}  // namespace reachd::platform
