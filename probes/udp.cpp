#include "probes/udp.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "probes/core/bytes.hpp"
#include "probes/core/printable.hpp"
#include "probes/core/send_expect.hpp"
#include "probes/net/question.hpp"
#include "probes/net/tcp.hpp"
#include "probes/net/udp.hpp"

namespace reachd {
namespace {

struct Settings {
  SendExpect exchange;
  bool reply_owed = false;
  std::optional<IpAddress> source;
};

/// Nobody knows what an answer looks like: everything is one, and judged afterwards.
class Everything final : public net::Accepts {
 public:
  bool operator()(std::span<const std::byte>) const override { return true; }
};

class UdpProbe final : public Probe {
 public:
  explicit UdpProbe(Settings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    const Everything everything;
    const net::Question question{"UDP", settings_.exchange.send, everything, settings_.source};
    auto answer = co_await net::ask(run, question);
    if (!answer) {
      co_return unanswered(run, std::move(answer.error()));
    }
    co_return judged(run, *answer);
  }

 private:
  Outcome unanswered(const ProbeRun& run, Failure failure) const {
    Outcome outcome = net::datagram_failed(
        run, std::move(failure),
        settings_.reply_owed ? net::Silence::is_failure : net::Silence::proves_nothing);
    if (outcome.reply_owed && outcome.reason == Reason::no_reply) {
      outcome.message =
          run.endpoint->to_string() + " sent no reply, which reply_owed says it would";
    }
    return outcome;
  }

  Outcome judged(const ProbeRun& run, std::span<const std::byte> answer) const {
    const std::string shown = printable(as_text(answer));
    if (!settings_.exchange.met_by(answer)) {
      Failure failure;
      failure.reason = Reason::content_mismatch;
      failure.message = "the reply is not what is expected: it starts with " + shown;
      return failed(run, std::move(failure));
    }
    Outcome outcome = succeeded(run);
    outcome.message = std::to_string(answer.size()) + " bytes came back: " + shown;
    ServiceFacts facts;
    facts.details.emplace_back("reply", shown);
    outcome.facts = std::make_shared<const Facts>(std::move(facts));
    return outcome;
  }

  Settings settings_;
};

std::shared_ptr<const Probe> make(const Target&, Reader& params) {
  Settings settings;
  settings.exchange = read_send_expect(params);
  settings.reply_owed = params.boolean("reply_owed", false);
  settings.source = net::read_source(params);
  return std::make_shared<UdpProbe>(std::move(settings));
}

}  // namespace

ProbeType udp_probe_type() {
  return {.name = "udp",
          .summary = "a datagram is answered, or at least not refused",
          .transport = Transport::udp,
          .default_port = 0,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
