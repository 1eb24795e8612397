#include "probes/net/dial.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "probes/net/conversation.hpp"
#include "probes/net/resolver.hpp"
#include "probes/net/revocation.hpp"

namespace reachd::net {
namespace {

/// A person waits for no more of a name's addresses than a browser would try.
constexpr std::size_t kMostAddresses = 4;

/// The addresses of `host`, without asking anybody for a literal one.
asio::awaitable<Result<std::vector<IpAddress>>> addresses_of(ProbeRun& run,
                                                             const std::string& host) {
  if (const auto literal = IpAddress::parse(host)) {
    co_return std::vector<IpAddress>{*literal};
  }
  auto found = co_await run.network.resolver.resolve(host, run.name_servers, run.deadline);
  co_return found;
}

/// The first address that takes the connection, or the failure of the last one tried that this host
/// could try: a family that it has no way to says nothing about the peer.
asio::awaitable<Result<std::unique_ptr<Stream>>> connect_any(
    ProbeRun& run, const std::vector<IpAddress>& addresses, std::uint16_t port,
    const TcpOptions& options) {
  Failure last{Reason::dns_no_data, "the name has no address", 0, std::nullopt};
  for (std::size_t i = 0; i < std::min(addresses.size(), kMostAddresses); ++i) {
    const Endpoint endpoint{addresses[i], port};
    auto stream = co_await connect_tcp(run.network, endpoint, options, run.deadline);
    if (stream || run.deadline.ended() != Deadline::Ended::no) {
      if (stream) {
        log_step(run, [&] { return "connected to " + endpoint.to_string(); });
      }
      co_return stream;
    }
    log_step(run, [&] { return stream.error().message; });
    if (i == 0 || is_local_fault(last.reason) || !is_local_fault(stream.error().reason)) {
      last = std::move(stream.error());
    }
  }
  co_return std::unexpected(std::move(last));
}

asio::awaitable<Result<std::unique_ptr<Stream>>> connect_direct(ProbeRun& run,
                                                                const DialOptions& options,
                                                                const std::string& host,
                                                                std::uint16_t port,
                                                                std::optional<Endpoint> endpoint) {
  if (endpoint) {
    run.progress.enter(Phase::connect);
    auto stream = co_await connect_tcp(run.network, *endpoint, options.tcp, run.deadline);
    if (stream) {
      log_step(run, [&] { return "connected to " + endpoint->to_string(); });
    }
    co_return stream;
  }
  run.progress.enter(Phase::resolve);
  auto addresses = co_await addresses_of(run, host);
  if (!addresses) {
    co_return std::unexpected(std::move(addresses.error()));
  }
  run.progress.enter(Phase::connect);
  auto stream = co_await connect_any(run, *addresses, port, options.tcp);
  co_return stream;
}

std::string describe_tls(const TlsFacts& facts) {
  std::string text = facts.version + ", " + facts.cipher;
  for (const CertificateFacts& certificate : facts.chain) {
    text += "; " + certificate.subject + " issued by " + certificate.issuer;
  }
  return text + (facts.judgement == Reason::ok ? "" : "; " + facts.judgement_message);
}

Failure proxy_failure(Failure failure, const ProxyOptions& proxy) {
  if (!is_local_fault(failure.reason)) {
    const std::string cause =
        failure.message.empty() ? std::string(describe(failure.reason)) : failure.message;
    failure.message = proxy.title() + " can't be reached: " + cause;
    failure.reason = Reason::proxy_unreachable;
  }
  return failure;
}

}  // namespace

TcpOptions read_tcp(Reader& params) {
  static constexpr std::array<std::pair<std::string_view, bool>, 2> kClose{
      {{"graceful", false}, {"reset", true}}};
  TcpOptions options;
  options.source = read_source(params);
  options.reset_on_close = params.choice<bool>("close", false, kClose);
  return options;
}

DialOptions read_dial(Reader& params, const Target& target) {
  DialOptions options;
  options.tcp = read_tcp(params);
  options.proxy = read_proxy(params, target);
  return options;
}

SecureDialOptions read_secure_dial(Reader& params, const Target& target, Security fallback,
                                   bool offers_starttls, TlsOptions::Verify verify) {
  static constexpr std::array<std::pair<std::string_view, Security>, 3> kWords{
      {{"none", Security::none}, {"tls", Security::tls}, {"starttls", Security::starttls}}};
  SecureDialOptions options;
  options.dial = read_dial(params, target);
  options.security = params.choice<Security>("security", fallback,
                                             std::span(kWords).first(offers_starttls ? 3 : 2));
  if (options.security != Security::none) {
    options.tls = read_tls(params, verify);
  } else if (params.has("tls")) {
    params.error("tls", "tls has no effect without security: " +
                            std::string(offers_starttls ? "tls or starttls" : "tls"));
  }
  if (options.security == Security::tls) {
    options.dial.tls = options.tls;
  }
  return options;
}

asio::awaitable<Result<std::unique_ptr<Stream>>> dial_proxy(ProbeRun& run,
                                                            const ProxyOptions& proxy,
                                                            const TcpOptions& options) {
  run.progress.enter(Phase::proxy);
  auto addresses = co_await addresses_of(run, proxy.server.host);
  if (!addresses) {
    co_return std::unexpected(proxy_failure(std::move(addresses.error()), proxy));
  }
  auto stream = co_await connect_any(run, *addresses, proxy.server.port, options);
  if (!stream) {
    co_return std::unexpected(proxy_failure(std::move(stream.error()), proxy));
  }
  co_return stream;
}

asio::awaitable<Result<Dialed>> dial(ProbeRun& run, const DialOptions& options,
                                     const std::string& host, std::uint16_t port,
                                     std::optional<Endpoint> endpoint) {
  Dialed dialed;
  if (options.proxy) {
    auto leg = co_await dial_proxy(run, *options.proxy, options.tcp);
    if (!leg) {
      co_return std::unexpected(std::move(leg.error()));
    }
    auto tunnel = co_await open_tunnel(std::move(*leg), *options.proxy, host, port, run.deadline);
    if (!tunnel) {
      co_return std::unexpected(std::move(tunnel.error()));
    }
    dialed.stream = std::move(*tunnel);
    log_step(run, [&] { return options.proxy->title() + " opened a tunnel to " + host; });
  } else {
    auto direct = co_await connect_direct(run, options, host, port, endpoint);
    if (!direct) {
      co_return std::unexpected(std::move(direct.error()));
    }
    dialed.stream = std::move(*direct);
  }
  if (options.tls) {
    auto secured = co_await upgrade(run, std::move(dialed.stream), *options.tls, host, options);
    co_return secured;
  }
  co_return dialed;
}

asio::awaitable<Result<Dialed>> upgrade(ProbeRun& run, std::unique_ptr<Stream> stream,
                                        const TlsOptions& options, const std::string& host,
                                        const DialOptions& way) {
  run.progress.enter(Phase::tls);
  auto secured = co_await start_tls(std::move(stream), options, host, run.network, run.deadline);
  if (!secured) {
    co_return std::unexpected(std::move(secured.error()));
  }
  if (secured->verified) {
    auto finding = co_await find_revocation(run, way, options, *secured->verified);
    judge_revocation(*secured->facts, std::move(finding), options);
  }
  log_step(run, [&] { return describe_tls(*secured->facts); });
  co_return Dialed{std::move(secured->stream), std::move(secured->facts)};
}

Outcome judged(const ProbeRun& run, const TlsOptions* options,
               std::shared_ptr<const TlsFacts> facts) {
  auto verdict = options != nullptr && facts ? tls_verdict(*options, *facts) : std::nullopt;
  Outcome outcome = verdict ? failed(run, std::move(*verdict)) : succeeded(run);
  if (!outcome.success()) {
    // Judged after the conversation, but it is the handshake that was bad.
    outcome.phase = Phase::tls;
    for (Attempt& attempt : outcome.attempts) {
      attempt.phase = Phase::tls;
    }
  }
  outcome.tls = std::move(facts);
  return outcome;
}

Outcome broke_off(const ProbeRun& run, const Conversation& talk, Failure failure,
                  const TlsOptions* options, std::shared_ptr<const TlsFacts> facts) {
  if (talk.client_certificate_demanded()) {
    Outcome outcome = judged(run, options, std::move(facts));
    if (outcome.success()) {
      outcome.message = "the server demands a client certificate, which proves it";
    }
    return outcome;
  }
  Outcome outcome = failed(run, std::move(failure));
  outcome.tls = std::move(facts);
  return outcome;
}

}  // namespace reachd::net
