#include "probes/mysql.hpp"

#include <memory>
#include <utility>

#include "probes/net/dial.hpp"
#include "probes/net/errors.hpp"

namespace reachd {
namespace {

using mysql::Greeting;
using net::Result;
using net::Security;

constexpr std::string_view kProtocol = "MySQL";
/// Packets of one login: more than any method of authentication takes.
constexpr int kMostReplies = 6;

Outcome service(Outcome outcome, const Greeting& greeting) {
  ServiceFacts facts;
  facts.details = {{"version", greeting.version}};
  facts.add("auth_plugin", greeting.auth_plugin);
  facts.add("tls", mysql::offers_tls(greeting) ? "offered" : "not offered");
  outcome.facts = std::make_shared<const Facts>(std::move(facts));
  if (outcome.success()) {
    outcome.message = "MySQL server " + greeting.version;
  }
  return outcome;
}

class MysqlProbe final : public Probe {
 public:
  explicit MysqlProbe(net::SecureDialOptions options) : options_(std::move(options)) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    auto dialed =
        co_await net::dial(run, options_.dial, run.target.host, run.target.port, run.endpoint);
    if (!dialed) {
      co_return failed(run, std::move(dialed.error()));
    }
    run.progress.enter(Phase::request);
    net::Conversation talk(*dialed->stream, run.deadline, kProtocol);
    const Result<Heard> heard = co_await greeted(talk);
    if (!heard) {
      co_return net::broke_off(run, talk, heard.error(), options_.tls.get(), dialed->tls);
    }
    if (!heard->greeting.refusal.empty()) {
      Outcome outcome = net::judged(run, options_.tls.get(), dialed->tls);
      if (outcome.success()) {  // a certificate that is judged bad weighs more
        outcome.degraded = true;
        outcome.message = "the MySQL server turns this host away: " + heard->greeting.refusal;
      }
      co_return outcome;
    }
    Outcome outcome = co_await leave(run, std::move(*dialed), *heard);
    co_return outcome;
  }

  bool wants_address() const noexcept override { return options_.dial.proxy == nullptr; }

 private:
  struct Heard {
    Greeting greeting;
    std::uint8_t next = 1;  ///< the number of our first packet
  };

  static asio::awaitable<Result<Heard>> greeted(net::Conversation& talk) {
    const auto packet = co_await talk.hear(&mysql::frame_greeting);
    if (!packet) {
      co_return std::unexpected(packet.error());
    }
    auto greeting = mysql::parse_greeting(*packet);
    if (!greeting || (talk.has_more() && greeting->refusal.empty())) {
      co_return std::unexpected(talk.mismatch("a malformed greeting", *packet));
    }
    co_return Heard{std::move(*greeting), mysql::next_number(*packet)};
  }

  /// TLS where it is wanted, then the refused login.
  asio::awaitable<Outcome> leave(ProbeRun& run, net::Dialed dialed, Heard heard) const {
    const bool wanted = options_.security == Security::starttls;
    const bool secured = wanted && mysql::offers_tls(heard.greeting);
    if (secured) {
      const auto request = mysql::build_response(heard.next++, heard.greeting, true, true);
      const net::IoResult said = co_await dialed.stream->write(request);
      if (said.ec) {
        co_return failed(run, net::stream_failure(said.ec, Phase::request, run.deadline));
      }
      auto upgraded = co_await net::upgrade(run, std::move(dialed.stream), *options_.tls,
                                            run.target.host, options_.dial);
      if (!upgraded) {
        co_return failed(run, std::move(upgraded.error()));
      }
      dialed = std::move(*upgraded);
      run.progress.enter(Phase::request);
    }
    const Result<void> refused = co_await present(*dialed.stream, run.deadline, heard, secured);
    if (wanted && !secured) {
      co_return failed(run,
                       {Reason::tls_handshake, "the MySQL server takes no TLS", 0, std::nullopt});
    }
    Outcome outcome = service(net::judged(run, options_.tls.get(), dialed.tls), heard.greeting);
    if (outcome.success() && !refused && refused.error().reason == Reason::stalled) {
      outcome.degraded = true;
      outcome.message += " keeps the unknown user \"reachd\" waiting (a delay of failed logins?)";
    }
    co_return outcome;
  }

  /// Until the server has refused or, where there is such an account, has let us in.
  static asio::awaitable<Result<void>> present(net::Stream& stream, const net::Deadline& deadline,
                                               Heard heard, bool secured) {
    net::Conversation talk(stream, deadline, kProtocol);
    std::vector<std::byte> answer =
        mysql::build_response(heard.next, heard.greeting, secured, false);
    std::string plugin = heard.greeting.auth_plugin;
    for (int i = 0; i < kMostReplies; ++i) {
      const auto packet = co_await talk.ask(answer, &mysql::frame_packet);
      if (!packet) {
        co_return std::unexpected(packet.error());
      }
      const mysql::Reply reply = mysql::parse_reply(*packet);
      if (reply.kind == mysql::Reply::Kind::error) {
        break;
      }
      if (reply.kind == mysql::Reply::Kind::ok) {
        answer = mysql::build_quit();
        co_await talk.say(answer);
        break;
      }
      const bool changes = reply.kind == mysql::Reply::Kind::change_plugin;
      if (changes) {
        plugin = reply.plugin;
      }
      answer = mysql::build_proof(mysql::next_number(*packet), plugin, changes);
    }
    co_await stream.finish();
    co_return Result<void>{};
  }

  net::SecureDialOptions options_;
};

std::shared_ptr<const Probe> make(const Target& target, Reader& params) {
  return std::make_shared<MysqlProbe>(
      net::read_secure_dial(params, target, Security::none, true, net::TlsOptions::Verify::strict));
}

}  // namespace

ProbeType mysql_probe_type() {
  return {.name = "mysql",
          .summary = "a MySQL or MariaDB server greets",
          .transport = Transport::tcp,
          .default_port = 3306,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
