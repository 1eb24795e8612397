#include "probes/ssh.hpp"

#include <array>
#include <memory>
#include <utility>

#include "probes/core/bytes.hpp"
#include "probes/core/printable.hpp"
#include "probes/net/dial.hpp"

namespace reachd {
namespace {

using net::Result;

constexpr std::string_view kOurIdentification = "SSH-2.0-reachd_" REACHD_VERSION "\r\n";
/// Lines before the identification: more than any banner has.
constexpr int kMostLines = 64;
/// Messages before the KEXINIT: a server may send SSH_MSG_IGNORE and SSH_MSG_DEBUG at any time.
constexpr int kMostPackets = 8;

constexpr std::uint8_t kDisconnect = 1;
constexpr std::uint8_t kIgnore = 2;
constexpr std::uint8_t kDebug = 4;
constexpr std::uint32_t kByApplication = 11;

/// SSH_MSG_DISCONNECT (RFC 4253, 11.1) in an unencrypted packet (section 6): servers then log a
/// client that went by itself, no broken connection.
std::vector<std::byte> farewell() {
  constexpr std::string_view kWhy = "reachability check, no login";
  const std::size_t payload = 1 + 4 + 4 + kWhy.size() + 4;
  // With length and padding octets a multiple of 8, at least 4 of them padding.
  const std::size_t padding = 4 + (8 - (5 + payload + 4) % 8) % 8;
  ByteWriter packet(5 + payload + padding);
  packet.u32(static_cast<std::uint32_t>(1 + payload + padding));
  packet.u8(static_cast<std::uint8_t>(padding));
  packet.u8(kDisconnect);
  packet.u32(kByApplication);
  packet.u32(static_cast<std::uint32_t>(kWhy.size()));
  packet.text(kWhy);
  packet.u32(0);  // language tag
  while (packet.ok() && packet.size() < 5 + payload + padding) {
    packet.u8(0);
  }
  return packet.data();
}

struct Heard {
  ssh::Identification identification;
  std::optional<ssh::Offer> offer;  ///< none: SSH 1 only
  std::string busy;                 ///< what a server said that takes nobody now
};

class SshProbe final : public Probe {
 public:
  explicit SshProbe(net::DialOptions options) : options_(std::move(options)) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    auto dialed = co_await net::dial(run, options_, run.target.host, run.target.port, run.endpoint);
    if (!dialed) {
      co_return failed(run, std::move(dialed.error()));
    }
    run.progress.enter(Phase::request);
    net::Conversation talk(*dialed->stream, run.deadline, "SSH");
    const Result<Heard> heard = co_await listen(talk);
    co_return heard ? judged(run, *heard) : failed(run, heard.error());
  }

  bool wants_address() const noexcept override { return options_.proxy == nullptr; }

 private:
  static asio::awaitable<Result<Heard>> listen(net::Conversation& talk) {
    // Both sides begin, so what waits for a client to speak is told apart from SSH at once.
    Result<void> said = co_await talk.say(kOurIdentification);
    if (!said) {
      co_return std::unexpected(std::move(said.error()));
    }
    Heard heard;
    Result<void> identified = co_await identify(talk, heard);
    if (!identified) {
      co_return std::unexpected(std::move(identified.error()));
    }
    const std::string& protocol = heard.identification.protocol;
    if (!heard.busy.empty() || (protocol != "2.0" && protocol != "1.99")) {
      co_return heard;
    }
    Result<void> offered = co_await hear_offer(talk, heard);
    if (!offered) {
      offered.error().message += ", after " + printable(heard.identification.text);
      co_return std::unexpected(std::move(offered.error()));
    }
    // A write that fails changes nothing: all has been heard.
    const std::vector<std::byte> goodbye = farewell();
    co_await talk.say(goodbye);
    co_return heard;
  }

  static asio::awaitable<Result<void>> identify(net::Conversation& talk, Heard& heard) {
    std::vector<std::byte> first;
    for (int i = 0; i < kMostLines; ++i) {
      auto line = co_await talk.hear(&ssh::frame_line);
      if (!line) {
        // Something spoke, and then it had nothing to say to an SSH client.
        const Reason why = line.error().reason;
        const bool foreign = !first.empty() && (why == Reason::stalled || why == Reason::reset ||
                                                why == Reason::closed_early);
        co_return std::unexpected(foreign ? talk.mismatch("no identification follows", first)
                                          : std::move(line.error()));
      }
      std::string_view text = as_text(*line);
      text = text.substr(0, text.find_last_not_of("\r\n") + 1);
      if (auto identification = ssh::parse_identification(text)) {
        heard.identification = std::move(*identification);
        co_return Result<void>{};
      }
      if (text.starts_with("SSH-")) {
        co_return std::unexpected(talk.mismatch("a malformed identification", *line));
      }
      if (first.empty() && ssh::is_busy(text)) {
        heard.busy = text;
        co_return Result<void>{};
      }
      if (first.empty()) {
        first = std::move(*line);
      }
    }
    co_return std::unexpected(talk.mismatch("no identification follows", first));
  }

  static asio::awaitable<Result<void>> hear_offer(net::Conversation& talk, Heard& heard) {
    for (int i = 0; i < kMostPackets; ++i) {
      auto packet = co_await talk.hear(&ssh::frame_packet);
      if (!packet) {
        co_return std::unexpected(std::move(packet.error()));
      }
      const auto payload = ssh::payload_of(*packet);
      heard.offer = ssh::parse_offer(payload);
      if (heard.offer) {
        co_return Result<void>{};
      }
      const std::uint8_t message = ByteReader(payload).u8();
      if (message == kDisconnect) {
        Failure failure;
        failure.reason = Reason::closed_early;
        failure.message = "the server disconnected before it offered a key exchange";
        co_return std::unexpected(std::move(failure));
      }
      if (message != kIgnore && message != kDebug) {
        co_return std::unexpected(talk.mismatch("no key exchange follows", *packet));
      }
    }
    Failure failure;
    failure.reason = Reason::protocol_mismatch;
    failure.message = "no key exchange follows";
    co_return std::unexpected(std::move(failure));
  }

  static Outcome judged(const ProbeRun& run, const Heard& heard) {
    if (!heard.busy.empty()) {
      return degraded(run, "the SSH server takes nobody at the moment: " + printable(heard.busy));
    }
    Outcome outcome = succeeded(run);
    const ssh::Identification& identification = heard.identification;
    ServiceFacts facts;
    facts.details = {{"protocol", identification.protocol}, {"software", identification.software}};
    outcome.message = identification.text;
    if (heard.offer) {
      facts.details.emplace_back("key_exchange", heard.offer->key_exchange);
      facts.details.emplace_back("host_key", heard.offer->host_key);
      facts.details.emplace_back("ciphers", heard.offer->ciphers);
      facts.details.emplace_back("macs", heard.offer->macs);
    } else {
      outcome.degraded = true;
      outcome.message += " speaks no SSH 2";
    }
    outcome.facts = std::make_shared<const Facts>(std::move(facts));
    return outcome;
  }

  net::DialOptions options_;
};

std::shared_ptr<const Probe> make(const Target& target, Reader& params) {
  return std::make_shared<SshProbe>(net::read_dial(params, target));
}

}  // namespace

ProbeType ssh_probe_type() {
  return {.name = "ssh",
          .summary = "an SSH server identifies itself and offers a key exchange",
          .transport = Transport::tcp,
          .default_port = 22,
          .needs_port = true,
          .make = &make};
}

ProbeType netconf_probe_type() {
  return {.name = "netconf",
          .summary = "the SSH server that carries NETCONF answers",
          .transport = Transport::tcp,
          .default_port = 830,
          .needs_port = true,
          .make = &make};
}

ProbeType sftp_probe_type() {
  return {.name = "sftp",
          .summary = "the SSH server that carries SFTP answers",
          .transport = Transport::tcp,
          .default_port = 22,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
