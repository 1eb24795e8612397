#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/maintenance.hpp"
#include "config/plan.hpp"
#include "daemon/alert/outbox.hpp"
#include "daemon/alert/settings.hpp"
#include "daemon/engine/board.hpp"
#include "daemon/event/event.hpp"
#include "daemon/journal/journal.hpp"
#include "probes/core/clock.hpp"

namespace reachd::net {
class Resolver;
class TrustStore;
}  // namespace reachd::net

namespace reachd::alert {

/// What alerting asks of the rest of the daemon. Called on its thread; thread-safe and quick.
struct Surroundings {
  /// Probes these checks at once; answered by Alerter::settled().
  std::function<void(std::vector<std::string> checks)> look_now;
  /// Shows what holds the alerts of these checks.
  std::function<void(std::vector<std::pair<std::string, engine::Modifiers>>)> mark;
  /// What is known now; null before the first plan.
  std::function<std::shared_ptr<const engine::Board>()> board;
  /// An event happened, as it is counted in the metrics.
  std::function<void(event::Kind)> count_event;
  std::function<void()> count_journal_error;
  /// Events up to this sequence may be shown and delivered.
  std::function<void(std::int64_t)> released;
};

/// What a reload may change.
struct Rules {
  std::shared_ptr<const config::Plan> plan;
  std::shared_ptr<const Alerting> alerting;
  config::Maintenance maintenance;
};

/// Whom to tell: takes verdicts, decides, journals, delivers. One thread of its own for deciding
/// and delivering, one for the journal; every function is thread-safe and returns at once unless it
/// says otherwise.
class Alerter {
 public:
  virtual ~Alerter() = default;

  /// Goes over to these rules; to be called before the engine goes over to the plan.
  virtual void adopt(Rules rules) = 0;
  /// A verdict changed (engine::Observer::on_change).
  virtual void changed(std::string check, engine::Verdict from, engine::CheckStatus status) = 0;
  /// Surroundings::look_now() has its answer (engine::Observer::on_settled).
  virtual void settled(std::string check, engine::CheckStatus status) = 0;
  /// The daemon's own: started, reloaded, rejected. `message` is a sentence.
  virtual void own(event::Kind kind, std::string message) = 0;
  /// The record, for those who show it.
  virtual const journal::Journal& journal() const = 0;
  /// What was known of the checks when the journal was opened, to start the engine with; gives it
  /// away, so that it is not kept twice. To be called once.
  virtual engine::Remember take_remembered() = 0;
  /// Notes daemon.stopped, delivers what it can and closes the journal; blocks, at most `within`
  /// and a moment. Idempotent.
  virtual void stop(Duration within) = 0;
};

/// Opens the journal and starts the thread, with nothing to watch yet. The lent objects outlive the
/// result.
std::unique_ptr<Alerter> make_alerter(const journal::Options& journal, std::string vantage,
                                      Surroundings surroundings, DeliveryObserver& deliveries,
                                      net::Resolver& resolver, net::TrustStore& trust,
                                      const Clock& clock);

}  // namespace reachd::alert
