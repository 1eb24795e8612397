#include "probes/net/trace.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "probes/net/deadline.hpp"
#include "probes/net/path_finder.hpp"

namespace reachd::net {
namespace {

/// What is under way, and until when.
struct UnderWay {
  int hop;
  TimePoint until;
};

/// Gives up those whose time has ended.
void give_up(std::vector<UnderWay>& under_way, TimePoint now, HopAsker& asker, PathFinder& finder) {
  std::erase_if(under_way, [&](const UnderWay& entry) {
    if (entry.until > now) {
      return false;
    }
    asker.forget(entry.hop);
    finder.unanswered(entry.hop);
    return true;
  });
}

/// Asks all hops that may be asked now. Returns when the next one may be: at once it can't be,
/// because of the gap or because nothing is left to ask.
Result<TimePoint> ask(std::vector<UnderWay>& under_way, TimePoint next, TimePoint now,
                      const TraceOptions& options, HopAsker& asker, PathFinder& finder) {
  while (next <= now) {
    const auto hop = finder.next();
    if (!hop) {
      break;
    }
    next = now + options.gap;
    auto asked = asker.ask(*hop);
    if (asked) {
      under_way.push_back({*hop, now + options.wait});
    } else if (is_local_fault(asked.error().reason)) {
      return std::unexpected(std::move(asked.error()));
    } else {
      // A dead neighbour that the system knows of already, or this host's own firewall.
      HopReply reply;
      reply.hop = *hop;
      reply.kind = HopReply::Kind::rejected;
      reply.from = asked.error().offender;
      reply.message = std::move(asked.error().message);
      finder.answered(reply);
    }
  }
  return next;
}

TimePoint wake_at(const std::vector<UnderWay>& under_way, TimePoint next, TimePoint now) {
  TimePoint until = next > now ? next : TimePoint::max();
  for (const UnderWay& entry : under_way) {
    until = std::min(until, entry.until);
  }
  return until;
}

}  // namespace

asio::awaitable<Result<Path>> trace(HopAsker& asker, Endpoint to, TraceOptions options,
                                    const Clock& clock, Deadline& deadline) {
  PathFinder finder(options);
  std::vector<UnderWay> under_way;
  const WallTime began = clock.wall_now();
  TimePoint next = clock.steady_now();
  while (deadline.ended() == Deadline::Ended::no && !finder.done()) {
    const TimePoint now = clock.steady_now();
    give_up(under_way, now, asker, finder);
    const auto then = ask(under_way, next, now, options, asker, finder);
    if (!then) {
      co_return std::unexpected(then.error());
    }
    next = *then;
    const TimePoint until = wake_at(under_way, next, now);
    if (until == TimePoint::max()) {
      continue;  // all that was asked has been given up: it is done
    }
    const auto reply = co_await asker.wait(until);
    if (reply) {
      std::erase_if(under_way, [&](const UnderWay& entry) { return entry.hop == reply->hop; });
      finder.answered(*reply);
    }
  }
  if (deadline.ended() == Deadline::Ended::stopped) {
    co_return std::unexpected(
        Failure{Reason::local_error, "the trace was stopped", 0, std::nullopt});
  }
  Path path = finder.path();
  path.target = to;
  path.time = began;
  co_return path;
}

asio::awaitable<Result<Path>> trace(Network& network, Endpoint to, TraceOptions options,
                                    Deadline& deadline) {
  const auto asker = make_hop_asker(network, to, deadline);
  auto path = co_await trace(*asker, to, options, network.clock, deadline);
  co_return path;
}

}  // namespace reachd::net
