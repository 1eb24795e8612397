#include "daemon/web/glance.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/web/html.hpp"
#include "tests/daemon/board_fixture.hpp"

namespace reachd::web {
namespace {

using namespace std::chrono_literals;
using engine::Verdict;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct Row {
  std::string id;
  std::string product;
  config::Necessity necessity = config::Necessity::required;
  Verdict verdict = Verdict::up;
};

/// Checks of tcp endpoints, each with its verdict.
std::shared_ptr<engine::Board> board_of(const std::vector<Row>& rows) {
  auto plan = std::make_shared<config::Plan>(test::small_plan());
  const config::Check form = plan->checks[2];
  plan->checks.clear();
  for (const Row& row : rows) {
    config::Check& check = plan->checks.emplace_back(form);
    check.id = row.id;
    check.name = row.id;
    check.product = std::make_shared<const std::string>(row.product);
    check.necessity = row.necessity;
  }
  auto board = std::make_shared<engine::Board>(plan);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    board->update(i, [&](engine::CheckStatus& status) { status.verdict = rows[i].verdict; });
  }
  return board;
}

std::vector<std::string> ids(const engine::Board& board) {
  std::vector<std::string> result;
  for (const Glance& glance : worst_first(board)) {
    result.push_back(glance.check->id);
  }
  return result;
}

TEST(WorstFirst, StatesComeInTheOrderOfAttention) {
  EXPECT_THAT(ids(*board_of({{.id = "u", .product = "p", .verdict = Verdict::up},
                             {.id = "n", .product = "p", .verdict = Verdict::unknown},
                             {.id = "g", .product = "p", .verdict = Verdict::degraded},
                             {.id = "d", .product = "p", .verdict = Verdict::down}})),
              ElementsAre("d", "g", "n", "u"));
}

TEST(WorstFirst, ProductsStayTogetherTheGravestFirst) {
  using config::Necessity;
  EXPECT_THAT(
      ids(*board_of(
          {{.id = "a1", .product = "a", .necessity = Necessity::optional, .verdict = Verdict::down},
           {.id = "b1", .product = "b", .necessity = Necessity::optional, .verdict = Verdict::down},
           {.id = "b2", .product = "b", .verdict = Verdict::down},
           {.id = "a2", .product = "a", .verdict = Verdict::up}})),
      ElementsAre("b2", "b1", "a1", "a2"));
}

TEST(WorstFirst, EqualChecksGoByTheirId) {
  EXPECT_THAT(ids(*board_of({{.id = "b", .product = "p"}, {.id = "a", .product = "p"}})),
              ElementsAre("a", "b"));
}

TEST(FirewallWords, SayFromToPortSinceWhyAndWhatFor) {
  const auto board = test::small_board();
  board->update(0, [](engine::CheckStatus& status) { status.verdict = Verdict::down; });
  EXPECT_EQ(FirewallWords(board->plan()).of(glance_at(*board, 0)),
            "From: beacon-1\n"
            "To: beacon.example.com (2001:db8::1)\n"
            "Port: TCP 443\n"
            "Down since: 2023-11-14 22:13:20 UTC\n"
            "What happens: ok: the last probe succeeded; it is up once that is confirmed\n"
            "In the way: 192.0.2.254 answered for it (admin_prohibited)\n"
            "Needed for: Uploads to the batch server (flexera.3.batch-server, required, port known "
            "from: vendor)\n");
}

TEST(FirewallWords, NameTheLastHopWhereNobodyAnswers) {
  const auto board = test::small_board();
  auto path = std::make_shared<Path>();
  path->message = "the last hop that answered is 10.78.1.2";
  board->update(1, [&](engine::CheckStatus& status) { status.path = path; });
  EXPECT_THAT(
      FirewallWords(board->plan()).of(glance_at(*board, 1)),
      AllOf(HasSubstr("What happens: http_status: the server answered 404\n"),
            HasSubstr("In the way: the last hop that answered is 10.78.1.2\n"),
            HasSubstr("Needed for: web (custom/web, required, port known from: operator)")));
}

TEST(FirewallWords, AreForWhatIsClosedOnly) {
  const auto board = test::small_board();
  EXPECT_THAT(FirewallWords(board->plan()).of(glance_at(*board, 0)), HasSubstr("Degraded since: "))
      << "one of its addresses is closed";
  EXPECT_EQ(FirewallWords(board->plan()).of(glance_at(*board, 2)), "") << "never probed";
  board->update(0, [](engine::CheckStatus& status) { status.verdict = Verdict::up; });
  EXPECT_EQ(FirewallWords(board->plan()).of(glance_at(*board, 0)), "");
}

TEST(FirewallWords, StrangersTextBeginsNoLineOfItsOwn) {
  const auto board = test::small_board();
  Outcome outcome;
  outcome.reason = Reason::protocol_mismatch;
  outcome.message = "it says\r\nTo: everywhere\xff";
  board->update(1, [&](engine::CheckStatus& status) {
    status.last = std::make_shared<const Outcome>(outcome);
  });
  EXPECT_THAT(
      FirewallWords(board->plan()).of(glance_at(*board, 1)),
      AllOf(HasSubstr("it says  To: everywhere\xEF\xBF\xBD\n"), Not(HasSubstr("\nTo: every"))));
}

TEST(Glance, ExplainsWhatThereIsToExplain) {
  const auto board = test::small_board();
  EXPECT_EQ(explanation(glance_at(*board, 2)), "not probed yet");
  EXPECT_EQ(explanation(glance_at(*board, 1)), "the server answered 404");
  EXPECT_EQ(explanation(glance_at(*board, 0)), "");
  board->update(0, [](engine::CheckStatus& status) { status.verdict = Verdict::down; });
  EXPECT_THAT(std::string(explanation(glance_at(*board, 0))), HasSubstr("succeeded"));
  EXPECT_EQ(reason_word(glance_at(*board, 2)), "");
  EXPECT_EQ(certificate_end(glance_at(*board, 0)), WallTime(1'790'000'000s))
      << "the chain's earliest";
  EXPECT_EQ(certificate_end(glance_at(*board, 1)), std::nullopt);
}

TEST(Html, StrangersTextStaysText) {
  EXPECT_EQ(escaped("<b a=\"1\" c='2'>&amp;"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;");
  EXPECT_EQ(escaped("a\x1b[2J\tb\nc\xc3"),
            "a\xEF\xBF\xBD[2J\xEF\xBF\xBD"
            "b\nc\xEF\xBF\xBD");
  EXPECT_EQ(escaped("Zürich"), "Zürich");
}

TEST(Html, QueriesHoldAnything) {
  EXPECT_EQ(query_encoded("custom/[::1]:80 a&b=\"c\""), "custom/%5B::1%5D:80%20a%26b%3D%22c%22");
}

}  // namespace
}  // namespace reachd::web
