#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "daemon/platform/event_log.hpp"

namespace reachd::platform {

// The numbers of a service's own entries; those of events are in alert/sinks/windows_event_log.
inline constexpr std::uint16_t kServiceStarted = 1;
inline constexpr std::uint16_t kServiceStopped = 2;
inline constexpr std::uint16_t kServiceWarning = 3;
inline constexpr std::uint16_t kServiceError = 4;

/// What the event log is told while the program runs as a service, which has no standard error:
/// that it started and stopped, and each warning and error of the program's log. A thread of its
/// own writes, so nobody waits for the system; of what waits longer than it can hold the number is
/// told. One at a time in a process. Thread-safe.
class ServiceLog {
 public:
  virtual ~ServiceLog() = default;
  /// `text` is a sentence: what is being watched.
  virtual void started(std::string_view text) = 0;
  /// `exit_code` as the program would return it; other than 0 is an error.
  virtual void stopped(int exit_code) = 0;
};

/// Begins to listen to the program's log and ends with the object, which gives the entries that
/// still wait two seconds.
std::unique_ptr<ServiceLog> make_service_log(std::unique_ptr<EventLog> log);

}  // namespace reachd::platform
