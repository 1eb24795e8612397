#include "probes/net/path_finder.hpp"

#include <algorithm>
#include <string>

namespace reachd::net {
namespace {

std::string silence(const Hop* last, int max_hops) {
  if (last == nullptr) {
    return "no hop answered: look at this host's own network and its first router";
  }
  return "the last hop that answered is " + last->address->to_string() + " (hop " +
         std::to_string(last->number) + " of at most " + std::to_string(max_hops) +
         "): look there and behind it";
}

}  // namespace

PathFinder::PathFinder(const TraceOptions& options)
    : options_(options), end_(options.max_hops + 1) {}

bool PathFinder::has_room() const noexcept { return under_way_ < options_.in_flight; }

int PathFinder::last_answered() const noexcept {
  int last = 0;
  for (std::size_t i = 0; i < hops_.size(); ++i) {
    if (hops_[i].reply) {
      last = static_cast<int>(i) + 1;
    }
  }
  return last;
}

int PathFinder::limit() const noexcept {
  return std::min(end_ - 1, last_answered() + options_.silent_hops);
}

std::optional<int> PathFinder::candidate() const noexcept {
  const int last = limit();
  const int asked = static_cast<int>(hops_.size());
  for (int hop = 1; hop <= std::min(asked, last); ++hop) {
    const Asked& state = hops_[static_cast<std::size_t>(hop) - 1];
    if (!state.reply && !state.under_way && state.tries < options_.tries) {
      return hop;
    }
  }
  return asked < last ? std::optional(asked + 1) : std::nullopt;
}

std::optional<int> PathFinder::next() {
  if (!has_room()) {
    return std::nullopt;
  }
  const auto hop = candidate();
  if (hop) {
    hops_.resize(std::max(hops_.size(), static_cast<std::size_t>(*hop)));
    Asked& state = hops_[static_cast<std::size_t>(*hop) - 1];
    ++state.tries;
    state.under_way = true;
    ++under_way_;
  }
  return hop;
}

void PathFinder::answered(const HopReply& reply) {
  const auto place = static_cast<std::size_t>(reply.hop) - 1;
  if (place >= hops_.size() || !hops_[place].under_way) {
    return;
  }
  hops_[place].under_way = false;
  hops_[place].reply = reply;
  --under_way_;
  if (reply.kind != HopReply::Kind::passing) {
    end_ = std::min(end_, reply.hop);
  }
}

void PathFinder::unanswered(int hop) noexcept {
  const auto place = static_cast<std::size_t>(hop) - 1;
  if (place < hops_.size() && hops_[place].under_way) {
    hops_[place].under_way = false;
    --under_way_;
  }
}

bool PathFinder::done() const noexcept {
  for (int hop = 1; hop <= std::min(end_ - 1, static_cast<int>(hops_.size())); ++hop) {
    if (hops_[static_cast<std::size_t>(hop) - 1].under_way) {
      return false;
    }
  }
  return !candidate();
}

const HopReply* PathFinder::ending() const noexcept {
  return end_ <= options_.max_hops ? &*hops_[static_cast<std::size_t>(end_) - 1].reply : nullptr;
}

Path PathFinder::path() const {
  Path path;
  const HopReply* end = ending();
  const bool reached = end != nullptr && end->kind == HopReply::Kind::reached;
  for (int number = 1; number <= std::min(reached ? end_ : end_ - 1, last_answered()); ++number) {
    const auto& reply = hops_[static_cast<std::size_t>(number) - 1].reply;
    Hop& hop = path.hops.emplace_back();
    hop.number = number;
    hop.address = reply ? reply->from : std::nullopt;
    hop.duration = reply ? reply->duration : Duration::zero();
  }
  while (!path.hops.empty() && !path.hops.back().address) {
    path.hops.pop_back();
  }
  if (reached) {
    path.end = Path::End::reached;
    path.message = end->message + " (hop " + std::to_string(end->hop) + ")";
  } else if (end != nullptr) {
    path.end = Path::End::rejected;
    path.offender = end->from;
    path.message = end->message;
  } else if (done()) {
    path.end = Path::End::silent;
    path.message = silence(path.last_hop(), options_.max_hops);
  } else {
    path.end = Path::End::unfinished;
    path.message =
        "the time for the trace ended; so far " + silence(path.last_hop(), options_.max_hops);
  }
  return path;
}

}  // namespace reachd::net
