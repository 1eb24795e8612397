#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "daemon/event/alert.hpp"
#include "daemon/event/event.hpp"

namespace reachd::json {

/// The event as one object on one line, without the line end (contract, 7): what the journal keeps,
/// the stream and `events --json` show, and the sinks deliver. Beside the contract's keys:
/// `suppressed_by`, `parent` (null: nothing), `affected` (ids), `affected_count` and `also_for`.
std::string event_text(const event::Event& event);
/// Reads event_text() again, but for the path and the certificates, which only JSON shows. What it
/// does not know it skips. The error is a sentence.
std::expected<event::Event, std::string> read_event(std::string_view text);

/// An alert as the journal keeps it.
std::string alert_text(const event::Alert& alert);
/// Reads alert_text() again. The error is a sentence.
std::expected<event::Alert, std::string> read_alert(std::string_view text);

}  // namespace reachd::json
