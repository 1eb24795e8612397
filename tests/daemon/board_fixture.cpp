#include "tests/daemon/board_fixture.hpp"

#include <utility>

namespace reachd::test {
namespace {

using namespace std::chrono_literals;

constexpr ProbeType kTcp{.name = "tcp",
                         .summary = "opens a connection",
                         .transport = Transport::tcp,
                         .default_port = 0,
                         .needs_port = true,
                         .make = nullptr};
constexpr ProbeType kHttp{.name = "http",
                          .summary = "asks a web server",
                          .transport = Transport::tcp,
                          .default_port = 80,
                          .needs_port = true,
                          .make = nullptr};
constexpr ProbeType kIcmp{.name = "icmp",
                          .summary = "sends echo requests",
                          .transport = Transport::icmp,
                          .default_port = 0,
                          .needs_port = false,
                          .make = nullptr};

/// Nothing is probed here.
class NoProbe final : public Probe {
 public:
  boost::asio::awaitable<Outcome> run(ProbeRun) const override { co_return Outcome{}; }
};

config::ProbeSpec spec(const ProbeType& type, const std::string& host, std::uint16_t port,
                       std::shared_ptr<const config::Timing> timing) {
  config::ProbeSpec result;
  result.type = &type;
  result.target.host = host;
  result.target.port = port;
  result.target.text = port == 0 ? host : host + ":" + std::to_string(port);
  result.timing = std::move(timing);
  result.probe = std::make_shared<const NoProbe>();
  return result;
}

WallTime at(std::chrono::seconds seconds) { return WallTime(seconds); }

Attempt attempt(const char* address, std::uint16_t port) {
  Attempt result;
  result.endpoint = Endpoint{.address = IpAddress::parse(address).value(), .port = port};
  result.duration = 1234us;
  return result;
}

Outcome up_outcome() {
  Outcome outcome;
  outcome.time = at(1'700'000'100s);
  outcome.timings[Phase::resolve] = 250us;
  outcome.timings[Phase::connect] = 1234us;
  outcome.timings[Phase::tls] = 12500us;
  outcome.timings.total = 13984us;
  outcome.degraded = true;
  outcome.attempts = {attempt("192.0.2.1", 443), attempt("2001:db8::1", 443)};
  outcome.attempts[1].reason = Reason::admin_prohibited;
  outcome.attempts[1].phase = Phase::connect;
  outcome.attempts[1].error_number = 113;
  outcome.attempts[1].offender = IpAddress::parse("192.0.2.254");
  auto tls = std::make_shared<TlsFacts>();
  tls->version = "TLSv1.3";
  tls->cipher = "TLS_AES_256_GCM_SHA384";
  tls->chain.resize(2);
  tls->chain[0] = {.subject = "CN=beacon.example.com",
                   .issuer = "CN=Lab",
                   .names = {"beacon.example.com"},
                   .not_before = at(1'690'000'000s),
                   .not_after = at(1'800'000'000s),
                   .fingerprint_sha256 = "ab",
                   .ocsp_urls = {"http://ocsp.example.com/"}};
  tls->chain[1] = {.subject = "CN=Lab",
                   .issuer = "CN=Lab",
                   .names = {},
                   .not_before = at(1'690'000'000s),
                   .not_after = at(1'790'000'000s),
                   .fingerprint_sha256 = "cd"};
  tls->revocation = {.status = RevocationStatus::revoked,
                     .source = RevocationSource::crl,
                     .subject = "CN=Lab",
                     .message = "CN=Lab was revoked",
                     .until = at(1'700'100'000s)};
  outcome.tls = std::move(tls);
  return outcome;
}

Outcome down_outcome() {
  Outcome outcome;
  outcome.time = at(1'700'000'101s);
  outcome.reason = Reason::http_status;
  outcome.phase = Phase::request;
  outcome.message = "the server answered 404";
  outcome.timings[Phase::connect] = 2ms;
  outcome.timings[Phase::request] = 40ms;
  outcome.timings.total = 42ms;
  outcome.attempts = {attempt("192.0.2.7", 80)};
  outcome.attempts[0].reason = Reason::http_status;
  outcome.attempts[0].phase = Phase::request;
  HttpFacts http;
  http.status = 404;
  http.version = "HTTP/1.1";
  http.body_bytes = 12;
  http.final_url = "http://web.example.com/";
  http.clock_offset = -1500ms;
  outcome.facts = std::make_shared<Facts>(http);
  return outcome;
}

}  // namespace

config::Plan small_plan() {
  const auto timing = std::make_shared<const config::Timing>();
  const auto requirement = [] {
    auto made = std::make_shared<config::Requirement>();
    made->id = "flexera.3.batch-server";
    made->product = "flexera-beacon";
    made->ref = "3";
    made->purpose = "Uploads to the batch server";
    made->transport = Transport::tcp;
    made->port = "443";
    made->necessity = config::Necessity::required;
    made->evidence = config::Evidence::vendor;
    made->sources = {"vendor port list"};
    return made;
  }();
  config::Plan plan;
  plan.vantage = "beacon-1";
  plan.probes = {spec(kTcp, "beacon.example.com", 443, timing),
                 spec(kHttp, "web.example.com", 80, timing), spec(kIcmp, "10.0.0.1", 0, timing)};
  plan.checks.resize(3);
  config::Check& batch = plan.checks[0];
  batch.id = "flexera.3.batch-server/beacon.example.com";
  batch.name = "Batch server";
  batch.requirement = requirement;
  batch.product = std::make_shared<const std::string>("flexera-beacon");
  batch.evidence = config::Evidence::vendor;
  batch.labels = std::make_shared<const config::Labels>(
      config::Labels{{"site", "ams"}, {"odd", "a \"quoted\" \\ value\nof two lines"}});
  config::Check& web = plan.checks[1];
  web.id = "custom/web";
  web.name = "web";
  web.probe = 1;
  web.device = "rack-a";
  web.device_type = std::make_shared<const std::string>("thinksystem");
  web.depends_on = {batch.id};
  config::Check& gateway = plan.checks[2];
  gateway.id = "custom/gateway";
  gateway.name = "gateway";
  gateway.probe = 2;
  gateway.necessity = config::Necessity::optional;
  web.product = gateway.product = std::make_shared<const std::string>("custom");
  for (config::Check& check : plan.checks) {
    check.timing = timing;
  }
  return plan;
}

std::shared_ptr<engine::Board> small_board() {
  auto board = std::make_shared<engine::Board>(std::make_shared<const config::Plan>(small_plan()));
  board->update(0, [](engine::CheckStatus& status) {
    status.verdict = engine::Verdict::degraded;
    status.has_been_up = true;
    status.observed = true;
    status.last_change = at(1'700'000'000s) + 250ms;
    status.last = std::make_shared<const Outcome>(up_outcome());
    status.probes = 12;
    status.failures = 2;
    status.results = {{Reason::ok, 10}, {Reason::timeout, 2}};
  });
  board->update(1, [](engine::CheckStatus& status) {
    status.verdict = engine::Verdict::down;
    status.observed = true;
    status.last_change = at(1'700'000'050s);
    status.last = std::make_shared<const Outcome>(down_outcome());
    status.probes = 3;
    status.failures = 3;
    status.results = {{Reason::http_status, 3}};
  });
  board->update(2, [](engine::CheckStatus& status) {
    status.last_change = at(1'700'000'000s);
    status.modifiers.maintenance = true;
  });
  return board;
}

std::shared_ptr<engine::Board> large_board(std::size_t checks, Names names) {
  const auto timing = std::make_shared<const config::Timing>();
  const auto product = std::make_shared<const std::string>("flexera-beacon");
  const auto labels = std::make_shared<const config::Labels>(config::Labels{{"site", "ams"}});
  auto requirement = std::make_shared<config::Requirement>(*small_plan().checks[0].requirement);
  auto plan = std::make_shared<config::Plan>();
  plan->vantage = "beacon-1";
  plan->probes.reserve(checks);
  plan->checks.resize(checks);
  for (std::size_t index = 0; index < checks; ++index) {
    const std::string number = std::to_string(index);
    const bool brief = names == Names::brief;
    const std::string host = brief ? "127.0.0.1" : "host-" + number + ".example.com";
    plan->probes.push_back(spec(kTcp, host, brief ? 8080 : 443, timing));
    config::Check& check = plan->checks[index];
    check.id = brief ? "custom/c" + number : "flexera.3.batch-server/" + host;
    check.name = brief ? "c" + number : "Batch server " + host;
    check.product = product;
    check.probe = static_cast<std::uint32_t>(index);
    check.timing = timing;
    if (!brief) {
      check.requirement = requirement;
      check.labels = labels;
      check.evidence = config::Evidence::vendor;
    }
  }
  auto board = std::make_shared<engine::Board>(plan);
  for (std::size_t index = 0; index < checks; ++index) {
    Outcome outcome;
    outcome.time = at(1'700'000'000s);
    // Times differ from check to check as real ones do, so that compression is not flattered.
    outcome.timings[Phase::resolve] = Duration(100'000 + index * 7'919 % 900'000);
    outcome.timings[Phase::connect] = Duration(1'000'000 + index * 104'729 % 9'000'000);
    outcome.timings.total = Duration(2'000'000 + index * 15'485'863 % 9'000'000);
    outcome.attempts = {attempt("192.0.2.1", 443)};
    board->update(index, [&](engine::CheckStatus& status) {
      status.verdict = engine::Verdict::up;
      status.has_been_up = status.observed = true;
      status.last_change = at(1'700'000'000s) + std::chrono::milliseconds(index * 2'741 % 30'000);
      status.last = std::make_shared<const Outcome>(std::move(outcome));
      status.probes = 1'000 + index % 3;
      status.failures = index % 5;
      status.results = {{Reason::ok, 1'000 + index % 3 - index % 5}, {Reason::timeout, index % 5}};
    });
  }
  return board;
}

}  // namespace reachd::test
