// The metrics as promtool, a program of the host's, sees them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "daemon/metrics/self_metrics.hpp"
#include "tests/daemon/board_fixture.hpp"
#include "tests/support/golden.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(SelfMetrics, KnowsItsLimitOfDescriptors) {
  const auto metrics = metrics::make_self_metrics(BuildFacts(), {});
  const std::string text = metrics->render(metrics::Format::text, "here", {}, 0);
  EXPECT_THAT(text, HasSubstr("\nprocess_max_fds "));
}

TEST(SelfMetrics, PromtoolHasNothingToSayAboutAWholeScrape) {
  metrics::Exposition exposition;
  auto scrape = exposition.scrape(test::small_board(), metrics::Format::text);
  std::string text;
  while (scrape.next(text, text.size() + 1)) {
  }
  const auto metrics = metrics::make_self_metrics(BuildFacts(), {});
  metrics->set_pending("am", 1, 1s);
  text += metrics->render(metrics::Format::text, "here", {1, 2, 0, 3}, 7);
  const std::string path = testing::TempDir() + "reachd_promtool_metrics.txt";
  std::ofstream(path, std::ios::binary) << text;
  const std::string report = path + ".report";
  const std::string command =
      std::string(REACHD_PROMTOOL) + " check metrics < " + path + " > " + report + " 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(test::read_file(report), "");
}

}  // namespace
}  // namespace reachd
