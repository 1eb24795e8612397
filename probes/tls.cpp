#include "probes/tls.hpp"

#include <utility>

#include "probes/net/dial.hpp"

namespace reachd {
namespace {

class TlsProbe final : public Probe {
 public:
  explicit TlsProbe(net::DialOptions options) : options_(std::move(options)) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    const auto dialed =
        co_await net::dial(run, options_, run.target.host, run.target.port, run.endpoint);
    if (!dialed) {
      co_return failed(run, dialed.error());
    }
    Outcome outcome = net::judged(run, options_.tls.get(), dialed->tls);
    if (outcome.success()) {
      outcome.message =
          dialed->tls->version + ", " + dialed->tls->cipher +
          (dialed->tls->client_certificate_asked ? "; the server asks for a client certificate"
                                                 : "");
    }
    co_return outcome;
  }

  bool wants_address() const noexcept override { return options_.proxy == nullptr; }

 private:
  net::DialOptions options_;
};

std::shared_ptr<const Probe> make(const Target& target, Reader& params) {
  net::DialOptions options = net::read_dial(params, target);
  options.tls = net::read_tls(params, net::TlsOptions::Verify::strict);
  return std::make_shared<TlsProbe>(std::move(options));
}

}  // namespace

ProbeType tls_probe_type() {
  return {.name = "tls",
          .summary = "a TLS handshake completes and the certificate chain is good",
          .transport = Transport::tcp,
          .default_port = 443,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
