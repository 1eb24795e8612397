#include "probes/smtp.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "probes/core/words.hpp"
#include "probes/net/dial.hpp"
#include "probes/net/host_name.hpp"
#include "probes/net/reply.hpp"

namespace reachd {
namespace {

using net::Reply;
using net::Result;
using net::Security;

constexpr std::size_t kMostExtensions = 48;
/// To the connection, and to STARTTLS.
constexpr int kServiceReady = 220;

/// What the server said so far.
struct Spoken {
  std::string greeting;
  std::string name;                     ///< as it introduces itself to EHLO
  std::vector<std::string> extensions;  ///< "SIZE 10240000"; none with HELO
  std::string refusal;                  ///< "554 go away": it speaks SMTP, but not with us
};

/// 42x, 45x, 52x, 55x: a mail server's own no (RFC 5321, 4.2.1: the second digit tells connection
/// or mail system), and 571 of old servers. Other services that greet in the same form say 400,
/// 500, 502 or 530.
bool is_refusal(const Reply& reply) noexcept {
  const int about = reply.code / 10 % 10;
  return reply.kind() >= 4 && (about == 2 || about == 5 || reply.code == 571);
}

/// "5.5.2 " of the same class as the code (RFC 3463, 2): nobody but mail servers says it.
bool has_enhanced_code(const Reply& reply) noexcept {
  std::string_view text = reply.lines.front();
  if (reply.kind() < 4 || !text.starts_with(static_cast<char>('0' + reply.kind()))) {
    return false;
  }
  text.remove_prefix(1);
  for (int i = 0; i < 2; ++i) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789", 1), text.size());
    if (!text.starts_with('.') || end < 2 || end > 4) {
      return false;
    }
    text.remove_prefix(end);
  }
  return text.empty() || text.front() == ' ';
}

/// A no to HELO: also one to the name that was said (501, 504), by a server that knows the command.
bool refuses_name(const Reply& reply) noexcept {
  return is_refusal(reply) || has_enhanced_code(reply) || reply.code == 501 || reply.code == 504;
}

class SmtpProbe final : public Probe {
 public:
  SmtpProbe(net::SecureDialOptions options, std::string name)
      : options_(std::move(options)), name_(std::move(name)) {}

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
      net::Conversation talk(*dialed.stream, run.deadline, "SMTP");
      Result<void> begun = co_await begin(talk, spoken);
      const bool ready = begun && spoken.refusal.empty() && options_.security == Security::starttls;
      if (ready) {
        begun = co_await ask_for_tls(run, talk, spoken);
      }
      if (!begun || !ready) {
        // Only to who speaks SMTP: anybody else would be waited for.
        if (begun || begun.error().reason == Reason::tls_handshake) {
          co_await net::quit(talk);
          co_await dialed.stream->finish();
        }
        co_return concluded(run, talk, begun, dialed.tls, spoken);
      }
    }
    auto secured = co_await net::upgrade(run, std::move(dialed.stream), *options_.tls,
                                         run.target.host, options_.dial);
    if (!secured) {
      co_return failed(run, std::move(secured.error()));
    }
    dialed = std::move(*secured);
    run.progress.enter(Phase::request);
    // What was heard in clear does not count any more (RFC 3207, 4.2).
    net::Conversation talk(*dialed.stream, run.deadline, "SMTP");
    const Result<void> again = co_await introduce(talk, spoken);
    if (again) {
      co_await net::quit(talk);
      co_await dialed.stream->finish();
    }
    co_return concluded(run, talk, again, dialed.tls, spoken);
  }

  asio::awaitable<Result<void>> begin(net::Conversation& talk, Spoken& spoken) const {
    const Result<Reply> greeting = co_await net::hear_reply(talk);
    if (!greeting) {
      co_return std::unexpected(greeting.error());
    }
    if (greeting->code == kServiceReady) {
      spoken.greeting = greeting->lines.front();
      Result<void> introduced = co_await introduce(talk, spoken);
      co_return introduced;
    }
    if (!is_refusal(*greeting) && !has_enhanced_code(*greeting)) {
      co_return std::unexpected(net::mismatch(talk, *greeting, "its greeting"));
    }
    spoken.refusal = greeting->to_string();
    co_return Result<void>{};
  }

  asio::awaitable<Result<void>> introduce(net::Conversation& talk, Spoken& spoken) const {
    Result<Reply> reply = co_await net::command(talk, "EHLO " + name_);
    const bool extended = reply && reply->code == 250;
    if (reply && !extended && !is_refusal(*reply)) {
      reply = co_await net::command(talk, "HELO " + name_);
    }
    if (!reply) {
      co_return std::unexpected(std::move(reply.error()));
    }
    if (reply->code == 250) {
      spoken.name = reply->lines.front().substr(0, reply->lines.front().find(' '));
      spoken.extensions.clear();
      if (extended) {
        const std::size_t count = std::min(reply->lines.size(), kMostExtensions + 1);
        spoken.extensions.assign(reply->lines.begin() + 1,
                                 reply->lines.begin() + static_cast<std::ptrdiff_t>(count));
      }
      co_return Result<void>{};
    }
    if (!refuses_name(*reply)) {
      co_return std::unexpected(net::mismatch(talk, *reply, "its answer to HELO"));
    }
    spoken.refusal = reply->to_string();
    co_return Result<void>{};
  }

  static asio::awaitable<Result<void>> ask_for_tls(ProbeRun& run, net::Conversation& talk,
                                                   const Spoken& spoken) {
    run.progress.enter(Phase::tls);
    // Keywords are in any case (RFC 5321, 2.4).
    if (std::ranges::none_of(spoken.extensions, [](std::string_view extension) {
          return same_word(extension, "STARTTLS");
        })) {
      co_return std::unexpected(
          Failure{Reason::tls_handshake, "the mail server offers no STARTTLS", 0, std::nullopt});
    }
    Result<void> asked = co_await net::ask_for_tls(talk, "STARTTLS", kServiceReady, "mail server");
    co_return asked;
  }

  Outcome content(const ProbeRun& run, std::shared_ptr<const TlsFacts> tls,
                  const Spoken& spoken) const {
    Outcome outcome = net::judged(run, options_.tls.get(), std::move(tls));
    if (outcome.success()) {
      outcome.degraded = !spoken.refusal.empty();
      outcome.message = outcome.degraded
                            ? "the mail server speaks, but not with this host: " + spoken.refusal
                            : spoken.greeting;
    }
    ServiceFacts facts;
    facts.add("greeting", spoken.greeting);
    facts.add("name", spoken.name);
    facts.add("extensions", join(spoken.extensions, ", "));
    facts.add("refusal", spoken.refusal);
    outcome.facts = std::make_shared<const Facts>(std::move(facts));
    return outcome;
  }

  Outcome concluded(const ProbeRun& run, const net::Conversation& talk, const Result<void>& result,
                    const std::shared_ptr<const TlsFacts>& tls, const Spoken& spoken) const {
    return result ? content(run, tls, spoken)
                  : net::broke_off(run, talk, result.error(), options_.tls.get(), tls);
  }

  net::SecureDialOptions options_;
  std::string name_;
};

std::shared_ptr<const Probe> make(const Target& target, Reader& params) {
  auto options = net::read_secure_dial(params, target, Security::none, /*offers_starttls=*/true,
                                       net::TlsOptions::Verify::strict);
  std::string name = params.text("ehlo", net::introduction());
  const bool one_word = !name.empty() && name.size() <= 255 &&
                        std::ranges::all_of(name, [](char c) { return c > 0x20 && c < 0x7F; });
  if (!one_word) {
    params.error("ehlo", "ehlo is a host name or an address in brackets, without blanks");
    name = "reachd.invalid";
  }
  return std::make_shared<SmtpProbe>(std::move(options), std::move(name));
}

}  // namespace

ProbeType smtp_probe_type() {
  return {.name = "smtp",
          .summary = "a mail server greets and answers EHLO",
          .transport = Transport::tcp,
          .default_port = 25,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
