#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/alert/settings.hpp"
#include "daemon/event/alert.hpp"
#include "daemon/journal/journal.hpp"
#include "probes/net/network.hpp"

namespace reachd::alert {

/// Counts for the metrics, on the alert thread; quick.
class DeliveryObserver {
 public:
  virtual ~DeliveryObserver() = default;
  /// `outcome`: delivered, failed (an attempt; it will be tried again), refused, dropped (too old
  /// or too many).
  virtual void on_delivery(std::string_view sink, std::string_view outcome,
                           std::uint64_t count) = 0;
  /// What waits for a sink now; `oldest` is zero if nothing does.
  virtual void on_pending(std::string_view sink, std::uint64_t pending, Duration oldest) = 0;
  /// The sink is not configured any more: its series go.
  virtual void on_sink_gone(std::string_view sink) = 0;
};

/// Brings each event to each sink: at least once, in order per check, from the journal's cursor of
/// that sink on, so that a restart goes on where it stopped. Sinks don't wait for each other. Alert
/// thread only; the lent objects outlive it.
class Outbox {
 public:
  virtual ~Outbox() = default;
  /// Goes over to these settings. Sinks whose name stays go on from their cursor; a new one begins
  /// with the next event; what waits for one that is gone is dropped.
  virtual void configure(const Alerting& alerting, const std::string& vantage) = 0;
  /// Events up to this one may be delivered: they are journalled, or can't be.
  virtual void release(std::int64_t sequence) = 0;
  /// Alerts were opened, changed or ended, which the state sinks are told at once; those with the
  /// keys `gone` need not be told any more. What is known here is told again at every resend, by
  /// sinks that come later too.
  virtual void alerts_changed(std::span<const event::Alert> changed,
                              std::span<const std::string> gone) = 0;
  /// Tries what may be delivered once more, then ends; after `within` everything ends at once.
  /// `done` is called on this thread when nothing is left that uses what was lent.
  virtual void stop(Duration within, std::function<void()> done) = 0;
};

/// How long the outbox waits for what. Tests make it short.
struct OutboxTimes {
  Duration first_retry = std::chrono::seconds(1);    ///< at most, after the first failure
  Duration longest_retry = std::chrono::minutes(5);  ///< of events; of state it is the resend
  /// What was not tried before is tried so soon after a failure of something else.
  Duration fresh_gap = std::chrono::seconds(1);
  Duration keep_cursors = std::chrono::milliseconds(200);  ///< between two writes of the cursors
  Duration tell_pending = std::chrono::seconds(5);         ///< again, while something waits
};

/// `cursors`: as kept in the journal. `last_sequence`: of the newest event, where new sinks begin.
std::unique_ptr<Outbox> make_outbox(net::Network& network, journal::Journal& journal,
                                    DeliveryObserver& observer,
                                    std::vector<journal::Cursor> cursors,
                                    std::int64_t last_sequence, const OutboxTimes& times = {});

}  // namespace reachd::alert
