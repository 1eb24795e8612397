#include "daemon/cli/last_verdicts.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <optional>

#include "probes/net/deadline.hpp"
#include "probes/net/http.hpp"
#include "probes/net/resolver.hpp"
#include "probes/net/tcp.hpp"
#include "probes/net/trust.hpp"

namespace reachd::cli {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kPatience = 1s;
constexpr std::size_t kPageRows = 1000;
/// A row with a long chain of certificates has some 10 KB.
constexpr std::size_t kPageBytes = std::size_t{32} * 1024 * 1024;

using Verdicts = std::expected<json::LastVerdicts, std::string>;

/// Where the daemon can be asked: its first address on loopback, or the loopback of an address that
/// stands for all.
std::optional<Endpoint> loopback_of(const config::Web& web) {
  for (const Target& target : web.listen) {
    if (target.host == "localhost") {
      return Endpoint{IpAddress::v4(0x7f000001), target.port};
    }
    if (target.literal && target.literal->is_loopback()) {
      return Endpoint{*target.literal, target.port};
    }
    if (target.literal && *target.literal == IpAddress::v4(0)) {
      return Endpoint{IpAddress::v4(0x7f000001), target.port};
    }
    if (target.literal && target.literal->to_string() == "::") {
      return Endpoint{*IpAddress::parse("::1"), target.port};
    }
  }
  return std::nullopt;
}

/// One page in its own connection.
asio::awaitable<std::expected<json::VerdictPage, std::string>> read_page(net::Network& network,
                                                                         Endpoint daemon,
                                                                         std::size_t offset) {
  net::Deadline deadline(network.deadlines, network.clock.steady_now() + kPatience);
  const net::TcpOptions options;
  auto stream = co_await net::connect_tcp(network, daemon, options, deadline);
  if (!stream) {
    co_return std::unexpected(stream.error().message);
  }
  net::HttpRequest request;
  request.target =
      "/api/v1/checks?limit=" + std::to_string(kPageRows) + "&offset=" + std::to_string(offset);
  request.headers.emplace_back("Host",
                               Secret(net::authority(daemon.address.to_string(), daemon.port)));
  request.headers.emplace_back("User-Agent", Secret(net::user_agent()));
  net::HttpLimits limits;
  limits.body = kPageBytes;
  auto response = co_await net::exchange(**stream, request, limits, Phase::request, deadline);
  if (!response) {
    co_return std::unexpected(response.error().message);
  }
  if (response->status != 200 || response->cut || response->body_failure) {
    co_return std::unexpected(daemon.to_string() + " answered with " + response->title() +
                              (response->status == 200 ? ", but not to its end" : ""));
  }
  co_return json::read_verdicts(response->body);
}

asio::awaitable<Verdicts> read_all(net::Network& network, Endpoint daemon, std::size_t most) {
  json::LastVerdicts verdicts;
  std::size_t offset = 0;
  while (offset < most) {
    auto page = co_await read_page(network, daemon, offset);
    if (!page) {
      co_return std::unexpected(std::move(page.error()));
    }
    verdicts.merge(page->verdicts);
    // A page that leads nowhere new ends it, whatever it says.
    if (page->next_offset.value_or(0) <= offset) {
      break;
    }
    offset = *page->next_offset;
  }
  co_return verdicts;
}

}  // namespace

std::expected<json::LastVerdicts, std::string> last_verdicts(const config::Web& web,
                                                             std::size_t most) {
  if (!web.config_file.empty()) {
    return std::unexpected("web.config_file guards the daemon's answers");
  }
  const auto daemon = loopback_of(web);
  if (!daemon) {
    return std::unexpected("web.listen has no address on loopback");
  }
  asio::io_context context(1);
  net::DeadlineQueue deadlines(context.get_executor());
  net::TrustStore trust;
  const auto resolver = net::make_resolver();
  net::Network network{.executor = context.get_executor(),
                       .deadlines = deadlines,
                       .resolver = *resolver,
                       .trust = trust,
                       .clock = system_clock()};
  Verdicts result;
  asio::co_spawn(context, read_all(network, *daemon, most),
                 [&](const std::exception_ptr& failure, Verdicts verdicts) {
                   result = failure ? std::unexpected("the daemon could not be asked")
                                    : std::move(verdicts);
                   deadlines.stop();
                 });
  context.run();
  return result;
}

}  // namespace reachd::cli
