#include <utility>

#include "daemon/alert/policy_state.hpp"

namespace reachd::alert {
namespace {

using event::Kind;

/// One for all kinds of trouble: its labels could not tell two from each other.
constexpr std::string_view kOwnKey = "MonitorDegraded";

}  // namespace

void Policy::State::own(Kind kind, std::string message) {
  const bool trouble = kind == Kind::config_rejected || kind == Kind::journal_failing;
  config_trouble =
      kind == Kind::config_rejected || (config_trouble && kind != Kind::config_reloaded);
  journal_trouble =
      kind == Kind::journal_failing || (journal_trouble && kind != Kind::journal_recovered);
  started = started || kind == Kind::daemon_started;
  event::Alert* alert = book.find_open(kOwnKey);
  event::Event event;
  event.time = now.wall;
  event.kind = kind;
  event.vantage = vantage;
  event.message = std::move(message);
  // What ends the trouble has to reach whoever heard of it.
  const bool cure = kind == Kind::config_reloaded || kind == Kind::journal_recovered ||
                    kind == Kind::daemon_started;
  if (trouble || (cure && alert != nullptr)) {
    event.severity = config::Severity::warning;
  }
  if (trouble) {
    if (alert == nullptr) {
      event::Alert opened;
      opened.key = kOwnKey;
      opened.name = event::AlertName::monitor_degraded;
      opened.severity = event.severity;
      opened.vantage = vantage;
      opened.since = now.wall;
      alert = book.open(std::move(opened));
    }
    alert->message = event.message;
    changed(*alert);
  } else if (cure) {
    end_own_alert();
  }
  out.events.push_back(std::move(event));
}

void Policy::State::end_own_alert() {
  event::Alert* alert = book.find_open(kOwnKey);
  if (alert != nullptr && !config_trouble && !journal_trouble) {
    book.end(*alert, now.wall, now.steady);
    changed(*alert);
  }
}

}  // namespace reachd::alert
