#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "daemon/alert/reach.hpp"
#include "daemon/alert/sinks/mail_message.hpp"
#include "daemon/alert/sinks/smtp_dialogue.hpp"
#include "daemon/log/log.hpp"
#include "probes/net/host_name.hpp"

namespace reachd::alert {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kRelayPort = 25;
constexpr std::uint16_t kImplicitTlsPort = 465;  // RFC 8314, 3.3
constexpr std::uint16_t kSubmissionPort = 587;   // RFC 6409
/// More than somebody reads in one mail, and less than a relay takes for spam.
constexpr std::size_t kMostEvents = 20;
constexpr std::size_t kMostRecipients = 50;
/// For so many mails it is remembered who is still to get them; they wait in memory, each.
constexpr std::size_t kMostOwed = 256;
/// What was not tried for so long is not waiting any more: it became too old.
constexpr Duration kOwedFor = 1h;

struct Settings {
  Target server;
  net::Security security = net::Security::starttls;
  std::shared_ptr<const net::TlsOptions> tls;  ///< null for Security::none
  std::string name;                            ///< for EHLO
  std::string user;                            ///< empty: no login
  Secret password;
  std::string from;
  std::vector<std::string> to;
  std::string subject;
};

using Ready = SmtpDialogue::Step;
using Receipts = std::expected<std::vector<Receipt>, std::string>;

class SmtpSink final : public Sink {
 public:
  explicit SmtpSink(Settings settings) : settings_(std::move(settings)) {
    if (settings_.security == net::Security::tls) {
      way_.tls = settings_.tls;
    }
  }

  asio::awaitable<std::vector<Receipt>> deliver(SinkRun run,
                                                std::span<const Delivery> events) override {
    const auto endpoints = co_await endpoints_of(run, settings_.server);
    if (!endpoints) {
      co_return receipts(events.size(), Receipt::How::retry, endpoints.error());
    }
    Receipts result;
    for (std::size_t i = 0; i < endpoints->size(); ++i) {
      Turn turn(run, endpoints->size() - i);
      result = co_await hand_over(run, turn, (*endpoints)[i], events);
      if (result || run.deadline.ended() != net::Deadline::Ended::no) {
        break;
      }
    }
    if (!result) {
      co_return receipts(events.size(), Receipt::How::retry, result.error());
    }
    co_return std::move(*result);
  }

  std::size_t most_at_once() const noexcept override { return kMostEvents; }
  /// What one recipient is still to get must not keep the next alert from all the others.
  bool one_per_check() const noexcept override { return true; }
  /// RFC 5321, 4.5.3.2 has minutes; but what waits behind this is an alert.
  Duration timeout() const noexcept override { return 60s; }

 private:
  /// An error: nothing was said about any mail, so another address may do better.
  asio::awaitable<Receipts> hand_over(const SinkRun& run, Turn& turn, const Endpoint& endpoint,
                                      std::span<const Delivery> events) {
    Progress progress(run.network.clock);
    const Target& server = settings_.server;
    ProbeRun way{server, endpoint, {}, run.network, turn.deadline(), progress};
    auto dialed = co_await net::dial(way, way_, server.host, server.port, endpoint);
    if (!dialed) {
      co_return std::unexpected(sentence(dialed.error()));
    }
    const bool starttls = settings_.security == net::Security::starttls;
    if (starttls) {
      Ready ready = co_await ask_for_tls(*dialed->stream, turn);
      if (!ready) {
        co_return std::unexpected(std::move(ready.error()));
      }
      dialed =
          co_await net::upgrade(way, std::move(dialed->stream), *settings_.tls, server.host, way_);
      if (!dialed) {
        co_return std::unexpected(sentence(dialed.error()));
      }
    }
    std::string doubt = distrust(settings_.tls.get(), *dialed);
    if (!doubt.empty()) {
      co_await dialed->stream->finish();
      co_return std::unexpected(std::move(doubt));
    }
    SmtpDialogue dialogue(*dialed->stream, turn.deadline());
    Ready ready = co_await begin(dialogue, !starttls);
    if (!ready) {
      co_return std::unexpected(std::move(ready.error()));
    }
    std::vector<Receipt> results = co_await send(run, dialogue, events);
    co_await dialogue.leave();
    co_await dialed->stream->finish();
    co_return results;
  }

  asio::awaitable<Ready> ask_for_tls(net::Stream& stream, Turn& turn) const {
    SmtpDialogue dialogue(stream, turn.deadline());
    Ready ready = co_await dialogue.hear_greeting();
    if (ready) {
      ready = co_await dialogue.introduce(settings_.name);
    }
    if (ready) {
      ready = co_await dialogue.ask_for_tls();
    }
    co_return ready;
  }

  asio::awaitable<Ready> begin(SmtpDialogue& dialogue, bool greets) const {
    Ready ready;
    if (greets) {
      ready = co_await dialogue.hear_greeting();
    }
    if (ready) {
      ready = co_await dialogue.introduce(settings_.name);
    }
    if (ready && !settings_.user.empty()) {
      ready = co_await dialogue.log_in(settings_.user, settings_.password);
    }
    co_return ready;
  }

  asio::awaitable<std::vector<Receipt>> send(const SinkRun& run, SmtpDialogue& dialogue,
                                             std::span<const Delivery> events) {
    std::vector<Receipt> results;
    while (results.size() < events.size()) {
      const auto rest = events.subspan(results.size());
      const std::vector<std::string> to = recipients_of(rest.front());
      std::size_t same = 1;
      while (same < rest.size() && recipients_of(rest[same]) == to) {
        ++same;
      }
      const std::vector<Receipt> some = co_await send_to(run, dialogue, rest.first(same), to);
      results.insert(results.end(), some.begin(), some.end());
    }
    co_return results;
  }

  /// All in one mail; if that is refused, each in its own: it may be about one of them only.
  asio::awaitable<std::vector<Receipt>> send_to(const SinkRun& run, SmtpDialogue& dialogue,
                                                std::span<const Delivery> events,
                                                std::vector<std::string> to) {
    const Receipt together = co_await send_mail(run, dialogue, events, to);
    if (together.how != Receipt::How::refused || events.size() == 1) {
      co_return receipts(events.size(), together.how, together.why);
    }
    std::vector<Receipt> results;
    for (std::size_t i = 0; i < events.size(); ++i) {
      Receipt alone = co_await send_mail(run, dialogue, events.subspan(i, 1), to);
      results.push_back(std::move(alone));
    }
    co_return results;
  }

  asio::awaitable<Receipt> send_mail(const SinkRun& run, SmtpDialogue& dialogue,
                                     std::span<const Delivery> events,
                                     std::vector<std::string> to) {
    const Mail mail{settings_.from, settings_.to, settings_.subject, run.vantage, run.external_url};
    const std::string whole = mail_text(mail, events, run.network.clock.wall_now());
    SmtpDialogue::Missed missed;
    Receipt receipt = co_await dialogue.send(settings_.from, to, whole, missed);
    co_return settle(run, events, to.size() < settings_.to.size(), std::move(receipt), missed);
  }

  /// Notes who is still to get these events; then they are to be tried again. `others_have_it`: it
  /// went to those who missed it before.
  Receipt settle(const SinkRun& run, std::span<const Delivery> events, bool others_have_it,
                 Receipt receipt, const SmtpDialogue::Missed& missed) {
    const TimePoint now = run.network.clock.steady_now();
    if (receipt.how == Receipt::How::retry && others_have_it && missed.later.empty() &&
        !missed.why.empty()) {
      receipt = Receipt{};  // refused for good to all who were left
    }
    if (receipt.how == Receipt::How::retry) {
      for (const Delivery& delivery : events) {
        if (const auto found = owed_.find(delivery.event.id); found != owed_.end()) {
          found->second.tried = now;
        }
      }
      return receipt;
    }
    std::erase_if(owed_, [now](const auto& entry) { return now - entry.second.tried > kOwedFor; });
    const bool owed = receipt.how == Receipt::How::delivered && !missed.later.empty() &&
                      (others_have_it || owed_.size() + events.size() <= kMostOwed);
    for (const Delivery& delivery : events) {
      if (owed) {
        owed_.insert_or_assign(delivery.event.id, Owed{.to = missed.later, .tried = now});
      } else {
        owed_.erase(delivery.event.id);
      }
    }
    if (receipt.how == Receipt::How::delivered && !missed.why.empty()) {
      turned_away_.write(now, "a mail went out, but not to everybody: " + missed.why);
    }
    return owed ? Receipt{.how = Receipt::How::retry, .why = missed.why} : receipt;
  }

  std::vector<std::string> recipients_of(const Delivery& delivery) const {
    const auto owed = owed_.find(delivery.event.id);
    return owed == owed_.end() ? settings_.to : owed->second.to;
  }

  /// Who is still to get an event that the others have.
  struct Owed {
    std::vector<std::string> to;
    TimePoint tried{};
  };

  const Settings settings_;
  net::DialOptions way_;  // constant after construction
  log::RareWarning turned_away_;
  std::map<std::string, Owed> owed_;  ///< by the event's id
};

bool is_word(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 255 &&
         std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

/// True if what goes there stays on this host.
bool is_this_host(const Target& target) noexcept {
  return target.literal ? target.literal->is_loopback() : target.host == "localhost";
}

std::optional<bool> flag(Reader& params, std::string_view key) {
  return params.has(key) ? std::optional(params.boolean(key, false)) : std::nullopt;
}

void read_server(Reader& params, Settings& settings) {
  const std::string text = params.required_text("address");
  const auto wants_tls = flag(params, "implicit_tls");
  const auto wants_starttls = flag(params, "starttls");
  const std::uint16_t port = wants_tls.value_or(false)       ? kImplicitTlsPort
                             : wants_starttls.value_or(true) ? kSubmissionPort
                                                             : kRelayPort;
  auto target = parse_target(text, port);
  if (!text.empty() && (!target || !target->scheme.empty())) {
    params.error("address", "address is host:port of a mail server, not \"" + text + "\"");
  } else if (target) {
    settings.server = std::move(*target);
  }
  const std::uint16_t to = settings.server.port;
  const bool implicit =
      wants_tls.value_or(to == kImplicitTlsPort && !wants_starttls.value_or(false));
  const bool starttls = wants_starttls.value_or(!implicit && to != kRelayPort);
  if (implicit && starttls) {
    params.error("starttls", "starttls and implicit_tls exclude each other");
  }
  settings.security = implicit   ? net::Security::tls
                      : starttls ? net::Security::starttls
                                 : net::Security::none;
  if (settings.security != net::Security::none) {
    settings.tls = read_sink_tls(params);
  } else if (params.has("tls")) {
    params.error("tls", "tls has no effect without starttls or implicit_tls");
  }
}

void read_login(Reader& params, Settings& settings) {
  settings.user = params.text("user");
  const std::size_t problems = params.diagnostics().count();
  auto password = params.secret("password");
  const bool is_reported = params.diagnostics().count() != problems;
  if (!is_reported && settings.user.empty() != !password) {
    params.error(settings.user.empty() ? "password" : "user", "user and password belong together");
  }
  settings.password = std::move(password).value_or(Secret());
  if (!settings.user.empty() && settings.security == net::Security::none &&
      !is_this_host(settings.server)) {
    params.error("user",
                 "the password would cross the network for all to read: user needs starttls or "
                 "implicit_tls, or a mail server on this host");
  }
}

void read_envelope(Reader& params, Settings& settings) {
  const auto check = [&](std::string_view key, const std::string& address) {
    if (!is_mail_address(address)) {
      params.error(key, "\"" + address.substr(0, 100) +
                            "\" is no mail address like noc@example.com (without a name, in "
                            "ASCII)");
    }
  };
  settings.from = params.required_text("from");
  if (!settings.from.empty()) {
    check("from", settings.from);
  }
  settings.to = params.texts("to");
  if (settings.to.empty() || settings.to.size() > kMostRecipients) {
    params.error("to", "to needs between 1 and " + std::to_string(kMostRecipients) + " addresses");
  }
  for (const std::string& address : settings.to) {
    check("to", address);
  }
  settings.subject = params.text("subject");
  settings.name = params.text("ehlo", net::introduction());
  if (!is_word(settings.name)) {
    params.error("ehlo", "ehlo is a host name or an address in brackets, without blanks");
  }
}

MadeSink make(Reader& params) {
  Settings settings;
  read_server(params, settings);
  read_login(params, settings);
  read_envelope(params, settings);
  MadeSink made;
  made.events = std::make_shared<SmtpSink>(std::move(settings));
  return made;
}

}  // namespace

SinkType smtp_sink() noexcept { return {.name = "smtp", .calls_people = true, .make = &make}; }

}  // namespace reachd::alert
