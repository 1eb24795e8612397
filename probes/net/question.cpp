#include "probes/net/question.hpp"

#include <algorithm>
#include <utility>

#include "probes/net/deadline.hpp"
#include "probes/net/mismatch.hpp"
#include "probes/net/udp.hpp"

namespace reachd::net {
namespace {

using namespace std::chrono_literals;

/// Of a datagram that is no answer, as much as a message shows.
constexpr std::size_t kShown = 64;

}  // namespace

asio::awaitable<Result<std::vector<std::byte>>> ask(ProbeRun& run, Question question) {
  run.progress.enter(Phase::request);
  auto socket = open_udp(run.network, *run.endpoint, question.source, run.deadline);
  if (!socket) {
    co_return std::unexpected(std::move(socket.error()));
  }
  const TimePoint start = run.progress.clock().steady_now();
  Duration wait = std::clamp<Duration>((run.deadline.expiry() - start) / 4, 100ms, 1s);
  TimePoint send_at = start;
  std::optional<Failure> nonsense;
  std::vector<std::byte> buffer(question.most);
  for (;;) {
    Result<std::optional<std::size_t>> size;
    if (run.progress.clock().steady_now() >= send_at) {
      const auto datagram = question.renews != nullptr ? (*question.renews)() : question.datagram;
      Result<void> sent = co_await (*socket)->send(datagram);
      if (!sent) {
        size = std::unexpected(std::move(sent.error()));
      }
      send_at += wait;
      wait *= 2;
    }
    if (size) {
      size = co_await (*socket)->receive(buffer, send_at);
    }
    if (!size) {
      const bool silent = size.error().reason == Reason::no_reply;
      co_return std::unexpected(silent && nonsense ? std::move(*nonsense)
                                                   : std::move(size.error()));
    }
    if (!*size) {
      continue;
    }
    const auto datagram = std::span<const std::byte>(buffer).first(**size);
    if (question.accepts(datagram)) {
      buffer.resize(datagram.size());
      co_return std::move(buffer);
    }
    nonsense = not_spoken(question.protocol, "no answer to the question",
                          datagram.first(std::min(datagram.size(), kShown)));
  }
}

}  // namespace reachd::net
