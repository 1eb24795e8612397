#include "probes/ftp.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "probes/core/words.hpp"
#include "probes/net/dial.hpp"
#include "probes/net/reply.hpp"

namespace reachd {
namespace {

using net::Reply;
using net::Result;
using net::Security;

constexpr int kServiceReadySoon = 120;
constexpr int kOkay = 200;
constexpr int kFeatures = 211;
constexpr int kSystemName = 215;
constexpr int kServiceReady = 220;
constexpr int kAuthAccepted = 234;
constexpr int kSmtpOkay = 250;
constexpr int kNeedAccount = 332;
constexpr int kNotAvailable = 421;
constexpr int kSyntaxError = 500;
constexpr int kNotImplemented = 502;
constexpr int kNotLoggedIn = 530;
/// In a refusal of whatever code.
constexpr std::array<std::string_view, 4> kLoginWords{"USER", "Login", "login", "log in"};
/// It greets and demands a login in the same words as FTP.
constexpr std::string_view kVmware = "VMware Authentication Daemon";

/// What the server said so far.
struct Spoken {
  std::string greeting;
  std::string features;  ///< "EPSV, MDTM, UTF8"
  std::string refusal;   ///< "421 too many users": it speaks FTP, but not with us
};

/// What an FTP server says before a login to FEAT, NOOP and SYST: yes, not now, or login first.
bool is_ftps(const Reply& reply) noexcept {
  switch (reply.code) {
    case kOkay:
    case kFeatures:
    case kSystemName:
    case kNeedAccount:
    case kNotAvailable:
    case kNotLoggedIn:
      return true;
    default:
      // "503 Login with USER first."
      return reply.kind() == 5 && std::ranges::any_of(kLoginWords, [&reply](std::string_view word) {
               return reply.lines.front().contains(word);
             });
  }
}

/// Of the lines of a reply to FEAT, those between the first and the last (RFC 2389, 3.2).
std::string features_of(const Reply& reply) {
  const std::size_t count = reply.lines.size();
  return count < 3 ? std::string() : join(std::span(reply.lines).subspan(1, count - 2), ", ");
}

class FtpProbe final : public Probe {
 public:
  explicit FtpProbe(net::SecureDialOptions options) : options_(std::move(options)) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    auto dialed =
        co_await net::dial(run, options_.dial, run.target.host, run.target.port, run.endpoint);
    if (!dialed) {
      co_return failed(run, std::move(dialed.error()));
    }
    run.progress.enter(Phase::request);
    Outcome outcome = co_await converse(run, std::move(*dialed));
    co_return outcome;
  }

  bool wants_address() const noexcept override { return options_.dial.proxy == nullptr; }

 private:
  asio::awaitable<Outcome> converse(ProbeRun& run, net::Dialed dialed) const {
    Spoken spoken;
    {
      net::Conversation talk(*dialed.stream, run.deadline, "FTP");
      Result<void> begun = co_await begin(talk, spoken);
      const bool ready = begun && spoken.refusal.empty() && options_.security == Security::starttls;
      if (ready) {
        run.progress.enter(Phase::tls);
        begun = co_await net::ask_for_tls(talk, "AUTH TLS", kAuthAccepted, "FTP server");
      }
      if (!begun || !ready) {
        // Only to who speaks FTP: anybody else would be waited for.
        if (begun || begun.error().reason == Reason::tls_handshake) {
          co_await net::quit(talk);
          co_await dialed.stream->finish();
        }
        co_return begun ? content(run, dialed.tls, std::move(spoken))
                        : net::broke_off(run, talk, begun.error(), options_.tls.get(), dialed.tls);
      }
    }
    auto secured = co_await net::upgrade(run, std::move(dialed.stream), *options_.tls,
                                         run.target.host, options_.dial);
    if (!secured) {
      co_return failed(run, std::move(secured.error()));
    }
    dialed = std::move(*secured);
    run.progress.enter(Phase::request);
    net::Conversation talk(*dialed.stream, run.deadline, "FTP");
    co_await net::quit(talk);
    co_await dialed.stream->finish();
    co_return content(run, std::move(dialed.tls), std::move(spoken));
  }

  static asio::awaitable<Result<void>> begin(net::Conversation& talk, Spoken& spoken) {
    Result<Reply> greeting = co_await net::hear_reply(talk);
    if (greeting && greeting->code == kServiceReadySoon) {
      greeting = co_await net::hear_reply(talk);
    }
    if (!greeting) {
      co_return std::unexpected(std::move(greeting.error()));
    }
    if (greeting->code == kServiceReady && !greeting->lines.front().starts_with(kVmware)) {
      spoken.greeting = greeting->lines.front();
      Result<void> asked = co_await ask_features(talk, spoken);
      co_return asked;
    }
    if (greeting->code != kNotAvailable && greeting->code != kNotLoggedIn) {
      co_return std::unexpected(net::mismatch(talk, *greeting, "its greeting"));
    }
    spoken.refusal = greeting->to_string();
    co_return Result<void>{};
  }

  static asio::awaitable<Result<void>> ask_features(net::Conversation& talk, Spoken& spoken) {
    Result<Reply> reply = co_await net::command(talk, "FEAT");
    if (reply && reply->code != kFeatures && reply->code != kNotAvailable) {
      // An old server, or one that has a login come first, or another service that greets in the
      // same way: a mail server agrees to NOOP with another code, and the others know none of these
      // commands.
      reply = co_await net::command(talk, "NOOP");
      if (reply && (reply->code == kSyntaxError || reply->code == kNotImplemented)) {
        reply = co_await net::command(talk, "SYST");
      }
    }
    if (!reply) {
      co_return std::unexpected(std::move(reply.error()));
    }
    if (reply->code == kSmtpOkay) {
      co_return std::unexpected(
          net::mismatch(talk, *reply, "its answer to NOOP is that of a mail server"));
    }
    if (!is_ftps(*reply)) {
      co_return std::unexpected(net::mismatch(talk, *reply, "its answers are not those of FTP"));
    }
    if (reply->code == kFeatures) {
      spoken.features = features_of(*reply);
    } else if (reply->code == kNotAvailable) {
      spoken.refusal = reply->to_string();
    }
    co_return Result<void>{};
  }

  Outcome content(const ProbeRun& run, std::shared_ptr<const TlsFacts> tls, Spoken spoken) const {
    Outcome outcome = net::judged(run, options_.tls.get(), std::move(tls));
    if (outcome.success()) {
      outcome.degraded = !spoken.refusal.empty();
      outcome.message = outcome.degraded
                            ? "the FTP server speaks, but not with this host: " + spoken.refusal
                            : spoken.greeting;
    }
    ServiceFacts facts;
    facts.add("greeting", std::move(spoken.greeting));
    facts.add("features", std::move(spoken.features));
    facts.add("refusal", std::move(spoken.refusal));
    outcome.facts = std::make_shared<const Facts>(std::move(facts));
    return outcome;
  }

  net::SecureDialOptions options_;
};

std::shared_ptr<const Probe> make(const Target& target, Reader& params) {
  return std::make_shared<FtpProbe>(net::read_secure_dial(params, target, Security::none,
                                                          /*offers_starttls=*/true,
                                                          net::TlsOptions::Verify::strict));
}

}  // namespace

ProbeType ftp_probe_type() {
  return {.name = "ftp",
          .summary = "an FTP server greets and answers",
          .transport = Transport::tcp,
          .default_port = 21,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
