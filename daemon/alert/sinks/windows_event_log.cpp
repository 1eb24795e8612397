#include "daemon/alert/sinks/windows_event_log.hpp"

#include <array>
#include <utility>

#include "daemon/alert/sinks/blocking.hpp"
#include "daemon/alert/sinks/wording.hpp"

namespace reachd::alert {
namespace {

using event::Kind;
using platform::event_log_string;
using platform::LogEntry;

/// In the order of event::Kind; the hundreds are the kinds' families.
constexpr std::array<std::uint16_t, event::kKinds> kIds{100, 101, 102, 103, 104, 200,
                                                        300, 301, 310, 311, 400, 401};

// Together below what the log takes of one entry (60 KiB of UTF-16).
constexpr std::size_t kLongestHeadline = 1'000;
constexpr std::size_t kLongestText = 8'000;
constexpr std::size_t kLongestJson = 18'000;

LogEntry::Level level_of(const event::Event& event) noexcept {
  if (is_recovery(event)) {
    return LogEntry::Level::information;
  }
  switch (event.severity) {
    case config::Severity::critical:
      return LogEntry::Level::error;
    case config::Severity::warning:
      return LogEntry::Level::warning;
    case config::Severity::info:
      break;
  }
  return LogEntry::Level::information;
}

void add(std::string& text, std::string_view name, std::string_view value) {
  if (!value.empty()) {
    text += "\n";
    text += name;
    text += ": ";
    text += value;
  }
}

std::string text_of(const event::Event& event) {
  std::string text = event.message;
  if (const std::string todo = advice(event); !todo.empty()) {
    text += "\n\n" + todo;
  }
  text += "\n";
  if (event.check) {
    add(text, "Check", event.check->id);
    add(text, "Product", event.check->product);
    add(text, "Requirement", event.check->requirement);
    add(text, "Target", event.check->target);
  }
  if (event.reason) {
    add(text, "Reason", to_string(*event.reason));
  }
  add(text, "In the way", event.evidence.offender);
  if (event.since) {
    add(text, "Since", clock_text(*event.since));
  }
  add(text, "Depends on", event.parent);
  add(text, "Seen from", event.vantage);
  add(text, "Event", event.id);
  return text;
}

/// A per cent sign before a digit as \u0025, which means the same to whoever reads JSON.
std::string json_string(std::string_view json) {
  std::string text;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const bool reference =
        json[i] == '%' && i + 1 < json.size() && json[i + 1] >= '0' && json[i + 1] <= '9';
    if (reference) {
      text += "\\u0025";
    } else {
      text += json[i];
    }
  }
  return text.size() <= kLongestJson ? event_log_string(text, kLongestJson) : std::string();
}

MadeSink make(Reader& /*params*/) {
  MadeSink made;
  made.events = make_windows_event_log_sink(platform::make_event_log());
  return made;
}

}  // namespace

std::uint16_t event_log_id(Kind kind) noexcept { return kIds[static_cast<std::size_t>(kind)]; }

LogEntry event_log_entry(const event::Event& event, std::string_view json) {
  return {.id = event_log_id(event.kind),
          .level = level_of(event),
          .strings = {event_log_string(headline(event), kLongestHeadline),
                      event_log_string(text_of(event), kLongestText), json_string(json)}};
}

std::shared_ptr<Sink> make_windows_event_log_sink(std::unique_ptr<platform::EventLog> log) {
  const std::shared_ptr<platform::EventLog> shared = std::move(log);
  return make_blocking_sink({.most_at_once = 1,
                             .silence = "the event log does not answer",
                             .prepare = [shared](std::span<const Delivery> events) -> Work {
                               const Delivery& delivery = events.front();
                               return [shared,
                                       entry = event_log_entry(delivery.event, delivery.json)] {
                                 return shared->write(entry);
                               };
                             }});
}

SinkType windows_event_log_sink() noexcept {
  return {.name = "windows_event_log", .calls_people = false, .make = &make};
}

}  // namespace reachd::alert
