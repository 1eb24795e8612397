#include "probes/oracle.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "probes/net/dial.hpp"

namespace reachd {
namespace {

using net::Result;
using tns::Answer;
using tns::Kind;

constexpr std::string_view kPing = "(COMMAND=ping)";
/// Listeners ask for the connect packet once more when a server process takes over.
constexpr int kMostResends = 3;
constexpr std::size_t kLongestName = 128;
constexpr std::uint16_t kTcpsPort = 2484;

bool is_unknown(unsigned error) noexcept { return error == 12505 || error == 12514; }

/// "ORA-12514 (the listener does not know the service)"
std::string error_text(unsigned error) {
  const std::string digits = std::to_string(error);
  const std::string padding(5 - std::min<std::size_t>(5, digits.size()), '0');
  const std::string_view words = tns::describe_error(error);
  return "ORA-" + padding + digits + (words.empty() ? "" : " (" + std::string(words) + ")");
}

class OracleProbe final : public Probe {
 public:
  /// `database` is the service or SID for messages; empty: a ping.
  OracleProbe(net::SecureDialOptions options, std::string database, std::string_view connect_data)
      : options_(std::move(options)),
        database_(std::move(database)),
        request_(tns::build_connect(connect_data)) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    auto dialed =
        co_await net::dial(run, options_.dial, run.target.host, run.target.port, run.endpoint);
    if (!dialed) {
      co_return failed(run, std::move(dialed.error()));
    }
    run.progress.enter(Phase::request);
    net::Conversation talk(*dialed->stream, run.deadline, "Oracle Net");
    const Result<Answer> answer = co_await ask(talk);
    if (!answer) {
      co_return net::broke_off(run, talk, answer.error(), options_.tls.get(), dialed->tls);
    }
    if (answer->kind == Kind::accept) {
      // Whether the server process hears it is its own affair.
      const std::vector<std::byte> goodbye = tns::build_goodbye();
      co_await talk.say(goodbye);
    }
    co_await dialed->stream->finish();
    co_return judged(run, *answer, dialed->tls);
  }

  bool wants_address() const noexcept override { return options_.dial.proxy == nullptr; }

 private:
  asio::awaitable<Result<Answer>> ask(net::Conversation& talk) const {
    for (int i = 0;; ++i) {
      const auto packet = co_await talk.ask(request_, &tns::frame_packet);
      if (!packet) {
        co_return std::unexpected(packet.error());
      }
      Answer answer = tns::parse_answer(*packet);
      if (answer.kind != Kind::resend || i == kMostResends) {
        co_return answer;
      }
    }
  }

  Outcome judged(const ProbeRun& run, const Answer& answer,
                 const std::shared_ptr<const TlsFacts>& tls) const {
    Outcome outcome = net::judged(run, options_.tls.get(), tls);
    if (outcome.success() && !database_.empty() && is_unknown(answer.error)) {
      outcome = failed(run, {Reason::content_mismatch,
                             "the listener refused " + database_ + ": " + error_text(answer.error),
                             0, std::nullopt});
      outcome.tls = tls;
    } else if (outcome.success()) {
      outcome.degraded =
          !database_.empty() && answer.kind != Kind::accept && answer.kind != Kind::redirect;
      outcome.message = message(answer);
    }
    outcome.facts = std::make_shared<const Facts>(facts_of(answer));
    return outcome;
  }

  static std::string message(const Answer& answer) {
    std::string text = "Oracle Net listener";
    if (!answer.version.empty()) {
      text += " " + answer.version;
    }
    switch (answer.kind) {
      case Kind::accept:
        return text + " accepts";
      case Kind::redirect:
        return text + " redirects to " + answer.address;
      case Kind::refuse:
        return answer.error == 0 ? text : text + " refuses: " + error_text(answer.error);
      default:
        return text + " answers with " + std::string(tns::kind_name(answer.kind));
    }
  }

  static ServiceFacts facts_of(const Answer& answer) {
    ServiceFacts facts;
    facts.details = {{"answer", std::string(tns::kind_name(answer.kind))}};
    facts.add("version", answer.version);
    facts.add("listener", answer.listener);
    if (answer.error != 0) {
      facts.add("error", error_text(answer.error));
    }
    return facts;
  }

  net::SecureDialOptions options_;
  std::string database_;
  std::vector<std::byte> request_;
};

/// A name that stands in a descriptor: what would end its parenthesis is a mistake.
std::string read_name(Reader& params, std::string_view key) {
  std::string name = params.text(key);
  const bool plain = std::ranges::all_of(name, [](char c) {
    return c > ' ' && c <= '~' && std::string_view("()='\"\\#").find(c) == std::string_view::npos;
  });
  if (!plain || name.size() > kLongestName) {
    params.error(key, std::string(key) + " is a name such as sales.example.com");
    name.clear();
  }
  return name;
}

std::shared_ptr<const Probe> make(const Target& target, Reader& params) {
  // The port that is registered for TCPS speaks nothing else; nobody has asked for a judgement
  // then.
  const bool tcps = target.port == kTcpsPort && !params.has("security");
  net::SecureDialOptions options = net::read_secure_dial(
      params, target, tcps ? net::Security::tls : net::Security::none, false,
      tcps ? net::TlsOptions::Verify::observe : net::TlsOptions::Verify::strict);
  const std::string service = read_name(params, "service");
  const std::string sid = read_name(params, "sid");
  if (!service.empty() && !sid.empty()) {
    params.error("sid", "either service or sid, not both");
  }
  constexpr std::string_view kWho = "(CID=(PROGRAM=reachd)(HOST=)(USER=reachd))";
  std::string connect_data(kPing);
  std::string database;
  if (!service.empty()) {
    connect_data = "(SERVICE_NAME=" + service + ")" + std::string(kWho);
    database = "the service " + service;
  } else if (!sid.empty()) {
    connect_data = "(SID=" + sid + ")" + std::string(kWho);
    database = "the SID " + sid;
  }
  return std::make_shared<OracleProbe>(std::move(options), std::move(database), connect_data);
}

}  // namespace

ProbeType oracle_probe_type() {
  return {.name = "oracle",
          .summary = "an Oracle Net listener answers",
          .transport = Transport::tcp,
          .default_port = 1521,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
