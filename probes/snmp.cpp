#include "probes/snmp.hpp"

#include <array>
#include <memory>
#include <random>
#include <utility>

#include "probes/core/bytes.hpp"
#include "probes/core/decimal.hpp"
#include "probes/net/question.hpp"
#include "probes/net/tcp.hpp"
#include "probes/net/udp.hpp"

namespace reachd {
namespace {

using net::Result;
using Datagram = std::vector<std::byte>;
using snmp::Version;

constexpr std::size_t kLongestCommunity = 255;

struct Settings {
  Version version = Version::v3;
  Secret community;
  std::optional<IpAddress> source;
};

class Reports final : public net::Accepts {
 public:
  explicit Reports(std::uint32_t id) : id_(id) {}
  bool operator()(std::span<const std::byte> datagram) const override {
    return snmp::parse_report(datagram, id_).has_value();
  }

 private:
  std::uint32_t id_;
};

class Responses final : public net::Accepts {
 public:
  Responses(Version version, std::uint32_t id) : version_(version), id_(id) {}
  bool operator()(std::span<const std::byte> datagram) const override {
    return snmp::parse_response(datagram, version_, id_).has_value();
  }

 private:
  Version version_;
  std::uint32_t id_;
};

std::uint32_t random_id() { return std::random_device()() & 0x7fffffffU; }

std::string seconds(Duration duration) {
  std::string text;
  append_seconds(text, duration, 2);
  return text + " s";
}

Outcome told(const ProbeRun& run, std::string message, ServiceFacts facts) {
  Outcome outcome = succeeded(run);
  outcome.message = std::move(message);
  outcome.facts = std::make_shared<const Facts>(std::move(facts));
  return outcome;
}

class SnmpProbe final : public Probe {
 public:
  explicit SnmpProbe(Settings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    return settings_.version == Version::v3 ? discover(run) : get(run);
  }

 private:
  asio::awaitable<Outcome> discover(ProbeRun run) const {
    const std::uint32_t id = random_id();
    const Datagram request = snmp::build_discovery(id);
    const Reports reports(id);
    const net::Question question{"SNMP", request, reports, settings_.source};
    Result<Datagram> answer = co_await net::ask(run, question);
    if (!answer) {
      co_return net::datagram_failed(run, std::move(answer.error()), net::Silence::is_failure);
    }
    co_return engine(run, snmp::parse_report(*answer, id).value());
  }

  asio::awaitable<Outcome> get(ProbeRun run) const {
    const std::uint32_t id = random_id();
    const Datagram request = snmp::build_get(settings_.version, settings_.community.reveal(), id);
    const Responses responses(settings_.version, id);
    const net::Question question{"SNMP", request, responses, settings_.source};
    Result<Datagram> answer = co_await net::ask(run, question);
    if (!answer) {
      Failure& failure = answer.error();
      if (failure.reason == Reason::protocol_mismatch) {
        failure.message =
            "what answers there does not speak SNMP (no answer to the question); its bytes are not "
            "shown, as they may repeat the community";
      }
      co_return net::datagram_failed(run, std::move(failure), net::Silence::proves_nothing);
    }
    co_return up_time(run, snmp::parse_response(*answer, settings_.version, id).value());
  }

  static Outcome engine(const ProbeRun& run, const snmp::Engine& engine) {
    ServiceFacts facts;
    const std::string id = to_hex(engine.id);
    facts.details.emplace_back("version", "3");
    facts.details.emplace_back("engine_id", id);
    ByteReader reader(engine.id);
    // RFC 3411, 5: with the first bit set the first four bytes name the maker.
    if (const std::uint32_t maker = reader.u32(); (maker & 0x80000000U) != 0) {
      facts.details.emplace_back("enterprise", std::to_string(maker & 0x7fffffffU));
    }
    facts.details.emplace_back("engine_boots", std::to_string(engine.boots));
    facts.details.emplace_back("engine_time", std::to_string(engine.time) + " s");
    facts.details.emplace_back("report", engine.report);
    return told(run, "an SNMP engine, " + (id.empty() ? "which has no id" : id), std::move(facts));
  }

  Outcome up_time(const ProbeRun& run, const snmp::Response& response) const {
    ServiceFacts facts;
    facts.details.emplace_back("version", settings_.version == Version::v1 ? "1" : "2c");
    std::string message = "an SNMP agent";
    if (response.up_time) {
      const std::string time = seconds(std::chrono::milliseconds(10) * *response.up_time);
      message += ", up for " + time;
      facts.details.emplace_back("up_time", time);
    } else {
      message += " that does not tell its up time";
    }
    if (response.error_status != 0) {
      const std::string error = snmp::error_name(response.error_status);
      message += ": " + error;
      facts.details.emplace_back("error", error);
    }
    return told(run, std::move(message), std::move(facts));
  }

  Settings settings_;
};

std::shared_ptr<const Probe> make(const Target&, Reader& params) {
  static constexpr std::array<std::pair<std::string_view, Version>, 3> kVersions{
      {{"3", Version::v3}, {"2c", Version::v2c}, {"1", Version::v1}}};
  Settings settings;
  const std::size_t problems = params.diagnostics().count();
  const auto community = params.secret("community");
  const bool is_reported = params.diagnostics().count() != problems;
  settings.community = community.value_or(Secret());
  settings.version =
      params.choice<Version>("version", community ? Version::v2c : Version::v3, kVersions);
  settings.source = net::read_source(params);
  const std::size_t length = settings.community.reveal().size();
  if (settings.version == Version::v3 && community) {
    params.error("version", "version 3 has no community: leave one of them out");
  } else if (settings.version != Version::v3 && !is_reported &&
             (length == 0 || length > kLongestCommunity)) {
    params.error("community", "versions 1 and 2c need a community of 1 to " +
                                  std::to_string(kLongestCommunity) + " bytes");
  }
  return std::make_shared<SnmpProbe>(std::move(settings));
}

}  // namespace

ProbeType snmp_probe_type() {
  return {.name = "snmp",
          .summary = "an SNMP agent answers, by default without credentials",
          .transport = Transport::udp,
          .default_port = 161,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
