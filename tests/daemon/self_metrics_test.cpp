#include "daemon/metrics/self_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "daemon/metrics/process.hpp"
#include "tests/daemon/board_fixture.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using metrics::Format;
using metrics::read_process_facts;
using testing::HasSubstr;
using testing::Not;

constexpr std::array<ProbeType, 2> kTypes = {
    ProbeType{"tcp", "", Transport::tcp, 0, true, nullptr},
    ProbeType{"icmp", "", Transport::icmp, 0, false, nullptr}};

std::unique_ptr<metrics::SelfMetrics> make() {
  BuildFacts build;
  build.version = "1.2.3";
  build.commit = "abc";
  build.compiler = "clang";
  return metrics::make_self_metrics(build, kTypes);
}

std::string rendered(metrics::SelfMetrics& metrics, Format format = Format::text) {
  return metrics.render(format, "here", {1, 2, 0, 3}, 7);
}

TEST(SelfMetrics, HasTheFamiliesOfTheContract) {
  const auto metrics = make();
  metrics->config_read(true, WallTime(1'700'000'000s + 250ms));
  const std::string text = rendered(*metrics);
  EXPECT_THAT(text, HasSubstr("reachd_build_info{compiler=\"clang\",revision=\"abc\","
                              "version=\"1.2.3\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nreachd_vantage_info{vantage=\"here\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nreachd_checks{state=\"down\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("\nreachd_probes_in_flight 7\n"));
  EXPECT_THAT(text, HasSubstr("\nreachd_config_last_reload_successful 1\n"));
  EXPECT_THAT(text,
              HasSubstr("\nreachd_config_last_reload_success_timestamp_seconds 1700000000.25\n"));
  EXPECT_THAT(text, HasSubstr("\nreachd_probes_skipped_total{cause=\"overlap\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("\nreachd_events_total{kind=\"check.down\"} 0\n"));
}

TEST(SelfMetrics, ProbesFillBothHistograms) {
  const auto metrics = make();
  Outcome outcome;
  outcome.timings.total = 3ms;
  metrics->on_probe(kTypes[0], outcome, 700us);
  const std::string text = rendered(*metrics);
  EXPECT_THAT(text,
              HasSubstr("reachd_probe_duration_seconds_bucket{probe=\"tcp\",le=\"0.0025\"} 0\n"
                        "reachd_probe_duration_seconds_bucket{probe=\"tcp\",le=\"0.005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("reachd_probe_duration_seconds_sum{probe=\"tcp\"} 0.003\n"));
  EXPECT_THAT(text, HasSubstr("reachd_probe_duration_seconds_count{probe=\"icmp\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("reachd_schedule_lag_seconds_bucket{le=\"0.0005\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("reachd_schedule_lag_seconds_bucket{le=\"+Inf\"} 1\n"));
}

TEST(SelfMetrics, CountsSkipsAndEvents) {
  const auto metrics = make();
  metrics->on_skip(engine::Skip::descriptors, 3);
  metrics->count_event("check.down");
  metrics->count_event("config.reloaded");
  metrics->count_event("no such kind");
  const std::string text = rendered(*metrics);
  EXPECT_THAT(text, HasSubstr("reachd_probes_skipped_total{cause=\"descriptors\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("reachd_events_total{kind=\"check.down\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("reachd_events_total{kind=\"config.reloaded\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("no such kind")));
}

TEST(SelfMetrics, AChangeCountsOnceItIsAnEvent) {
  const auto metrics = make();
  engine::CheckStatus status;
  status.verdict = engine::Verdict::down;
  metrics->on_change(test::small_plan().checks[0], engine::Verdict::up, status);
  EXPECT_THAT(rendered(*metrics), HasSubstr("reachd_events_total{kind=\"check.down\"} 0\n"));
}

TEST(SelfMetrics, ASinkHasAllItsSeriesFromItsFirstNumber) {
  const auto metrics = make();
  EXPECT_THAT(rendered(*metrics), Not(HasSubstr("reachd_outbox_pending")));
  metrics->set_pending("am", 3, 1500ms);
  metrics->count_delivery("hook", "failed", 2);
  metrics->count_delivery("hook", "no such outcome", 2);
  const std::string text = rendered(*metrics);
  EXPECT_THAT(text, HasSubstr("reachd_outbox_pending{sink=\"am\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("reachd_outbox_oldest_seconds{sink=\"am\"} 1.5\n"));
  EXPECT_THAT(text, HasSubstr("reachd_deliveries_total{outcome=\"delivered\",sink=\"am\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("reachd_deliveries_total{outcome=\"dropped\",sink=\"hook\"} 0\n"
                              "reachd_deliveries_total{outcome=\"failed\",sink=\"am\"} 0\n"
                              "reachd_deliveries_total{outcome=\"failed\",sink=\"hook\"} 2\n"));
  EXPECT_THAT(text, Not(HasSubstr("no such outcome")));
}

TEST(SelfMetrics, ASinkThatIsGoneLeavesNoSeriesAndBeginsAnewIfItComesBack) {
  const auto metrics = make();
  metrics->count_delivery("am", "delivered", 5);
  metrics->set_pending("hook", 1, 0ms);
  metrics->forget_sink("am");
  metrics->forget_sink("nobody");
  std::string text = rendered(*metrics);
  EXPECT_THAT(text, Not(HasSubstr("sink=\"am\"")));
  EXPECT_THAT(text, HasSubstr("reachd_outbox_pending{sink=\"hook\"} 1\n"));
  metrics->count_delivery("am", "delivered", 1);
  EXPECT_THAT(rendered(*metrics),
              HasSubstr("reachd_deliveries_total{outcome=\"delivered\",sink=\"am\"} 1\n"));
}

TEST(SelfMetrics, JournalErrorsCountFromZero) {
  const auto metrics = make();
  EXPECT_THAT(rendered(*metrics), HasSubstr("\nreachd_journal_errors_total 0\n"));
  metrics->count_journal_error();
  EXPECT_THAT(rendered(*metrics), HasSubstr("\nreachd_journal_errors_total 1\n"));
}

TEST(SelfMetrics, AFailedReloadKeepsTheTimeOfTheLastGoodOne) {
  const auto metrics = make();
  metrics->config_read(true, WallTime(100s));
  metrics->config_read(false, WallTime(200s));
  const std::string text = rendered(*metrics);
  EXPECT_THAT(text, HasSubstr("reachd_config_last_reload_successful 0\n"));
  EXPECT_THAT(text, HasSubstr("reachd_config_last_reload_success_timestamp_seconds 100\n"));
}

TEST(SelfMetrics, ARenamedVantageLeavesNoSeriesBehind) {
  const auto metrics = make();
  rendered(*metrics);
  const std::string text = metrics->render(Format::text, "elsewhere", {}, 0);
  EXPECT_THAT(text, HasSubstr("reachd_vantage_info{vantage=\"elsewhere\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("vantage=\"here\"")));
}

TEST(SelfMetrics, KnowsItsProcess) {
  const auto metrics = make();
  const std::string text = rendered(*metrics);
  for (const char* name :
       {"process_cpu_seconds_total", "process_resident_memory_bytes",
        "process_virtual_memory_bytes", "process_open_fds", "process_start_time_seconds"}) {
    EXPECT_THAT(text, HasSubstr("\n" + std::string(name) + " ")) << name;
  }
  // Windows has no such limit.
  const bool limited = read_process_facts().max_descriptors.has_value();
  EXPECT_EQ(text.contains("\nprocess_max_fds "), limited);
}

TEST(SelfMetrics, OpenMetricsNamesCountersAndBoundsItsOwnWay) {
  const auto metrics = make();
  const std::string text = rendered(*metrics, Format::openmetrics);
  EXPECT_THAT(text, HasSubstr("# TYPE reachd_probes_skipped counter\n"));
  EXPECT_THAT(text, HasSubstr("\nreachd_probes_skipped_total{cause=\"overlap\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("# UNIT process_cpu_seconds seconds\n"));
  EXPECT_THAT(text, HasSubstr("le=\"1.0\"}"));
  EXPECT_THAT(text, HasSubstr("le=\"+Inf\"}"));
}

TEST(SelfMetrics, ThreadsMayCountWhileOneRenders) {
  const auto metrics = make();
  {
    std::vector<std::jthread> threads;
    threads.reserve(2);
    for (int thread = 0; thread < 2; ++thread) {
      threads.emplace_back([&] {
        for (int round = 0; round < 500; ++round) {
          metrics->on_probe(kTypes[0], Outcome(), 1ms);
          metrics->on_skip(engine::Skip::overlap, 1);
          metrics->count_delivery("am", "delivered", 1);
          metrics->set_pending("am", 1, 1ms);
        }
      });
    }
    for (int round = 0; round < 5; ++round) {
      rendered(*metrics);
    }
  }
  EXPECT_THAT(rendered(*metrics), HasSubstr("cause=\"overlap\"} 1000\n"));
}

}  // namespace
}  // namespace reachd
