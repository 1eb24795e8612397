#include "probes/tcp.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "probes/net/connect.hpp"
#include "probes/net/dial.hpp"
#include "probes/tcp_dialogue.hpp"

namespace reachd {
namespace {

class TcpProbe final : public Probe {
 public:
  explicit TcpProbe(net::DialOptions options) : options_(std::move(options)) {}

  // Two coroutines, so that the frame of the usual one stays small.
  asio::awaitable<Outcome> run(ProbeRun run) const override {
    return options_.proxy ? dial(run) : connect(run);
  }

  bool wants_address() const noexcept override { return options_.proxy == nullptr; }

 private:
  asio::awaitable<Outcome> dial(ProbeRun run) const {
    const auto dialed =
        co_await net::dial(run, options_, run.target.host, run.target.port, run.endpoint);
    co_return dialed ? succeeded(run) : failed(run, dialed.error());
  }

  asio::awaitable<Outcome> connect(ProbeRun run) const {
    // No stream: most checks are of this kind, and none of its comforts is used.
    run.progress.enter(Phase::connect);
    net::Connect connect(run.network.executor, *run.endpoint, options_.tcp.source, run.deadline);
    if (connect.pending()) {
      co_await connect.end();
    }
    net::Result<net::ConnectedSocket> socket = connect.result();
    if (!socket) {
      co_return failed(run, std::move(socket.error()));
    }
    if (options_.tcp.reset_on_close) {
      socket->reset_on_close();
    }
    co_return succeeded(run);
  }

  net::DialOptions options_;
};

std::shared_ptr<const Probe> make(const Target& target, Reader& params) {
  std::vector<tcp::Step> steps = tcp::read_steps(params);
  net::SecureDialOptions options;
  if (std::ranges::any_of(steps, &tcp::Step::starttls)) {
    options.dial = net::read_dial(params, target);
    options.tls = net::read_tls(params, net::TlsOptions::Verify::strict);
    if (params.has("security")) {
      params.error("security", "security and a step starttls are one too many");
    }
  } else {
    options = net::read_secure_dial(params, target, net::Security::none,
                                    /*offers_starttls=*/false, net::TlsOptions::Verify::strict);
  }
  if (steps.empty() && options.security == net::Security::none) {
    return std::make_shared<TcpProbe>(std::move(options.dial));
  }
  return make_tcp_dialogue(std::move(options), std::move(steps));
}

}  // namespace

ProbeType tcp_probe_type() {
  return {.name = "tcp",
          .summary = "a TCP connection can be opened, and what is sent is answered as expected",
          .transport = Transport::tcp,
          .default_port = 0,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
