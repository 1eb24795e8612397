#include "probes/mssql.hpp"

#include <memory>
#include <utility>

#include "probes/net/dial.hpp"

namespace reachd {
namespace {

using tds::PreLogin;

/// Names of instances have at most 16 characters; longer ones are a mistake.
constexpr std::size_t kLongestInstance = 64;

class MssqlProbe final : public Probe {
 public:
  MssqlProbe(net::SecureDialOptions options, std::string instance)
      : options_(std::move(options)),
        instance_(std::move(instance)),
        request_(tds::build_prelogin(instance_)) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    auto dialed =
        co_await net::dial(run, options_.dial, run.target.host, run.target.port, run.endpoint);
    if (!dialed) {
      co_return failed(run, std::move(dialed.error()));
    }
    run.progress.enter(Phase::request);
    net::Conversation talk(*dialed->stream, run.deadline, "TDS");
    const auto packet = co_await talk.ask(request_, &tds::frame_answer);
    if (!packet) {
      co_return broke_off(run, talk, packet.error(), dialed->tls);
    }
    const auto answer = tds::parse_answer(*packet);
    if (!answer) {
      co_return broke_off(run, talk, talk.mismatch("a malformed pre-login", *packet), dialed->tls);
    }
    co_await dialed->stream->finish();
    co_return judged(run, *answer, dialed->tls);
  }

  bool wants_address() const noexcept override { return options_.dial.proxy == nullptr; }

 private:
  Outcome broke_off(const ProbeRun& run, const net::Conversation& talk, Failure failure,
                    const std::shared_ptr<const TlsFacts>& tls) const {
    const bool hung_up = failure.reason == Reason::closed_early || failure.reason == Reason::reset;
    if (hung_up && options_.security == net::Security::none) {
      failure.message += "; a server that forces strict encryption (TDS 8) does so: security: tls";
    }
    return net::broke_off(run, talk, std::move(failure), options_.tls.get(), tls);
  }

  Outcome judged(const ProbeRun& run, const PreLogin& answer,
                 const std::shared_ptr<const TlsFacts>& tls) const {
    Outcome outcome = net::judged(run, options_.tls.get(), tls);
    if (outcome.success() && answer.other_instance) {
      outcome =
          failed(run, {Reason::content_mismatch,
                       "what answers there is not the instance " + instance_, 0, std::nullopt});
      outcome.tls = tls;
    }
    if (!answer.refusal.empty()) {
      if (outcome.success()) {
        outcome.degraded = true;
        outcome.message = "SQL Server turns us away: " + answer.refusal;
      }
      return outcome;
    }
    ServiceFacts facts;
    facts.add("version", answer.version);
    facts.add("product", answer.product);
    if (answer.encryption) {
      facts.add("encryption", tds::encryption_name(*answer.encryption));
    }
    outcome.facts = std::make_shared<const Facts>(std::move(facts));
    if (outcome.success()) {
      outcome.message = (answer.product.empty() ? "SQL Server" : answer.product) +
                        (answer.version.empty() ? "" : ", version " + answer.version);
    }
    return outcome;
  }

  net::SecureDialOptions options_;
  std::string instance_;
  std::vector<std::byte> request_;
};

std::shared_ptr<const Probe> make(const Target& target, Reader& params) {
  net::SecureDialOptions options = net::read_secure_dial(params, target, net::Security::none, false,
                                                         net::TlsOptions::Verify::strict);
  if (options.tls) {
    auto tls = std::make_shared<net::TlsOptions>(*options.tls);
    tls->alpn = "tds/8.0";
    options.tls = tls;
    options.dial.tls = std::move(tls);
  }
  std::string instance = params.text("instance");
  if (instance.size() > kLongestInstance) {
    params.error("instance", "instance is longer than any name of an instance");
    instance.clear();
  }
  return std::make_shared<MssqlProbe>(std::move(options), std::move(instance));
}

}  // namespace

ProbeType mssql_probe_type() {
  return {.name = "mssql",
          .summary = "a SQL Server answers a pre-login",
          .transport = Transport::tcp,
          .default_port = 1433,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
