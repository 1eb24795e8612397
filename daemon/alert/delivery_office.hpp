#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <random>
#include <string>

#include "daemon/alert/cursor_keeper.hpp"
#include "daemon/alert/event_reader.hpp"
#include "daemon/alert/outbox.hpp"
#include "daemon/alert/pending_table.hpp"

namespace reachd::alert {

/// What the queues of all sinks share. They hold it together with the outbox, because what one of
/// them waits for may end after the outbox is gone.
struct DeliveryOffice : std::enable_shared_from_this<DeliveryOffice> {
  DeliveryOffice(net::Network& its_network, journal::Journal& journal,
                 DeliveryObserver& its_observer, const OutboxTimes& its_times)
      : network(its_network),
        observer(its_observer),
        times(its_times),
        reader(journal, its_network.executor),
        cursors(its_network, journal, its_times.keep_cursors),
        pending(its_observer, its_network.clock) {}

  /// Runs a queue's coroutine, which keeps what it needs alive.
  void spawn(asio::awaitable<void> coroutine);
  void tell_if_none_runs();

  net::Network& network;
  DeliveryObserver& observer;
  const OutboxTimes times;
  EventReader reader;
  CursorKeeper cursors;
  PendingTable pending;
  std::random_device seeds;

  // Of the coroutines that run for the outbox.
  std::size_t running = 0;
  std::function<void()> on_none_running;  ///< called once; may be empty
};

/// What is told to sinks beside the events, of one configuration.
struct DeliveryFacts {
  std::string vantage;
  std::string external_url;
  Duration resend{};
};

/// A receiver's wish to be left alone is granted for so long at most.
inline constexpr Duration kLongestWish = std::chrono::hours(1);

}  // namespace reachd::alert
