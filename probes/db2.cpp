#include "probes/db2.hpp"

#include <memory>
#include <utility>

#include "probes/net/dial.hpp"

namespace reachd {
namespace {

using drda::Attributes;

ServiceFacts facts_of(const Attributes& attributes) {
  ServiceFacts facts;
  facts.add("class", attributes.server_class);
  facts.add("server", attributes.server);
  facts.add("release", attributes.release);
  facts.add("version", drda::release_number(attributes.release));
  facts.add("name", attributes.name);
  return facts;
}

class Db2Probe final : public Probe {
 public:
  explicit Db2Probe(net::SecureDialOptions options) : options_(std::move(options)) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    auto dialed =
        co_await net::dial(run, options_.dial, run.target.host, run.target.port, run.endpoint);
    if (!dialed) {
      co_return failed(run, std::move(dialed.error()));
    }
    run.progress.enter(Phase::request);
    net::Conversation talk(*dialed->stream, run.deadline, "DRDA");
    const std::vector<std::byte> request = drda::build_excsat();
    const auto message = co_await talk.ask(request, &drda::frame_reply);
    if (!message) {
      co_return net::broke_off(run, talk, message.error(), options_.tls.get(), dialed->tls);
    }
    const auto attributes = drda::parse_reply(*message);
    if (!attributes) {
      co_return net::broke_off(run, talk, talk.mismatch("a malformed reply", *message),
                               options_.tls.get(), dialed->tls);
    }
    co_await dialed->stream->finish();
    co_return judged(run, *attributes, dialed->tls);
  }

  bool wants_address() const noexcept override { return options_.dial.proxy == nullptr; }

 private:
  Outcome judged(const ProbeRun& run, const Attributes& attributes,
                 const std::shared_ptr<const TlsFacts>& tls) const {
    Outcome outcome = net::judged(run, options_.tls.get(), tls);
    if (drda::is_answer(attributes)) {
      outcome.facts = std::make_shared<const Facts>(facts_of(attributes));
    }
    if (outcome.success()) {
      outcome.degraded = !drda::is_answer(attributes);
      outcome.message =
          outcome.degraded
              ? "the DRDA server turns us away with " + drda::code_point_name(attributes.code_point)
              : "DRDA server " + attributes.server_class +
                    (attributes.release.empty() ? "" : ", release " + attributes.release);
    }
    return outcome;
  }

  net::SecureDialOptions options_;
};

std::shared_ptr<const Probe> make(const Target& target, Reader& params) {
  return std::make_shared<Db2Probe>(net::read_secure_dial(params, target, net::Security::none,
                                                          false, net::TlsOptions::Verify::strict));
}

}  // namespace

ProbeType db2_probe_type() {
  return {.name = "db2",
          .summary = "a DB2 or other DRDA server exchanges attributes",
          .transport = Transport::tcp,
          .default_port = 50000,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
