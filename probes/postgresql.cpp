#include "probes/postgresql.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "probes/core/bytes.hpp"
#include "probes/core/printable.hpp"
#include "probes/net/dial.hpp"

namespace reachd {
namespace {

using net::Security;

/// SSLRequest: the length of all and the code 80877103 (53.7 "Message Formats").
constexpr std::array<std::byte, 8> kSslRequest{std::byte{0x00}, std::byte{0x00}, std::byte{0x00},
                                               std::byte{0x08}, std::byte{0x04}, std::byte{0xd2},
                                               std::byte{0x16}, std::byte{0x2f}};
constexpr std::string_view kAlpn = "postgresql";
/// More than any refusal before the login says.
constexpr std::size_t kLongestRefusal = 4096;
constexpr std::size_t kMostWords = 256;

Outcome service(Outcome outcome, const std::string& tls) {
  ServiceFacts facts;
  facts.details = {{"tls", tls}};
  outcome.facts = std::make_shared<const Facts>(std::move(facts));
  if (outcome.success()) {
    outcome.message = "PostgreSQL, TLS: " + tls;
  }
  return outcome;
}

class PostgresqlProbe final : public Probe {
 public:
  PostgresqlProbe(net::SecureDialOptions options, std::shared_ptr<const net::TlsOptions> tls)
      : options_(std::move(options)), tls_(std::move(tls)) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    auto dialed =
        co_await net::dial(run, options_.dial, run.target.host, run.target.port, run.endpoint);
    if (!dialed) {
      co_return failed(run, std::move(dialed.error()));
    }
    if (options_.security == Security::tls) {
      co_await dialed->stream->finish();
      co_return judged_direct(run, dialed->tls);
    }
    Outcome outcome = co_await ask(run, std::move(dialed->stream));
    co_return outcome;
  }

  bool wants_address() const noexcept override { return options_.dial.proxy == nullptr; }

 private:
  Outcome judged_direct(const ProbeRun& run, const std::shared_ptr<const TlsFacts>& facts) const {
    if (facts->alpn != kAlpn) {
      Outcome outcome = failed(run, {Reason::protocol_mismatch,
                                     "what answers there speaks TLS but not PostgreSQL over it "
                                     "(it chose no ALPN name \"postgresql\")",
                                     0, std::nullopt});
      outcome.tls = facts;
      return outcome;
    }
    return service(net::judged(run, tls_.get(), facts), facts->version);
  }

  asio::awaitable<Outcome> ask(ProbeRun& run, std::unique_ptr<net::Stream> stream) const {
    run.progress.enter(Phase::request);
    net::Conversation talk(*stream, run.deadline, "PostgreSQL");
    const auto heard = co_await talk.ask(kSslRequest, &postgresql::frame_answer);
    if (!heard) {
      co_return failed(run, heard.error());
    }
    const postgresql::Answer answer = postgresql::parse_answer(*heard);
    if (answer.kind != postgresql::Answer::Kind::tls) {
      co_return without_tls(run, answer);
    }
    Outcome outcome = co_await handshake(run, std::move(stream));
    co_return outcome;
  }

  Outcome without_tls(const ProbeRun& run, const postgresql::Answer& answer) const {
    if (answer.kind == postgresql::Answer::Kind::refusal) {
      return degraded(run, "PostgreSQL turns everybody away: " + answer.words);
    }
    if (options_.security == Security::starttls) {
      return failed(run,
                    {Reason::tls_handshake, "the PostgreSQL server takes no TLS", 0, std::nullopt});
    }
    // The server takes the silent close of a client that has begun no login for what it is.
    return service(succeeded(run), "not offered");
  }

  /// It has said that it takes TLS, which proves it; the handshake was a courtesy.
  static Outcome without_handshake(const ProbeRun& run, const Failure& failure) {
    Outcome outcome = service(succeeded(run), "no handshake");
    outcome.message += ": " + failure.message;
    return outcome;
  }

  asio::awaitable<Outcome> handshake(ProbeRun& run, std::unique_ptr<net::Stream> stream) const {
    auto secured =
        co_await net::upgrade(run, std::move(stream), *tls_, run.target.host, options_.dial);
    const bool asked = options_.security == Security::starttls;
    if (!secured) {
      const Reason reason = secured.error().reason;
      // What begins with the letter that says yes may be the banner of something else.
      const bool counts = asked || is_local_fault(reason) || reason == Reason::protocol_mismatch;
      co_return counts ? failed(run, std::move(secured.error()))
                       : without_handshake(run, secured.error());
    }
    co_await secured->stream->finish();
    co_return service(asked ? net::judged(run, tls_.get(), secured->tls) : succeeded(run),
                      secured->tls->version);
  }

  net::SecureDialOptions options_;
  std::shared_ptr<const net::TlsOptions> tls_;  ///< never null: none does a handshake as well
};

std::shared_ptr<const Probe> make(const Target& target, Reader& params) {
  net::SecureDialOptions options =
      net::read_secure_dial(params, target, Security::none, true, net::TlsOptions::Verify::strict);
  auto tls = std::make_shared<net::TlsOptions>(options.tls ? *options.tls : net::TlsOptions());
  if (!options.tls) {
    tls->verify = net::TlsOptions::Verify::observe;
  }
  tls->alpn = kAlpn;
  if (options.dial.tls) {
    options.dial.tls = tls;
  }
  return std::make_shared<PostgresqlProbe>(std::move(options), std::move(tls));
}

}  // namespace

namespace postgresql {

net::Framing frame_answer(std::span<const std::byte> received) {
  const std::string_view text = as_text(received);
  if (text.front() == 'S' || text.front() == 'N') {
    // More than that is a banner, or injected before a handshake.
    return text.size() == 1 ? net::Framing(1)
                            : net::Framing(std::unexpected("more than an answer to an SSLRequest"));
  }
  if (text.front() != 'E') {
    return std::unexpected("no answer to an SSLRequest");
  }
  if (text.size() < 5) {
    return std::nullopt;
  }
  if (text[1] == '\0' && text[2] == '\0') {
    ByteReader reader(received.subspan(1));
    const std::size_t size = reader.u32();
    if (size < 5 || size > kLongestRefusal) {
      return std::unexpected("an error of impossible length");
    }
    return received.size() < 1 + size ? net::Framing(std::nullopt) : net::Framing(1 + size);
  }
  // Where a new process could not be started: a line and a zero, so that other protocols that begin
  // with this letter ("ERROR\r\n") are not waited for.
  const std::size_t end = text.find_first_of(std::string_view("\n\r\0", 3));
  if (end == std::string_view::npos || (text[end] == '\n' && end + 1 == text.size())) {
    return text.size() > kLongestRefusal ? net::Framing(std::unexpected("an error without an end"))
                                         : net::Framing(std::nullopt);
  }
  if (text[end] == '\n' && text[end + 1] == '\0') {
    return end + 2;
  }
  return std::unexpected("no error of PostgreSQL");
}

Answer parse_answer(std::span<const std::byte> message) {
  Answer answer;
  ByteReader reader(message);
  switch (reader.u8()) {
    case 'S':
      answer.kind = Answer::Kind::tls;
      return answer;
    case 'N':
      return answer;
    default:
      answer.kind = Answer::Kind::refusal;
      break;
  }
  std::string_view rest = reader.text(reader.left());
  if (!rest.starts_with('\0')) {
    answer.words = printable(rest.substr(0, rest.find('\n')), kMostWords);
    return answer;
  }
  // Fields of a type and a text that a zero ends; 'M' is for people.
  rest.remove_prefix(std::min<std::size_t>(4, rest.size()));
  while (!rest.empty() && rest.front() != '\0') {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    if (rest.front() == 'M') {
      answer.words = printable(rest.substr(1, end - 1), kMostWords);
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (answer.words.empty()) {
    answer.words = "it gives no reason";
  }
  return answer;
}

}  // namespace postgresql

ProbeType postgresql_probe_type() {
  return {.name = "postgresql",
          .summary = "a PostgreSQL server answers",
          .transport = Transport::tcp,
          .default_port = 5432,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
