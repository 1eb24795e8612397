#include "daemon/metrics/exposition.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/daemon/board_fixture.hpp"
#include "tests/support/golden.hpp"

namespace reachd {
namespace {

using metrics::Format;

std::string scraped(const std::shared_ptr<const engine::Board>& board, Format format,
                    std::size_t piece = std::size_t{64} * 1024) {
  metrics::Exposition exposition;
  metrics::CheckScrape scrape = exposition.scrape(board, format);
  std::string all;
  bool more = true;
  while (more) {
    std::string part;
    more = scrape.next(part, piece);
    all += part;
  }
  metrics::append_end(all, format);
  return all;
}

std::vector<std::string> lines_with(const std::string& text, const std::string& what) {
  std::vector<std::string> found;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.find(what) != std::string::npos) {
      found.push_back(line);
    }
  }
  return found;
}

TEST(Exposition, TextIsByteForByteAsStored) {
  test::expect_golden(REACHD_TEST_DATA, "metrics/small_board.txt",
                      scraped(test::small_board(), Format::text));
}

TEST(Exposition, OpenMetricsIsByteForByteAsStored) {
  test::expect_golden(REACHD_TEST_DATA, "metrics/small_board.openmetrics.txt",
                      scraped(test::small_board(), Format::openmetrics));
}

TEST(Exposition, PiecesJoinToTheSameText) {
  const auto board = test::small_board();
  const std::string whole = scraped(board, Format::text);
  for (const std::size_t piece : {1u, 100u, 1000u}) {
    EXPECT_EQ(scraped(board, Format::text, piece), whole) << piece;
  }
}

TEST(Exposition, APieceIsBoundedWhateverThePlan) {
  const auto board = test::large_board(2000);
  metrics::Exposition exposition;
  metrics::CheckScrape scrape = exposition.scrape(board, Format::text);
  std::string part;
  while (scrape.next(part, 4096)) {
    EXPECT_GE(part.size(), 4096u);
    EXPECT_LT(part.size(), 8192u);
    part.clear();
  }
}

TEST(Exposition, UnknownChecksHaveNoUpSeries) {
  const std::string text = scraped(test::small_board(), Format::text);
  EXPECT_THAT(lines_with(text, "reachd_check_up{"), testing::SizeIs(2));
  EXPECT_THAT(lines_with(text, "reachd_check_state{"), testing::SizeIs(3));
}

TEST(Exposition, WhatHoldsAlertsBackIsTheMarkAndNothingElse) {
  const auto board = test::small_board();
  board->update(2, [](engine::CheckStatus& status) { status.modifiers = {}; });
  board->update(0, [](engine::CheckStatus& status) { status.verdict = engine::Verdict::down; });
  EXPECT_THAT(lines_with(scraped(board, Format::text), "reachd_check_suppressed"),
              testing::IsEmpty());
  board->update(1, [](engine::CheckStatus& status) {
    status.modifiers = {.dependency = true, .flapping = true};
  });
  const std::string check =
      "reachd_check_suppressed{check=\"custom/web\",product=\"custom\","
      "target=\"web.example.com:80\",by=";
  EXPECT_THAT(lines_with(scraped(board, Format::text), "reachd_check_suppressed{"),
              testing::ElementsAre(check + "\"dependency\"} 1", check + "\"flapping\"} 1"));
}

TEST(Exposition, AnAddressThatWasTriedTwiceIsOneSeries) {
  const auto board = test::small_board();
  board->update(0, [](engine::CheckStatus& status) {
    Outcome outcome = *status.last;
    outcome.attempts.push_back(outcome.attempts.front());
    status.last = std::make_shared<const Outcome>(std::move(outcome));
  });
  EXPECT_THAT(lines_with(scraped(board, Format::text), "reachd_address_success{"),
              testing::SizeIs(2));
}

TEST(Exposition, AReloadLeavesNoSeriesOfAVanishedCheck) {
  metrics::Exposition exposition;
  std::string before;
  exposition.scrape(test::small_board(), Format::text).next(before);
  auto plan = std::make_shared<config::Plan>(test::small_plan());
  plan->checks.erase(plan->checks.begin());
  std::string after;
  exposition.scrape(std::make_shared<engine::Board>(plan), Format::text).next(after);
  EXPECT_THAT(before, testing::HasSubstr("batch-server"));
  EXPECT_THAT(after, testing::Not(testing::HasSubstr("batch-server")));
}

TEST(Exposition, StatesAreCountedAsWritten) {
  metrics::Exposition exposition;
  const auto scrape = exposition.scrape(test::small_board(), Format::text);
  EXPECT_THAT(scrape.states(), testing::ElementsAre(1, 0, 1, 1));
}

TEST(MetricsFormat, AcceptDecides) {
  using metrics::negotiate;
  EXPECT_EQ(negotiate(""), Format::text);
  EXPECT_EQ(negotiate("*/*"), Format::text);
  EXPECT_EQ(negotiate("text/html"), Format::text);
  EXPECT_EQ(negotiate("application/openmetrics-text"), Format::openmetrics);
  EXPECT_EQ(negotiate("text/plain;q=0.9, Application/OpenMetrics-Text;version=1.0.0;q=0.5"),
            Format::text);
  EXPECT_EQ(negotiate("application/openmetrics-text;q=0"), Format::text);
  EXPECT_EQ(negotiate("application/openmetrics-text;q=nonsense, */*"), Format::text);
  // What Prometheus 2.42 sends.
  EXPECT_EQ(negotiate("application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
                      "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
            Format::openmetrics);
}

TEST(MetricsFormat, NumbersHaveTheirShortestForm) {
  const auto number = [](double value) {
    std::string out;
    metrics::append_number(out, value);
    return out;
  };
  EXPECT_EQ(number(0), "0");
  EXPECT_EQ(number(1'700'000'000), "1700000000");
  EXPECT_EQ(number(0.25), "0.25");
  EXPECT_EQ(number(0.0005), "0.0005");
  EXPECT_EQ(number(1e300), "1e+300");
  EXPECT_EQ(number(-1), "-1");
  EXPECT_EQ(number(std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(number(std::numeric_limits<double>::quiet_NaN()), "NaN");
}

}  // namespace
}  // namespace reachd
