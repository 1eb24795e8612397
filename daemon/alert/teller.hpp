#pragma once

#include <boost/asio/awaitable.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "daemon/alert/backoff.hpp"
#include "daemon/alert/delivery_office.hpp"
#include "daemon/alert/settings.hpp"
#include "daemon/alert/sink.hpp"
#include "daemon/alert/wake.hpp"
#include "daemon/event/alert.hpp"
#include "probes/net/deadline.hpp"

namespace reachd::alert {

/// The alerts as they are now, by key.
using AlertsNow = std::map<std::string, event::Alert, std::less<>>;

/// Tells one instance of a state sink what the alerts are: what changed at once, everything at each
/// resend. One coroutine that never runs twice. What counts is the state at the time of telling, so
/// an alert never waits twice. Alert thread only.
class Teller : public std::enable_shared_from_this<Teller> {
 public:
  Teller(std::shared_ptr<DeliveryOffice> office, std::shared_ptr<const SinkSettings> settings,
         std::shared_ptr<StateSink> sink, std::shared_ptr<const DeliveryFacts> facts,
         std::shared_ptr<const AlertsNow> alerts);

  /// Begins with a resend.
  void start();
  void changed(const event::Alert& alert);
  /// Tells what changed once more, then ends.
  void finish();
  /// Ends at once, and tells nobody of it.
  void abort();

 private:
  struct Waiting {
    std::string key;
    WallTime since;
  };

  asio::awaitable<void> run(std::shared_ptr<Teller> self);
  void queue_all(TimePoint now);
  bool queue(const std::string& key);
  std::vector<event::Alert> take_batch(std::vector<Waiting>& taken);
  asio::awaitable<void> send();
  void take_receipt(const Receipt& receipt, std::vector<Waiting> taken);
  void try_again(const Receipt& receipt, std::vector<Waiting> taken);
  void tell();

  const std::shared_ptr<DeliveryOffice> office_;
  const std::shared_ptr<const SinkSettings> settings_;
  const std::shared_ptr<StateSink> sink_;
  const std::shared_ptr<const DeliveryFacts> facts_;
  const std::shared_ptr<const AlertsNow> alerts_;
  Wake wake_;

  std::deque<Waiting> queue_;
  std::unordered_set<std::string> queued_;  ///< the keys in the queue
  Backoff backoff_;
  TimePoint resend_at_{};
  TimePoint not_before_{};
  TimePoint held_until_{};  ///< by the receiver's wish
  TimePoint last_call_{};
  std::optional<TimePoint> trouble_since_;
  net::Deadline* deadline_ = nullptr;  ///< of the call that is under way
  bool last_failed_ = false;
  bool finishing_ = false;
  bool aborted_ = false;
};

}  // namespace reachd::alert
