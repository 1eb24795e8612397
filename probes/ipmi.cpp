#include "probes/ipmi.hpp"

#include <memory>
#include <random>
#include <utility>

#include "probes/net/question.hpp"
#include "probes/net/tcp.hpp"
#include "probes/net/udp.hpp"

namespace reachd {
namespace {

using net::Result;
using Datagram = std::vector<std::byte>;

/// The message tag 0xff asks for no answer (ASF 2.0); half of the range is enough.
constexpr unsigned kHighestTag = 0x7f;

std::uint8_t random_number() { return static_cast<std::uint8_t>(std::random_device()()); }

/// The questions of one probe: the query, and where it alone is not answered a ping in turn with
/// it.
class Questions final : public net::Accepts, public net::Renews {
 public:
  Questions()
      : sequence_(random_number() & 0x3fU),
        tag_(random_number() & kHighestTag),
        query_(ipmi::build_query(sequence_)),
        ping_(ipmi::build_ping(tag_)) {}

  std::span<const std::byte> operator()() override {
    const bool ping = !answered_ && ++sent_ % 2 == 0;
    return ping ? ping_ : query_;
  }
  bool operator()(std::span<const std::byte> datagram) const override {
    return capabilities(datagram) || (!answered_ && presence(datagram));
  }

  std::optional<ipmi::Capabilities> capabilities(std::span<const std::byte> datagram) const {
    return ipmi::parse_capabilities(datagram, sequence_);
  }
  std::optional<ipmi::Presence> presence(std::span<const std::byte> datagram) const {
    return ipmi::parse_pong(datagram, tag_);
  }
  /// From here on the query alone counts.
  void ping_answered() { answered_ = true; }

 private:
  std::uint8_t sequence_;
  std::uint8_t tag_;
  Datagram query_;
  Datagram ping_;
  int sent_ = 0;
  bool answered_ = false;
};

class IpmiProbe final : public Probe {
 public:
  explicit IpmiProbe(std::optional<IpAddress> source) : source_(source) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    Questions questions;
    net::Question question{"IPMI", {}, questions, source_};
    question.renews = &questions;
    Result<Datagram> answer = co_await net::ask(run, question);
    std::optional<ipmi::Presence> presence;
    if (answer) {
      presence = questions.presence(*answer);
    }
    if (presence) {
      // The query may have been lost: it has the rest of the time for itself.
      questions.ping_answered();
      answer = co_await net::ask(run, question);
    }
    if (answer) {
      co_return told(run, questions.capabilities(*answer).value());
    }
    const Reason why = answer.error().reason;
    if (presence && (why == Reason::no_reply || why == Reason::protocol_mismatch)) {
      co_return present_only(run, *presence);
    }
    co_return net::datagram_failed(run, std::move(answer.error()), net::Silence::is_failure);
  }

 private:
  static Outcome told(const ProbeRun& run, const ipmi::Capabilities& capabilities) {
    Outcome outcome = succeeded(run);
    ServiceFacts facts;
    facts.details.emplace_back("answer", "capabilities");
    if (capabilities.completion_code != 0) {
      const std::string code = std::to_string(capabilities.completion_code);
      facts.details.emplace_back("completion_code", code);
      outcome.message = "a management controller answers with the completion code " + code;
    } else {
      std::string versions = capabilities.version_1_5 ? "1.5" : "";
      if (capabilities.version_2_0) {
        versions += versions.empty() ? "2.0" : " 2.0";
      }
      outcome.message = "a management controller, IPMI " + versions;
      facts.details.emplace_back("versions", std::move(versions));
      facts.details.emplace_back("authentications", capabilities.authentications);
      facts.details.emplace_back("anonymous_login", capabilities.anonymous_login ? "yes" : "no");
    }
    outcome.facts = std::make_shared<const Facts>(std::move(facts));
    return outcome;
  }

  static Outcome present_only(const ProbeRun& run, const ipmi::Presence& presence) {
    Outcome outcome = succeeded(run);
    outcome.degraded = true;
    outcome.message = "a controller answers the presence ping, but no question in IPMI";
    ServiceFacts facts;
    facts.details.emplace_back("answer", "presence");
    facts.details.emplace_back("speaks_ipmi", presence.speaks_ipmi ? "yes" : "no");
    facts.details.emplace_back("enterprise", std::to_string(presence.enterprise));
    outcome.facts = std::make_shared<const Facts>(std::move(facts));
    return outcome;
  }

  std::optional<IpAddress> source_;
};

std::shared_ptr<const Probe> make(const Target&, Reader& params) {
  return std::make_shared<IpmiProbe>(net::read_source(params));
}

}  // namespace

ProbeType ipmi_probe_type() {
  return {.name = "ipmi",
          .summary = "a management controller answers RMCP",
          .transport = Transport::udp,
          .default_port = 623,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
