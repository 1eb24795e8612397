#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/alert/backoff.hpp"
#include "daemon/alert/delivery_office.hpp"
#include "daemon/alert/settings.hpp"
#include "daemon/alert/sink.hpp"
#include "daemon/alert/wake.hpp"
#include "daemon/log/log.hpp"
#include "probes/net/deadline.hpp"

namespace reachd::alert {

/// What a feeder does as it is told by the configuration.
struct FeederSettings {
  SinkSettings sink;  ///< its `made.events` is set
  OutboxLimits limits;
  std::shared_ptr<const DeliveryFacts> facts;
};

/// Brings events to one sink, from its cursor on: one coroutine that never runs twice. Everything
/// up to the cursor is delivered, refused, dropped or not for this sink; beyond it, at most a
/// window of events is in memory, and those that wait longer are counted there and stay in the
/// journal. Of a sink that sends side by side the window grows, up to a bound, by what waits for an
/// event of its check that is tried in vain, and what is tried again has calls of its own: others
/// go on beside it. Alert thread only.
class Feeder : public std::enable_shared_from_this<Feeder> {
 public:
  /// `released`: up to which event it may deliver now.
  Feeder(std::shared_ptr<DeliveryOffice> office, FeederSettings settings, std::int64_t cursor,
         std::int64_t released);

  void start();
  /// Goes over to other settings after what is under way; what waits is tried at once.
  void configure(FeederSettings settings);
  void release(std::int64_t sequence);
  /// Tries what waits once more, then ends.
  void finish();
  /// Ends at once.
  void abort();
  /// The same, and tells nobody of it: the sink is not configured any more, or the outbox goes.
  void forget();
  /// So many events wait.
  std::uint64_t waiting() const noexcept { return window_.size() + behind_; }

 private:
  struct Item {
    NumberedEvent numbered;
    std::uint32_t tries = 0;  ///< in vain
    TimePoint not_before{};   ///< its own pause, of a sink that sends side by side

    const event::Event& event() const noexcept { return numbered.event->event; }
    std::string_view check() const noexcept {
      return event().check ? std::string_view(event().check->id) : std::string_view();
    }
  };
  using Indices = std::vector<std::size_t>;  ///< into window_, rising

  /// So many are read at once, and again when no more are left that could go.
  static constexpr std::size_t kReadAtOnce = 128;

  asio::awaitable<void> run(std::shared_ptr<Feeder> self);
  void take_settings();
  /// True if there is more to look at at once.
  bool look_ahead();
  bool has_room() const;
  std::vector<NumberedEvent> read(std::int64_t after);
  bool fill();
  bool count_behind();
  void count_to(std::int64_t sequence);
  bool is_for_this(const NumberedEvent& numbered) const;
  void drop_overdue();
  void drop(std::uint64_t count, std::string_view why);
  Indices choose(TimePoint now);
  Indices choose_in_order(TimePoint now);
  Indices choose_beside(TimePoint now);
  bool may_go(TimePoint ready, TimePoint now);
  TimePoint ready_at(const Item& item) const;
  asio::awaitable<void> deliver(Indices chosen);
  asio::awaitable<std::vector<Receipt>> call(Sink& sink, SinkRun run,
                                             std::span<const Delivery> deliveries);
  void take_receipts(const Indices& chosen, std::span<const Receipt> receipts);
  void moved_on();
  void failed(const Receipt& receipt, bool moved, bool beside_others);
  void tell();
  /// Everything up to it needs no delivery any more.
  std::int64_t cursor() const noexcept;

  const std::shared_ptr<DeliveryOffice> office_;
  FeederSettings settings_;
  std::optional<FeederSettings> next_settings_;
  Wake wake_;
  std::int64_t released_;
  const std::shared_ptr<Fetch> fetch_ = std::make_shared<Fetch>();
  bool waits_for_disk_ = false;

  std::deque<Item> window_;   ///< read and waiting, in order
  std::int64_t read_to_;      ///< what is not in the window up to here needs no delivery
  std::int64_t counted_to_;   ///< at least read_to_
  std::uint64_t behind_ = 0;  ///< how many between the two are for this sink
  std::int64_t told_cursor_;

  Backoff backoff_;          ///< by calls in a row that moved nothing
  TimePoint not_before_{};   ///< for what was tried already
  bool again_next_ = false;  ///< side by side: it is the turn of what was tried already
  TimePoint held_until_{};   ///< by the receiver's wish: for everything
  TimePoint last_call_{};
  TimePoint wake_at_{};
  std::optional<TimePoint> trouble_since_;
  log::RareWarning stuck_{std::chrono::hours(1)};
  std::uint64_t dropped_ = 0;          ///< of a row of drops that goes on
  net::Deadline* deadline_ = nullptr;  ///< of the call that is under way
  bool last_failed_ = false;
  bool finishing_ = false;
  bool aborted_ = false;
  bool gone_ = false;
};

}  // namespace reachd::alert
