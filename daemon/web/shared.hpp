#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <initializer_list>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "daemon/web/api.hpp"
#include "daemon/web/callbacks.hpp"
#include "daemon/web/guard.hpp"
#include "daemon/web/prober.hpp"
#include "daemon/web/server.hpp"
#include "daemon/web/token_bucket.hpp"

namespace reachd::web {

class Connection;

/// What a connection waits for its client to do.
enum class Waits : std::uint8_t {
  nothing,  ///< it is at work itself
  request,  ///< to send the first byte of a request; of a stream: it waits for an event
  rest,     ///< to send the rest of a request
  reading,  ///< to take what is sent
};

/// Where connections come in.
struct Door {
  TokenBucket requests{};
};

/// What a connection waits with is known to those who wake it, for as long as this is there.
class WaitingPlace {
 public:
  using Timers = std::vector<boost::asio::steady_timer*>;

  WaitingPlace(Timers& timers, boost::asio::steady_timer& event) : timers_(timers), event_(&event) {
    timers_.push_back(event_);
  }
  WaitingPlace(const WaitingPlace&) = delete;
  WaitingPlace& operator=(const WaitingPlace&) = delete;
  ~WaitingPlace() { std::erase(timers_, event_); }

  static void wake(const Timers& timers) {
    for (boost::asio::steady_timer* const waiting : timers) {
      waiting->cancel();
    }
  }

 private:
  Timers& timers_;
  boost::asio::steady_timer* event_;
};

/// What the connections of one server share; lives on the server's thread and outlives them.
struct Shared {
  /// Closes a connection that waits for its client to do one of `whats`, so that who is slow never
  /// keeps a newcomer out: of the address with the most such connections, the one that has waited
  /// longest. False if there is none; one that only reads slowly is closed where its address has
  /// more than its share.
  bool make_room(std::initializer_list<Waits> whats,
                 const boost::asio::ip::address& newcomer) const;

  std::shared_ptr<boost::asio::io_context> context;
  Callbacks callbacks;
  ServerLimits limits;
  std::vector<std::string> names{};  ///< that this host goes by, for requests over loopback
  Api api{callbacks};
  bool stopping = false;
  std::list<std::shared_ptr<Connection>> connections{};
  WaitingPlace::Timers streams{};      ///< wait for new events
  WaitingPlace::Timers scrapers{};     ///< wait for the end of a scrape that made room
  boost::asio::thread_pool worker{1};  ///< reads the journal
  std::unique_ptr<Prober> prober{};    ///< null: there is no /probe
  std::unique_ptr<Guard> guard{};      ///< null: nobody is asked who they are
};

}  // namespace reachd::web
