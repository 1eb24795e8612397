#include "daemon/alert/cursor_keeper.hpp"

#include <utility>

namespace reachd::alert {

CursorKeeper::CursorKeeper(const net::Network& network, journal::Journal& journal, Duration every)
    : journal_(journal),
      every_(every),
      timer_(network.executor),
      under_way_(std::make_shared<std::atomic<bool>>(false)),
      alive_(std::make_shared<char>()) {}

CursorKeeper::~CursorKeeper() = default;

void CursorKeeper::set(const std::string& sink, std::int64_t sequence) {
  unwritten_[sink] = sequence;
  arm();
}

void CursorKeeper::begin(const std::vector<journal::Cursor>& fresh, std::vector<std::string> gone) {
  for (const journal::Cursor& cursor : fresh) {
    unwritten_[cursor.sink] = cursor.sequence;
  }
  for (const std::string& sink : gone) {
    unwritten_.erase(sink);
  }
  if (!fresh.empty() || !gone.empty()) {
    write(std::move(gone));
  }
}

void CursorKeeper::finish() {
  timer_.cancel();
  if (!unwritten_.empty()) {
    write({});
  }
}

void CursorKeeper::arm() {
  if (std::exchange(armed_, true)) {
    return;
  }
  timer_.expires_after(std::chrono::duration_cast<boost::asio::steady_timer::duration>(every_));
  timer_.async_wait(
      [this, alive = std::weak_ptr<char>(alive_)](const boost::system::error_code& ec) {
        if (ec || alive.expired()) {
          return;
        }
        armed_ = false;
        if (*under_way_) {
          arm();
        } else if (!unwritten_.empty()) {
          write({});
        }
      });
}

void CursorKeeper::write(std::vector<std::string> gone) {
  journal::Entry entry;
  for (const auto& [sink, sequence] : std::exchange(unwritten_, {})) {
    entry.cursors.push_back({.sink = sink, .sequence = sequence});
  }
  entry.cursors_gone = std::move(gone);
  *under_way_ = true;
  journal_.write(std::move(entry), [under_way = under_way_](bool) { *under_way = false; });
}

}  // namespace reachd::alert
