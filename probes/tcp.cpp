#include "probes/tcp.hpp"

#include <array>
#include <utility>

#include "probes/net/tcp.hpp"

namespace reachd {
namespace {

class TcpProbe final : public Probe {
 public:
  explicit TcpProbe(net::TcpOptions options) : options_(options) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    run.progress.enter(Phase::connect);
    auto connected = co_await net::connect_tcp(run.network, *run.endpoint, options_, run.deadline);
    if (!connected) {
      co_return failed(run, std::move(connected.error()));
    }
    co_return succeeded(run);
  }

 private:
  net::TcpOptions options_;
};

std::shared_ptr<const Probe> make(const Target&, Reader& params) {
  static constexpr std::array<std::pair<std::string_view, bool>, 2> kClose{
      {{"graceful", false}, {"reset", true}}};
  net::TcpOptions options;
  options.source = net::read_source(params);
  options.reset_on_close = params.choice<bool>("close", false, kClose);
  return std::make_shared<TcpProbe>(options);
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
