#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "probes/core/address.hpp"
#include "probes/core/clock.hpp"

namespace reachd::engine {

/// Keeps probes at one address apart: so many at the same time, so long between their starts. The
/// address is the resolved one, so all checks of all products share it: whoever comes to a host
/// where a gentle probe is at work obeys its limit, too. Pure: the caller tells the
/// time and starts what it is given back. Whoever has to wait goes in the order of arrival.
class HostGate {
 public:
  using Token = std::uint64_t;  ///< the caller's name for what waits

  /// How gently one probe wants the address to be treated.
  struct Manner {
    std::uint16_t per_host = 4;
    Duration gap{};
  };

  /// True: start now. False: pop_ready() will give the token back when it is its turn.
  bool enter(const IpAddress& address, Manner manner, Token token, TimePoint now);
  /// Something that was started has ended.
  void leave(const IpAddress& address, TimePoint now);
  /// What waits under this token has gone. False if it does not wait: then it was started, or
  /// pop_ready() is about to give it back.
  bool abandon(const IpAddress& address, Token token, TimePoint now);

  /// One that may start now, if there is any.
  std::optional<Token> pop_ready(TimePoint now);
  /// When pop_ready() has to be asked again though nothing was left; TimePoint::max() if never.
  TimePoint next_ready() const noexcept;
  /// Addresses that are remembered.
  std::size_t size() const noexcept { return hosts_.size(); }

 private:
  struct Waiter {
    Token token;
    Manner manner;
  };
  static constexpr std::uint16_t kAny = 0xffff;
  struct Host {
    std::uint32_t active = 0;
    std::uint16_t bears = kAny;  ///< the least per_host of those started since none was active
    TimePoint last_start = TimePoint::min();
    Duration longest_gap{};       ///< of those that were here; the address is remembered so long
    std::vector<Waiter> waiters;  ///< few; no deque, because an empty one allocates
    TimePoint look_at = TimePoint::max();  ///< the earliest of its entries in later_
  };
  struct Hash {
    std::size_t operator()(const IpAddress& address) const noexcept;
  };
  using Hosts = std::unordered_map<IpAddress, Host, Hash>;

  static bool has_room(const Host& host, const Manner& manner) noexcept;
  static TimePoint free_at(const Host& host, Duration gap) noexcept;
  void begin(Host& host, const Manner& manner, TimePoint now);
  void look(Hosts::iterator host, TimePoint now);
  void look_later(const IpAddress& address, Host& host, TimePoint when);

  void drop(Hosts::iterator host);

  Hosts hosts_;
  std::vector<Hosts::node_type> spare_;        ///< of forgotten hosts, to be used again
  std::multimap<TimePoint, IpAddress> later_;  ///< addresses to look at when their gap ends
  std::deque<Token> ready_;
};

}  // namespace reachd::engine
