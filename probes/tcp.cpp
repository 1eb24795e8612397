#include "probes/tcp.hpp"

#include <utility>

#include "probes/net/dial.hpp"

namespace reachd {
namespace {

class TcpProbe final : public Probe {
 public:
  explicit TcpProbe(net::DialOptions options) : options_(std::move(options)) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    if (options_.proxy) {
      const auto dialed =
          co_await net::dial(run, options_, run.target.host, run.target.port, run.endpoint);
      co_return dialed ? succeeded(run) : failed(run, dialed.error());
    }
    // Straight to the socket: most checks are of this kind.
    run.progress.enter(Phase::connect);
    const auto connected =
        co_await net::connect_tcp(run.network, *run.endpoint, options_.tcp, run.deadline);
    co_return connected ? succeeded(run) : failed(run, connected.error());
  }

  bool wants_address() const noexcept override { return options_.proxy == nullptr; }

 private:
  net::DialOptions options_;
};

std::shared_ptr<const Probe> make(const Target& target, Reader& params) {
  return std::make_shared<TcpProbe>(net::read_dial(params, target));
}

}  // namespace

ProbeType tcp_probe_type() {
  return {.name = "tcp",
          .summary = "a TCP connection can be opened",
          .transport = Transport::tcp,
          .default_port = 0,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
