#include "daemon/engine/tracer.hpp"

#include <utility>

#include "probes/net/trace.hpp"

namespace reachd::engine {
namespace {

/// More than a way of 30 hops takes of which every other one is silent.
constexpr Duration kTraceTimeout = std::chrono::seconds(15);

class Tracer final : public Probe {
 public:
  explicit Tracer(net::TraceOptions options) : options_(options) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    run.progress.enter(Phase::connect);
    auto path = co_await net::trace(run.network, *run.endpoint, options_, run.deadline);
    if (!path) {
      co_return failed(run, std::move(path.error()));
    }
    Outcome outcome = succeeded(run);
    outcome.path = std::make_shared<const Path>(std::move(*path));
    co_return outcome;
  }

 private:
  const net::TraceOptions options_;
};

}  // namespace

std::shared_ptr<const Probe> make_tracer(const config::Timing& timing) {
  net::TraceOptions options;
  if (timing.per_host == 1 || timing.per_host_gap > Duration::zero()) {
    options.in_flight = 1;
    options.tries = 1;
  }
  return std::make_shared<Tracer>(options);
}

std::shared_ptr<const config::ProbeSpec> trace_spec(const config::ProbeSpec& silent,
                                                    const Endpoint& endpoint,
                                                    const MakeTracer& make) {
  auto timing = std::make_shared<config::Timing>(*silent.timing);
  timing->timeout = kTraceTimeout;
  auto spec = std::make_shared<config::ProbeSpec>();
  spec->type = silent.type;
  spec->target = silent.target;
  spec->target.literal = endpoint.address;
  spec->target.port = endpoint.port;
  spec->probe = make(*timing);
  spec->timing = std::move(timing);
  return spec;
}

}  // namespace reachd::engine
