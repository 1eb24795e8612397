#include "daemon/alert/pending_table.hpp"

#include <algorithm>

#include "daemon/alert/outbox.hpp"

namespace reachd::alert {

void PendingTable::set(const void* owner, std::string_view sink, std::uint64_t pending,
                       WallTime oldest) {
  const auto line = std::ranges::find(lines_, owner, &Line::owner);
  if (line == lines_.end()) {
    lines_.push_back(
        {.owner = owner, .sink = std::string(sink), .pending = pending, .oldest = oldest});
  } else if (line->pending == pending && line->oldest == oldest) {
    return;
  } else {
    line->pending = pending;
    line->oldest = oldest;
  }
  tell(sink);
}

void PendingTable::remove(const void* owner) {
  std::erase_if(lines_, [owner](const Line& line) { return line.owner == owner; });
}

void PendingTable::tell_again() const {
  for (const Line& line : lines_) {
    if (line.pending > 0) {
      tell(line.sink);
    }
  }
}

void PendingTable::tell(std::string_view sink) const {
  const WallTime now = clock_.wall_now();
  std::uint64_t pending = 0;
  WallTime oldest = now;
  for (const Line& line : lines_) {
    if (line.sink == sink && line.pending > 0) {
      pending = std::max(pending, line.pending);
      oldest = std::min(oldest, line.oldest);
    }
  }
  observer_.on_pending(sink, pending, now - oldest);
}

}  // namespace reachd::alert
