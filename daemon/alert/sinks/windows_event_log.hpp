#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "daemon/alert/sink.hpp"
#include "daemon/event/event.hpp"
#include "daemon/platform/event_log.hpp"

namespace reachd::alert {

/// The number by which the Event Log knows a kind of event. A promise: filters are written for it.
std::uint16_t event_log_id(event::Kind kind) noexcept;

/// The event as an entry of three strings: a headline, what a person wants to know, and the event
/// itself as JSON (`json`), which is empty where it is longer than an entry can hold.
platform::LogEntry event_log_entry(const event::Event& event, std::string_view json);

/// A sink that writes each event to the log, on a thread of its own.
std::shared_ptr<Sink> make_windows_event_log_sink(std::unique_ptr<platform::EventLog> log);

}  // namespace reachd::alert
