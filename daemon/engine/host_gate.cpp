#include "daemon/engine/host_gate.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace reachd::engine {

std::size_t HostGate::Hash::operator()(const IpAddress& address) const noexcept {
  std::array<std::uint64_t, 2> words{};
  std::memcpy(words.data(), address.bytes.data(), sizeof words);
  const std::uint64_t hash = (words[0] + address.scope) * 0x9e3779b97f4a7c15U + words[1];
  return hash ^ (hash >> 32U);
}

bool HostGate::has_room(const Host& host, const Manner& manner) noexcept {
  return host.active < std::min(manner.per_host, host.bears);
}

TimePoint HostGate::free_at(const Host& host, Duration gap) noexcept {
  return gap == Duration::zero() || host.last_start == TimePoint::min() ? TimePoint::min()
                                                                        : host.last_start + gap;
}

void HostGate::begin(Host& host, const Manner& manner, TimePoint now) {
  ++host.active;
  host.bears = std::min(host.bears, manner.per_host);
  host.last_start = now;
  host.longest_gap = std::max(host.longest_gap, manner.gap);
}

bool HostGate::enter(const IpAddress& address, Manner manner, Token token, TimePoint now) {
  manner.per_host = std::max<std::uint16_t>(manner.per_host, 1);
  auto host = hosts_.find(address);
  if (host == hosts_.end()) {
    if (spare_.empty()) {
      host = hosts_.try_emplace(address).first;
    } else {
      spare_.back().key() = address;
      host = hosts_.insert(std::move(spare_.back())).position;
      spare_.pop_back();
    }
  }
  Host& state = host->second;
  if (state.waiters.empty() && has_room(state, manner) && free_at(state, manner.gap) <= now) {
    begin(state, manner, now);
    return true;
  }
  state.waiters.push_back({token, manner});
  look(host, now);
  return false;
}

void HostGate::leave(const IpAddress& address, TimePoint now) {
  const auto host = hosts_.find(address);
  if (host == hosts_.end()) {
    return;
  }
  if (--host->second.active == 0) {
    host->second.bears = kAny;
  }
  look(host, now);
}

bool HostGate::abandon(const IpAddress& address, Token token, TimePoint now) {
  const auto host = hosts_.find(address);
  if (host == hosts_.end() || std::erase_if(host->second.waiters, [token](const Waiter& waiter) {
                                return waiter.token == token;
                              }) == 0) {
    return false;
  }
  look(host, now);
  return true;
}

void HostGate::look(Hosts::iterator host, TimePoint now) {
  Host& state = host->second;
  while (!state.waiters.empty()) {
    const Waiter& first = state.waiters.front();
    if (!has_room(state, first.manner)) {
      return;  // whoever leaves looks again
    }
    const TimePoint free = free_at(state, first.manner.gap);
    if (free > now) {
      look_later(host->first, state, free);
      return;
    }
    begin(state, first.manner, now);
    ready_.push_back(first.token);
    state.waiters.erase(state.waiters.begin());
  }
  if (state.active > 0) {
    return;
  }
  const TimePoint forget = free_at(state, state.longest_gap);
  if (forget > now) {
    look_later(host->first, state, forget);
  } else {
    drop(host);
  }
}

void HostGate::drop(Hosts::iterator host) {
  auto node = hosts_.extract(host);
  constexpr std::size_t kSpare = 64;
  if (spare_.size() < kSpare) {
    node.mapped() = Host{};
    spare_.push_back(std::move(node));
  }
}

void HostGate::look_later(const IpAddress& address, Host& host, TimePoint when) {
  if (when < host.look_at) {
    host.look_at = when;
    later_.emplace(when, address);
  }
}

std::optional<HostGate::Token> HostGate::pop_ready(TimePoint now) {
  while (!later_.empty() && later_.begin()->first <= now) {
    const auto [when, address] = *later_.begin();
    later_.erase(later_.begin());
    const auto host = hosts_.find(address);
    if (host != hosts_.end()) {
      host->second.look_at = TimePoint::max();
      look(host, now);
    }
  }
  if (ready_.empty()) {
    return std::nullopt;
  }
  const Token token = ready_.front();
  ready_.pop_front();
  return token;
}

TimePoint HostGate::next_ready() const noexcept {
  if (!ready_.empty()) {
    return TimePoint::min();
  }
  return later_.empty() ? TimePoint::max() : later_.begin()->first;
}

}  // namespace reachd::engine
