#include "probes/slp.hpp"

#include <memory>
#include <random>
#include <utility>

#include "probes/core/words.hpp"
#include "probes/net/dial.hpp"
#include "probes/net/question.hpp"
#include "probes/net/udp.hpp"

namespace reachd {
namespace {

constexpr std::size_t kLongestName = 255;

struct Settings {
  std::string service;
  std::string scope;
  bool tcp = false;
  net::DialOptions dial;  ///< over UDP its source only
};

class Answers final : public net::Accepts {
 public:
  explicit Answers(std::uint16_t xid) : xid_(xid) {}
  bool operator()(std::span<const std::byte> datagram) const override {
    return slp::parse_reply(datagram, xid_).has_value();
  }

 private:
  std::uint16_t xid_;
};

class SlpProbe final : public Probe {
 public:
  explicit SlpProbe(Settings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    return settings_.tcp ? over_tcp(run) : over_udp(run);
  }

  bool wants_address() const noexcept override { return settings_.dial.proxy == nullptr; }

 private:
  asio::awaitable<Outcome> over_udp(ProbeRun run) const {
    const auto xid = static_cast<std::uint16_t>(std::random_device()());
    const auto request = slp::build_request(xid, settings_.service, settings_.scope);
    const Answers answers(xid);
    const net::Question question{"SLP", request, answers, settings_.dial.tcp.source};
    auto answer = co_await net::ask(run, question);
    if (!answer) {
      co_return net::datagram_failed(run, std::move(answer.error()), net::Silence::is_failure);
    }
    co_return told(run, slp::parse_reply(*answer, xid).value());
  }

  asio::awaitable<Outcome> over_tcp(ProbeRun run) const {
    const auto xid = static_cast<std::uint16_t>(std::random_device()());
    const auto request = slp::build_request(xid, settings_.service, settings_.scope);
    auto dialed =
        co_await net::dial(run, settings_.dial, run.target.host, run.target.port, run.endpoint);
    if (!dialed) {
      co_return failed(run, std::move(dialed.error()));
    }
    run.progress.enter(Phase::request);
    net::Conversation talk(*dialed->stream, run.deadline, "SLP");
    auto answer = co_await talk.ask(request, &slp::frame);
    if (!answer) {
      co_return failed(run, std::move(answer.error()));
    }
    const auto reply = slp::parse_reply(*answer, xid);
    co_return reply ? told(run, *reply)
                    : failed(run, talk.mismatch("no answer to the question", *answer));
  }

  Outcome told(const ProbeRun& run, const slp::Reply& reply) const {
    Outcome outcome = succeeded(run);
    ServiceFacts facts;
    switch (reply.kind) {
      case slp::Reply::Kind::services:
        facts.add("answer", "services");
        facts.add("url_count", std::to_string(reply.url_count));
        outcome.message = std::to_string(reply.url_count) +
                          (reply.url_count == 1 ? " service " : " services ") + settings_.service;
        break;
      case slp::Reply::Kind::directory_agent:
        facts.add("answer", "directory_agent");
        outcome.message = "a directory agent";
        break;
      case slp::Reply::Kind::service_agent:
        facts.add("answer", "service_agent");
        outcome.message = "a service agent";
        break;
    }
    if (!reply.urls.empty()) {
      facts.add("urls", join(reply.urls, " "));
      outcome.message += ": " + reply.urls.front();
    }
    facts.add("scopes", reply.scopes);
    facts.add("attributes", reply.attributes);
    if (reply.error != 0) {
      facts.add("error", slp::error_name(reply.error));
      outcome.message = "an agent answers " + slp::error_name(reply.error);
    }
    outcome.facts = std::make_shared<const Facts>(std::move(facts));
    return outcome;
  }

  Settings settings_;
};

std::string read_name(Reader& params, std::string_view key, std::string_view fallback) {
  std::string name = params.text(key, fallback);
  if (name.empty() || name.size() > kLongestName) {
    params.error(key, std::string(key) + " has 1 to " + std::to_string(kLongestName) + " bytes");
    name = fallback;
  }
  return name;
}

std::shared_ptr<const Probe> make(const Target& target, Reader& params) {
  Settings settings;
  settings.service = read_name(params, "service", "service:service-agent");
  settings.scope = read_name(params, "scope", "DEFAULT");
  settings.tcp = net::read_over_tcp(params, false);
  if (settings.tcp) {
    settings.dial = net::read_dial(params, target);
  } else {
    settings.dial.tcp.source = net::read_source(params);
  }
  return std::make_shared<SlpProbe>(std::move(settings));
}

}  // namespace

ProbeType slp_probe_type() {
  return {.name = "slp",
          .summary = "a service location agent answers a service request",
          .transport = Transport::udp,
          .default_port = 427,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
