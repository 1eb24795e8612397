#include "daemon/journal/availability.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

namespace reachd::journal {
namespace {

struct Stretch {
  WallTime from{};
  WallTime to{};
};

/// Cuts what is `taken` (sorted, apart from each other) out of the stretch.
std::vector<Stretch> without(Stretch stretch, const std::vector<Stretch>& taken) {
  std::vector<Stretch> rest;
  for (const Stretch& other : taken) {
    if (other.to <= stretch.from) {
      continue;
    }
    if (other.from >= stretch.to) {
      break;
    }
    if (other.from > stretch.from) {
      rest.push_back({stretch.from, other.from});
    }
    stretch.from = std::max(stretch.from, other.to);
  }
  if (stretch.from < stretch.to) {
    rest.push_back(stretch);
  }
  return rest;
}

/// States are engine::Verdict's numbers.
void add(Sums& sums, std::uint8_t state, Duration duration) {
  switch (state) {
    case 1:
      sums.up += duration;
      break;
    case 2:
      sums.degraded += duration;
      break;
    case 3:
      sums.down += duration;
      break;
    default:
      break;  // the rest of the window is what was not observed
  }
}

/// Shows what one piece saw to `visit(state, from, to)`, in order. `changes`: of its run; `state`:
/// at the run's beginning.
template <typename Visit>
void walk_piece(const Piece& piece, std::span<const Change> changes, std::uint8_t state,
                const Visit& visit) {
  WallTime at = piece.from;
  for (const Change& change : changes) {
    const WallTime until = std::clamp(change.time, at, piece.to);
    visit(state, at, until);
    at = until;
    state = change.state;
  }
  visit(state, at, piece.to);
}

/// The same of all pieces.
template <typename Visit>
void walk(std::span<const RunRow> runs, std::span<const Piece> pieces,
          std::span<const Change> changes, const Visit& visit) {
  std::uint8_t state = 0;  // at the end of the run before
  std::size_t next = 0;
  std::size_t piece = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    while (next < changes.size() && changes[next].run < runs[i].number) {
      ++next;  // of a run that is not there
    }
    const std::size_t first = next;
    while (next < changes.size() && changes[next].run == runs[i].number) {
      ++next;
    }
    const auto own = changes.subspan(first, next - first);
    const std::uint8_t before = runs[i].continues ? state : 0;
    for (; piece < pieces.size() && pieces[piece].run == i; ++piece) {
      walk_piece(pieces[piece], own, before, visit);
    }
    state = own.empty() ? before : own.back().state;
  }
}

std::vector<Availability> summed(std::span<const Availability> checks,
                                 std::string Availability::* group) {
  std::map<std::string, Availability> groups;
  for (const Availability& check : checks) {
    Availability& sum = groups[check.*group];
    sum.*group = check.*group;
    sum.up += check.up;
    sum.degraded += check.degraded;
    sum.down += check.down;
    sum.not_observed += check.not_observed;
  }
  std::vector<Availability> sums;
  sums.reserve(groups.size());
  for (auto& [name, sum] : groups) {
    sums.push_back(std::move(sum));
  }
  return sums;
}

}  // namespace

std::optional<double> Availability::available() const noexcept {
  const double all = std::chrono::duration<double>(observed()).count();
  return all > 0 ? std::optional(std::chrono::duration<double>(up + degraded).count() / all)
                 : std::nullopt;
}

std::vector<Availability> by_product(std::span<const Availability> checks) {
  return summed(checks, &Availability::product);
}

std::vector<Availability> by_device(std::span<const Availability> checks) {
  auto sums = summed(checks, &Availability::device);
  std::erase_if(sums, [](const Availability& sum) { return sum.device.empty(); });
  return sums;
}

std::vector<Piece> pieces_of(std::span<const RunRow> runs, WallTime from, WallTime to) {
  std::vector<Piece> pieces;
  std::vector<Stretch> taken;
  for (std::size_t i = runs.size(); i-- > 0;) {
    const RunRow& run = runs[i];
    const Stretch whole{std::max(from, run.began), std::min(to, run.ended.value_or(run.alive))};
    if (whole.from >= whole.to) {
      continue;
    }
    const auto place = std::ranges::lower_bound(taken, whole.from, {}, &Stretch::from);
    const bool alone = (place == taken.end() || place->from >= whole.to) &&
                       (place == taken.begin() || std::prev(place)->to <= whole.from);
    if (alone) {
      taken.insert(place, whole);
      pieces.push_back({i, whole.from, whole.to});
      continue;
    }
    for (const Stretch& part : without(whole, taken)) {
      taken.insert(std::ranges::lower_bound(taken, part.from, {}, &Stretch::from), part);
      pieces.push_back({i, part.from, part.to});
    }
  }
  std::ranges::sort(pieces, [](const Piece& a, const Piece& b) {
    return a.run != b.run ? a.run < b.run : a.from < b.from;
  });
  return pieces;
}

Sums sums_of(std::span<const RunRow> runs, std::span<const Piece> pieces,
             std::span<const Change> changes, WallTime from, WallTime to) {
  Sums sums;
  walk(runs, pieces, changes, [&sums](std::uint8_t state, WallTime begin, WallTime end) {
    add(sums, state, end - begin);
  });
  sums.not_observed = std::max(to - from, Duration::zero()) - sums.up - sums.degraded - sums.down;
  return sums;
}

std::string slots_of(std::span<const RunRow> runs, std::span<const Piece> pieces,
                     std::span<const Change> changes, WallTime from, WallTime to,
                     std::size_t count) {
  std::string slots(count, '0');
  const double length = std::chrono::duration<double>(to - from).count();
  if (count == 0 || length <= 0) {
    return slots;
  }
  const auto slot_at = [&](WallTime time) {
    const double part = std::chrono::duration<double>(time - from).count() / length;
    return std::min(static_cast<std::size_t>(part * static_cast<double>(count)), count - 1);
  };
  walk(runs, pieces, changes, [&](std::uint8_t state, WallTime begin, WallTime end) {
    if (begin >= end) {
      return;
    }
    const auto mark = static_cast<char>('0' + std::min<int>(state, 3));
    const std::size_t last = slot_at(end - Duration(1));
    for (std::size_t slot = slot_at(begin); slot <= last; ++slot) {
      slots[slot] = std::max(slots[slot], mark);
    }
  });
  return slots;
}

}  // namespace reachd::journal
