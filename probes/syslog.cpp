#include "probes/syslog.hpp"

#include <memory>
#include <utility>

#include "probes/net/mismatch.hpp"
#include "probes/net/overhear.hpp"
#include "probes/net/question.hpp"
#include "probes/net/udp.hpp"

namespace reachd {
namespace {

/// A syslog server sends nothing, so no datagram is an answer.
class Nothing final : public net::Accepts {
 public:
  bool operator()(std::span<const std::byte>) const override { return false; }
};

class UdpProbe final : public Probe {
 public:
  explicit UdpProbe(std::optional<IpAddress> source) : source_(source) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    // An empty datagram: a closed port is told by ICMP whatever arrives, and a message without a
    // byte is nothing that a server would log.
    const Nothing nothing;
    const net::Question question{"syslog", {}, nothing, source_};
    auto answer = co_await net::ask(run, question);
    Outcome outcome =
        net::datagram_failed(run, std::move(answer.error()), net::Silence::proves_nothing);
    if (outcome.reason == Reason::no_reply) {
      outcome.message =
          run.endpoint->to_string() +
          " is open or filtered: syslog over UDP never answers, and nobody rejects it";
    }
    co_return outcome;
  }

 private:
  std::optional<IpAddress> source_;
};

Outcome judge(const ProbeRun& run, std::span<const std::byte> heard) {
  return heard.empty()
             ? succeeded(run)
             : failed(run,
                      net::not_spoken("syslog", "a syslog server says nothing by itself", heard));
}

class StreamProbe final : public Probe {
 public:
  explicit StreamProbe(net::SecureDialOptions options) : options_(std::move(options)) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    return net::overhear(run, options_, &judge);
  }

  bool wants_address() const noexcept override { return options_.dial.proxy == nullptr; }

 private:
  net::SecureDialOptions options_;
};

std::shared_ptr<const Probe> make(const Target& target, Reader& params) {
  const bool secure = params.text("security", "none") != "none";
  const bool stream = net::read_over_tcp(params, secure);
  if (stream) {
    return std::make_shared<StreamProbe>(net::read_secure_dial(params, target, net::Security::none,
                                                               /*offers_starttls=*/false,
                                                               net::TlsOptions::Verify::strict));
  }
  if (secure) {
    params.error("security", "security needs transport: tcp");
  }
  return std::make_shared<UdpProbe>(net::read_source(params));
}

}  // namespace

ProbeType syslog_probe_type() {
  return {
      .name = "syslog",
      .summary = "the way to a syslog server is open, as far as one that never answers can tell",
      .transport = Transport::udp,
      .default_port = 514,
      .needs_port = true,
      .make = &make};
}

}  // namespace reachd
