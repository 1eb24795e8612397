#include "probes/net/hop_asker.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "probes/net/deadline.hpp"
#include "probes/net/ip_status.hpp"
#include "probes/net/windows/echo_series.hpp"

namespace reachd::net {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPayload = 32;  ///< as tracert sends it
constexpr Duration kPatience = 2s;    ///< a trace forgets what was not answered within a second

/// Sends echo requests with a hop limit by the ICMP API, as tracert does. A firewall may treat
/// these packets otherwise than the probe's.
class EchoingAsker final : public HopAsker {
 public:
  EchoingAsker(Network& network, const Endpoint& to, Deadline& deadline)
      : network_(network),
        to_(to.address),
        deadline_(deadline),
        series_(network, to.address, kPayload) {}

  Result<void> ask(int hop) override {
    if (own_fault_) {
      return std::unexpected(*own_fault_);
    }
    const TimePoint until = std::min(network_.clock.steady_now() + kPatience, deadline_.expiry());
    const int key = next_key_++;
    auto asked = series_.ask(key, hop, until);
    if (asked) {
      asked_.push_back({hop, key});
    }
    return asked;
  }

  asio::awaitable<std::optional<HopReply>> wait(TimePoint until) override {
    std::optional<HopReply> reply = take();
    if (!reply) {
      co_await series_.wait(until, deadline_);
      reply = take();
    }
    co_return reply;
  }

  void forget(int hop) noexcept override {
    std::erase_if(asked_, [hop](const Asked& asked) { return asked.hop == hop; });
  }

 private:
  struct Asked {
    int hop;
    int key;
  };

  /// An answer that says something and that is still wanted.
  std::optional<HopReply> take() {
    while (const auto answer = series_.take()) {
      const auto asked = std::ranges::find(asked_, answer->key, &Asked::key);
      if (asked == asked_.end()) {
        continue;
      }
      auto reply = read(*answer);
      if (reply) {
        reply->hop = asked->hop;
        asked_.erase(asked);
        return reply;
      }
    }
    return std::nullopt;
  }

  std::optional<HopReply> read(const EchoAnswer& answer) {
    HopReply reply;
    reply.duration = answer.ended - answer.began;
    reply.from = answer.from;
    if (answer.intact) {
      reply.kind = HopReply::Kind::reached;
      reply.message = to_.to_string() + " answers pings";
      return reply;
    }
    if (is_hop_limit(answer.status) && answer.from) {
      return reply;
    }
    auto failure = failure_of(answer, to_);
    if (!failure) {
      return std::nullopt;
    }
    if (is_local_fault(failure->reason)) {
      own_fault_ = std::move(*failure);  // ends the trace when it asks again
      return std::nullopt;
    }
    reply.kind = HopReply::Kind::rejected;
    reply.from = failure->offender;
    reply.message = std::move(failure->message);
    return reply;
  }

  Network& network_;
  const IpAddress to_;
  Deadline& deadline_;
  EchoSeries series_;
  std::vector<Asked> asked_;
  std::optional<Failure> own_fault_;
  int next_key_ = 0;
};

}  // namespace

std::unique_ptr<HopAsker> make_hop_asker(Network& network, const Endpoint& to, Deadline& deadline) {
  return std::make_unique<EchoingAsker>(network, to, deadline);
}

}  // namespace reachd::net
