#include "daemon/alert/reach.hpp"

#include <algorithm>
#include <utility>

#include "probes/net/resolver.hpp"

namespace reachd::alert {
namespace {

constexpr std::size_t kMostAddresses = 4;

TimePoint end_of_turn(const SinkRun& run, std::size_t addresses_left) {
  const TimePoint now = run.network.clock.steady_now();
  const Duration left = std::max(run.deadline.expiry() - now, Duration::zero());
  return now + left / static_cast<Duration::rep>(std::max<std::size_t>(addresses_left, 1));
}

}  // namespace

asio::awaitable<std::expected<std::vector<Endpoint>, std::string>> endpoints_of(
    const SinkRun& run, const Target& target) {
  std::vector<Endpoint> endpoints;
  if (target.literal) {
    endpoints.push_back({*target.literal, target.port});
    co_return endpoints;
  }
  const std::span<const Endpoint> system;
  const auto found = co_await run.network.resolver.resolve(target.host, system, run.deadline);
  if (!found) {
    co_return std::unexpected(sentence(found.error()));
  }
  for (const IpAddress& address : *found) {
    if (endpoints.size() < kMostAddresses) {
      endpoints.push_back({address, target.port});
    }
  }
  if (endpoints.empty()) {
    co_return std::unexpected(target.host + " has no address");
  }
  co_return endpoints;
}

Turn::Turn(const SinkRun& run, std::size_t addresses_left)
    : whole_(run.deadline),
      deadline_(run.network.deadlines, end_of_turn(run, addresses_left)),
      watch_(run.deadline.watch(*this)) {}

void Turn::abort() noexcept {
  // Its own end is not later than the whole's, and says that it was too slow.
  if (whole_.ended() == net::Deadline::Ended::stopped) {
    deadline_.stop();
  }
}

std::string sentence(const Failure& failure) {
  return failure.message.empty() ? std::string(describe(failure.reason)) : failure.message;
}

std::string distrust(const net::TlsOptions* options, const net::Dialed& dialed) {
  if (options == nullptr || !dialed.tls) {
    return {};
  }
  const auto verdict = net::tls_verdict(*options, *dialed.tls);
  return verdict ? sentence(*verdict) : std::string();
}

std::shared_ptr<const net::TlsOptions> read_sink_tls(Reader& params) {
  auto options = net::read_tls(params, net::TlsOptions::Verify::strict);
  const Value* map = params.raw("tls");
  if (map != nullptr && map->find("revocation") != nullptr) {
    return options;
  }
  auto unasked = std::make_shared<net::TlsOptions>(*options);
  unasked->revocation = net::TlsOptions::Revocation::off;
  return unasked;
}

std::vector<Receipt> receipts(std::size_t count, Receipt::How how, std::string why) {
  return std::vector<Receipt>(count, Receipt{how, std::move(why)});
}

}  // namespace reachd::alert
