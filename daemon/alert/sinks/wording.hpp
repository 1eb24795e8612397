#pragma once

#include <string>

#include "daemon/event/event.hpp"

namespace reachd::alert {

/// True for what ends something: an alert that was open before ends with it.
bool is_recovery(const event::Event& event) noexcept;

/// A few words for a subject line: "erp (erp.example.com:3300) is down". Of the daemon's own events
/// the whole sentence.
std::string headline(const event::Event& event);

/// "2026-11-22 10:54:45 UTC"
std::string clock_text(WallTime time);

/// What a person may ask whom to do about a check that is down, one sentence a line; empty where
/// nothing general can be said, and of recoveries.
std::string advice(const event::Event& event);

}  // namespace reachd::alert
