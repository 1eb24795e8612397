#include "daemon/web/shared.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <utility>

#include "daemon/web/connection.hpp"

namespace reachd::web {
namespace {

namespace asio = boost::asio;

/// Until then a client that does not take a piece is only slow.
constexpr auto kStalled = std::chrono::milliseconds(100);

}  // namespace

bool Shared::make_room(std::initializer_list<Waits> whats,
                       const asio::ip::address& newcomer) const {
  std::map<asio::ip::address, std::ptrdiff_t> held;
  for (const auto& connection : connections) {
    held[connection->peer()] += std::ranges::count(whats, connection->waits_for());
  }
  const auto rank = [&held, now = std::chrono::steady_clock::now()](const Connection& one) {
    return std::pair(held[one.peer()], now - one.waits_since());
  };
  std::shared_ptr<Connection> slowest;
  for (const auto& connection : connections) {
    const bool may_go = std::ranges::find(whats, connection->waits_for()) != whats.end();
    if (may_go && (!slowest || rank(*connection) > rank(*slowest))) {
      slowest = connection;
    }
  }
  if (!slowest) {
    return false;
  }
  const auto [share, waited] = rank(*slowest);
  if (slowest->waits_for() == Waits::reading && waited < kStalled && share < held[newcomer] + 2) {
    return false;
  }
  slowest->abort();
  return true;
}

}  // namespace reachd::web
