#include "probes/smb.hpp"

#include <algorithm>
#include <memory>
#include <random>
#include <utility>

#include "probes/core/clock.hpp"
#include "probes/net/dial.hpp"

namespace reachd {
namespace {

using net::Result;

struct Settings {
  net::DialOptions dial;
  bool netbios = false;
};

/// Why a server of NetBIOS sessions grants none (RFC 1002, 4.3.4).
std::string_view refusal(std::uint8_t code) {
  switch (code) {
    case 0x80:
    case 0x82:
      return "it has no *SMBSERVER";
    case 0x81:
      return "it does not take calls of this name";
    case 0x83:
      return "it is out of resources";
    default:
      return "for no reason that it tells";
  }
}

std::string hexadecimal(std::uint32_t value) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text = "0x";
  for (int shift = 28; shift >= 0; shift -= 4) {
    text += kDigits[value >> static_cast<unsigned>(shift) & 0x0FU];
  }
  return text;
}

smb::Nonce random_nonce() {
  smb::Nonce nonce;
  std::random_device device;
  const auto octet = [&device] { return static_cast<std::byte>(device() & 0xFFU); };
  std::ranges::generate(nonce.client_guid, octet);
  std::ranges::generate(nonce.salt, octet);
  return nonce;
}

class SmbProbe final : public Probe {
 public:
  explicit SmbProbe(Settings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    auto dialed =
        co_await net::dial(run, settings_.dial, run.target.host, run.target.port, run.endpoint);
    if (!dialed) {
      co_return failed(run, std::move(dialed.error()));
    }
    run.progress.enter(Phase::request);
    net::Conversation talk(*dialed->stream, run.deadline, "SMB");
    if (settings_.netbios) {
      auto session = co_await open_session(talk);
      if (!session) {
        co_return failed(run, std::move(session.error()));
      }
      if (!session->granted) {
        co_return degraded(run, "a NetBIOS session service that refuses the session: " +
                                    std::string(refusal(session->code)));
      }
    }
    auto answer = co_await negotiate(talk);
    if (!answer) {
      if (answer.error().reason == Reason::closed_early || answer.error().reason == Reason::reset) {
        answer.error().message += "; a server that speaks SMB 1 only may do so";
      }
      co_return failed(run, std::move(answer.error()));
    }
    co_return judged(run, *answer);
  }

  bool wants_address() const noexcept override { return settings_.dial.proxy == nullptr; }

 private:
  static asio::awaitable<Result<smb::SessionAnswer>> open_session(net::Conversation& talk) {
    const std::vector<std::byte> request = smb::build_session_request();
    auto bytes = co_await talk.ask(request, &smb::frame_session);
    if (!bytes) {
      co_return std::unexpected(std::move(bytes.error()));
    }
    co_return smb::parse_session(*bytes).value();
  }

  static asio::awaitable<Result<smb::Answer>> negotiate(net::Conversation& talk) {
    const std::vector<std::byte> request = smb::build_negotiate(random_nonce());
    auto bytes = co_await talk.ask(request, &smb::frame);
    if (!bytes) {
      co_return std::unexpected(std::move(bytes.error()));
    }
    const auto answer = smb::parse(*bytes);
    if (!answer) {
      co_return std::unexpected(talk.mismatch("no answer to NEGOTIATE", *bytes));
    }
    co_return *answer;
  }

  static Outcome judged(const ProbeRun& run, const smb::Answer& answer) {
    switch (answer.kind) {
      case smb::Answer::Kind::smb1:
        return degraded(run, "a file server that speaks SMB 1 only");
      case smb::Answer::Kind::refused:
        return degraded(
            run, "an SMB server that does not negotiate: status " + hexadecimal(answer.status));
      case smb::Answer::Kind::chosen:
        break;
    }
    using Signing = smb::Answer::Signing;
    const std::string_view signing = answer.signing == Signing::required  ? "required"
                                     : answer.signing == Signing::enabled ? "enabled"
                                                                          : "off";
    ServiceFacts facts;
    facts.details.emplace_back("dialect", smb::dialect_name(answer.dialect));
    facts.details.emplace_back("signing", signing);
    facts.details.emplace_back("server_guid", smb::guid_text(answer.server_guid));
    if (answer.system_time) {
      facts.clock_offset = *answer.system_time - run.progress.clock().wall_now();
    }
    Outcome outcome = succeeded(run);
    outcome.message = "SMB " + smb::dialect_name(answer.dialect) +
                      (answer.signing == Signing::required ? ", signing required" : "");
    outcome.facts = std::make_shared<const Facts>(std::move(facts));
    return outcome;
  }

  Settings settings_;
};

std::shared_ptr<const Probe> make(const Target& target, Reader& params) {
  Settings settings;
  settings.dial = net::read_dial(params, target);
  settings.netbios = params.boolean("netbios", target.port == 139);
  return std::make_shared<SmbProbe>(std::move(settings));
}

}  // namespace

ProbeType smb_probe_type() {
  return {.name = "smb",
          .summary = "a file server agrees on an SMB dialect, without a login",
          .transport = Transport::tcp,
          .default_port = 445,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
