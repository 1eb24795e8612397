#include "daemon/blackbox/service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/blackbox/blackbox_lab.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/ports.hpp"

namespace reachd::blackbox {
namespace {

using config::blackbox::Module;
using testing::HasSubstr;
using web::Response;

Module named(std::string name, config::blackbox::Prober prober = config::blackbox::Prober::tcp) {
  Module module;
  module.name = std::move(name);
  module.prober = prober;
  module.text = "prober: tcp\n";
  return module;
}

/// The service with some modules, asked without a server around it.
struct ServiceLab : test::BlackboxLab {
  ServiceLab() {
    allow_all();
    modules.modules = {named("http_2xx", config::blackbox::Prober::http), named("tcp_connect")};
    modules.refused = {{.name = "websocket",
                        .reasons = {{.place = {}, .message = "module websocket: no such prober"}}}};
  }

  void configure() {
    current.set(
        std::make_shared<const Configuration>(Configuration{.modules = modules, .allow = allowed}));
  }

  Response ask(std::vector<std::pair<std::string, std::string>> query,
               std::string scrape_timeout = {}) {
    if (!service) {
      service = make_service(context.get_executor(),
                             {.current = current,
                              .counters = counters,
                              .resolver = resolver,
                              .trust = trust,
                              .clock = system_clock()},
                             most_in_flight);
    }
    web::Request request;
    request.query = std::move(query);
    request.scrape_timeout = std::move(scrape_timeout);
    return test::run(context, service->probe(request, client));
  }

  config::blackbox::Modules modules;
  Current current;
  std::size_t most_in_flight = 512;
  Counters counters;
  std::unique_ptr<web::Prober> service;
  web::Client client;
};

TEST(ProbeService, SwitchedOffItSaysHowToSwitchItOn) {
  ServiceLab lab;
  const Response response = lab.ask({{"target", "127.0.0.1:1"}});
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(response.text, HasSubstr("probe_modules_file"));
}

TEST(ProbeService, ItAnswersWithTheSamplesOfTheProbe) {
  ServiceLab lab;
  lab.configure();
  const test::LoopbackServer server(lab.context, test::mute());
  const Response response = lab.ask({{"module", "tcp_connect"}, {"target", server.target()}}, "10");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  for (const char* name :
       {"probe_dns_lookup_time_seconds", "probe_duration_seconds", "probe_failed_due_to_bytes 0",
        "probe_failed_due_to_regex 0", "probe_ip_addr_hash 3.668918509e+09", "probe_ip_protocol 4",
        "probe_success 1", "probe_timeout_seconds 9.5"}) {
    EXPECT_THAT(response.text, HasSubstr("\n" + std::string(name)));
  }
  EXPECT_EQ(lab.counters.requests(Outcome::success), 1);
}

TEST(ProbeService, AFailureIsAnAnswerToo) {
  ServiceLab lab;
  lab.configure();
  const test::ClosedPort closed(lab.context);
  const Response response =
      lab.ask({{"module", "tcp_connect"}, {"target", closed.endpoint().to_string()}});
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.text, HasSubstr("probe_success 0\n"));
  EXPECT_EQ(lab.counters.requests(Outcome::failure), 1);
}

TEST(ProbeService, TheChecksComeInTheOrderOfTheExporter) {
  ServiceLab lab;
  lab.configure();
  // The module is judged before the time limit, and that before the target.
  Response response = lab.ask({{"module", "nope"}}, "abc");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.text, "Unknown module \"nope\"\n");
  EXPECT_EQ(lab.counters.requests(Outcome::unknown_module), 1);
  response = lab.ask({{"module", "tcp_connect"}}, "abc");
  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.text, HasSubstr("Failed to parse timeout from Prometheus header: "));
  response = lab.ask({{"module", "tcp_connect"}}, "5");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.text, "Target parameter is missing\n");
  EXPECT_EQ(lab.counters.requests(Outcome::bad_request), 2);
}

TEST(ProbeService, AModuleThatCantBeHonouredSaysWhy) {
  ServiceLab lab;
  lab.configure();
  const Response response = lab.ask({{"module", "websocket"}, {"target", "a:1"}});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.text, "module websocket: no such prober\n");
}

TEST(ProbeService, WithoutAModuleItIsHttp2xx) {
  ServiceLab lab;
  lab.modules.modules.erase(lab.modules.modules.begin());
  lab.configure();
  EXPECT_EQ(lab.ask({{"target", "a:1"}}).text, "Unknown module \"http_2xx\"\n");
}

TEST(ProbeService, ATargetIsTakenOutOfItsEncodingOnceMore) {
  ServiceLab lab;
  lab.configure();
  const test::LoopbackServer server(lab.context, test::mute());
  const std::string encoded = "127.0.0.1%3A" + std::to_string(server.port());
  EXPECT_THAT(lab.ask({{"module", "tcp_connect"}, {"target", encoded}}).text,
              HasSubstr("probe_success 1\n"));
}

TEST(ProbeService, WhatIsNotAllowedIsForbiddenAndHasNoSamples) {
  ServiceLab lab;
  lab.allow({{"cidr", "192.0.2.0/24"}});
  lab.configure();
  const Response response = lab.ask({{"module", "tcp_connect"}, {"target", "127.0.0.1:22"}});
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.text,
            "127.0.0.1:22 may not be probed with module tcp_connect: no entry of probe_allow in "
            "reachd's configuration allows it.\n");
  EXPECT_EQ(lab.counters.requests(Outcome::refused), 1);
}

TEST(ProbeService, DebugShowsTheStepsTheMetricsAndTheModule) {
  ServiceLab lab;
  lab.configure();
  const test::ClosedPort closed(lab.context);
  const Response response = lab.ask(
      {{"module", "tcp_connect"}, {"target", closed.endpoint().to_string()}, {"debug", "true"}});
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.text.starts_with("Logs for the probe:\n"));
  EXPECT_THAT(response.text, HasSubstr("refused"));
  EXPECT_THAT(response.text, HasSubstr("\n\n\nMetrics that would have been returned:\n# HELP"));
  EXPECT_THAT(response.text, HasSubstr("\n\n\nModule configuration:\nprober: tcp\n"));
}

TEST(ProbeService, DebugKeepsNoMoreThanIsBearable) {
  ServiceLab lab;
  lab.modules.modules[1].timeout = std::chrono::milliseconds(500);
  lab.modules.modules[1].tcp.query_response.resize(2);
  lab.modules.modules[1].tcp.query_response[0].send = "go\r\n\r";
  lab.modules.modules[1].tcp.query_response[1].expect = *Pattern::compile("never");
  lab.configure();
  const test::LoopbackServer server(lab.context, test::flood("", std::string(4096, '\n')));
  const Response response =
      lab.ask({{"module", "tcp_connect"}, {"target", server.target()}, {"debug", "true"}});
  EXPECT_THAT(response.text, HasSubstr("and more, which is not kept\n"));
  EXPECT_LT(response.text.size(), std::size_t{300} * 1024);
}

TEST(ProbeService, WithoutTimeTheProbeFailsAtOnce) {
  ServiceLab lab;
  lab.configure();
  const test::LoopbackServer server(lab.context, test::mute());
  // Half a second is taken off, and the module has no limit of its own.
  const Response response =
      lab.ask({{"module", "tcp_connect"}, {"target", server.target()}}, "0.25");
  EXPECT_THAT(response.text, HasSubstr("probe_success 0\n"));
  EXPECT_THAT(response.text, HasSubstr("probe_timeout_seconds 0\n"));
}

TEST(ProbeService, AProbeEndsWhenItsTimeDoes) {
  ServiceLab lab;
  lab.modules.modules[1].tcp.query_response.emplace_back().expect_bytes = "never";
  lab.modules.modules[1].timeout = std::chrono::milliseconds(50);
  lab.configure();
  const test::LoopbackServer server(lab.context, test::mute());
  const Response response = lab.ask({{"module", "tcp_connect"}, {"target", server.target()}});
  EXPECT_THAT(response.text, HasSubstr("probe_success 0\n"));
  EXPECT_THAT(response.text, HasSubstr("probe_timeout_seconds 0.05\n"));
}

TEST(ProbeService, MoreThanMayBeInFlightAreTurnedAway) {
  ServiceLab lab;
  lab.most_in_flight = 0;
  lab.configure();
  EXPECT_EQ(lab.ask({{"module", "tcp_connect"}, {"target", "127.0.0.1:1"}}).status, 503);
  EXPECT_EQ(lab.counters.requests(Outcome::busy), 1);
}

TEST(ProbeService, AProbeEndsWhenItsClientGoes) {
  ServiceLab lab;
  lab.modules.modules[1].tcp.query_response.emplace_back().expect_bytes = "never";
  lab.configure();
  const test::Script script = [&](test::Peer& peer) -> asio::awaitable<void> {
    lab.client.gone();
    co_await peer.wait_until_closed();
  };
  const test::LoopbackServer server(lab.context, script);
  EXPECT_THAT(lab.ask({{"module", "tcp_connect"}, {"target", server.target()}}).text,
              HasSubstr("probe_success 0\n"));
}

TEST(ProbeService, ItsCountersAreInTheScrape) {
  Counters counters;
  counters.count(Outcome::success);
  counters.begun();
  std::string text;
  counters.render(text, metrics::Format::text);
  EXPECT_THAT(text, HasSubstr("reachd_probe_requests_total{outcome=\"success\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("reachd_probe_requests_total{outcome=\"busy\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("reachd_probe_requests_in_flight 1\n"));
}

TEST(ProbeService, AReloadChangesWhatTheNextRequestMeets) {
  ServiceLab lab;
  lab.configure();
  EXPECT_EQ(lab.ask({{"module", "later"}, {"target", "127.0.0.1:1"}}).status, 400);
  lab.modules.modules.insert(lab.modules.modules.begin() + 1, named("later"));
  lab.configure();
  EXPECT_EQ(lab.ask({{"module", "later"}, {"target", "127.0.0.1:1"}}).status, 200);
  lab.current.set(nullptr);
  EXPECT_EQ(lab.ask({{"module", "later"}, {"target", "127.0.0.1:1"}}).status, 404);
}

struct LimitCase {
  const char* header;
  double module_seconds;
  double limit;  ///< negative: an error
};

TEST(ProbeService, TheTimeLimitIsReckonedAsTheExporterDoes) {
  constexpr LimitCase kCases[] = {
      {"", 0, 119.5},  {"0", 0, 119.5}, {"10", 0, 9.5},  {"10", 5, 5},   {"10", 9.5, 9.5},
      {"10", 60, 9.5}, {"0.25", 0, 0},  {"0.25", 3, 3},  {"0.5", 0, 0},  {"0.5", 3, 0},
      {"-3", 2, 2},    {"+7", 0, 6.5},  {"1e1", 0, 9.5}, {"inf", 5, 5},  {"", 3, 3},
      {"abc", 0, -1},  {"10s", 0, -1},  {"nan", 0, -1},  {" 10", 0, -1}, {"1e999", 0, -1},
  };
  for (const LimitCase& a_case : kCases) {
    const auto own = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(a_case.module_seconds));
    const auto limit = time_limit(a_case.header, own);
    if (a_case.limit < 0) {
      EXPECT_FALSE(limit) << a_case.header;
    } else {
      ASSERT_TRUE(limit) << a_case.header << ": " << limit.error();
      EXPECT_DOUBLE_EQ(*limit, a_case.limit) << a_case.header << " and " << a_case.module_seconds;
    }
  }
}

}  // namespace
}  // namespace reachd::blackbox
