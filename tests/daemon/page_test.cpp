#include "daemon/web/page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/web/page_parts.hpp"
#include "tests/daemon/board_fixture.hpp"

namespace reachd::web {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr WallTime kNow(1'700'003'650s);

Request asking(const std::string& target) {
  Request request;
  request.method = "GET";
  request.path = "/";
  request.query = parse_request_target(target)->query;
  return request;
}

std::string page(const engine::Board& board, const std::string& target = "/") {
  return status_page(&board, asking(target), kNow).text;
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++found;
  }
  return found;
}

std::size_t rows(const std::string& html) { return count(html, "<tr role=\"row\" class=\"check "); }

std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) {
      return value;
    }
  }
  return {};
}

TEST(Page, ShowsTheChecksWorstFirstWithTheirWords) {
  const std::string html = page(*test::small_board());
  EXPECT_THAT(
      html, AllOf(HasSubstr("<title>1 down - beacon-1 - reachd</title>"),
                  HasSubstr("<b>http_status</b> <small>the server answered 404</small>"),
                  HasSubstr("title=\"2023-11-14 22:14:10 UTC\">1 h</time>"),
                  HasSubstr("beacon.example.com:443"), HasSubstr("not probed yet"),
                  HasSubstr("<span class=\"tag\">maintenance</span>"),
                  HasSubstr("<p id=\"count\" role=\"status\">3 checks</p>"), Not(HasSubstr("{{"))));
  const auto at = [&](const std::string& text) { return html.find(text, html.find("<tbody")); };
  EXPECT_LT(at("custom/web"), at("flexera.3.batch-server/beacon"));
  EXPECT_LT(at("flexera.3.batch-server/beacon"), at("custom/gateway"));
}

TEST(Page, FiltersByWordsAndState) {
  const auto board = test::small_board();
  EXPECT_EQ(rows(page(*board, "/?q=WEB+404")), 1U);
  EXPECT_EQ(rows(page(*board, "/?q=web+443")), 0U);
  EXPECT_EQ(rows(page(*board, "/?state=down")), 1U);
  EXPECT_EQ(rows(page(*board, "/?state=nonsense&utm=1")), 3U);
  EXPECT_THAT(page(*board, "/?state=up"),
              AllOf(HasSubstr("No check fits."), HasSubstr("0 of 3 checks"),
                    HasSubstr("<option selected>up</option>")));
}

TEST(Page, AnswersNothingOfAnAskersMarkup) {
  const auto board = test::small_board();
  const std::string html =
      page(*board, "/?q=%22%3E%3Cscript%3E&check=%3Cscript%3E&state=%3Cscript%3E");
  EXPECT_THAT(html, AllOf(HasSubstr("value=\"&quot;&gt;&lt;script&gt;\""),
                          Not(HasSubstr("\"><script>")), Not(HasSubstr("<script>"))));
}

TEST(Page, StrangersTextStaysText) {
  const auto board = test::small_board();
  const std::string evil = "<img src=x onerror=alert(1)>\"'&";
  Outcome outcome;
  outcome.reason = Reason::protocol_mismatch;
  outcome.message = evil;
  auto tls = std::make_shared<TlsFacts>();
  tls->chain.resize(1);
  tls->chain[0].subject = evil;
  tls->chain[0].not_after = kNow + 24h;
  outcome.tls = std::move(tls);
  board->update(1, [&](engine::CheckStatus& status) {
    status.last = std::make_shared<const Outcome>(outcome);
  });
  const std::string safe = "&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;";
  EXPECT_THAT(page(*board), AllOf(HasSubstr(safe), Not(HasSubstr("<img"))));
  EXPECT_THAT(page(*board, "/?check=custom/web"), AllOf(HasSubstr(safe), Not(HasSubstr("<img"))));
}

TEST(Page, ComesInPages) {
  const auto board = test::large_board(450);
  const std::string first = page(*board);
  EXPECT_EQ(rows(first), kPageRows);
  EXPECT_THAT(first, AllOf(HasSubstr("Page 1 of 3"), HasSubstr("rel=\"next\" href=\"/?page=2\""),
                           Not(HasSubstr("rel=\"prev\""))));
  const std::string last = page(*board, "/?q=host&page=3");
  EXPECT_EQ(rows(last), 50U);
  EXPECT_THAT(last, AllOf(HasSubstr("rel=\"prev\" href=\"/?q=host&amp;page=2\""),
                          Not(HasSubstr("rel=\"next\""))));
  EXPECT_EQ(rows(page(*board, "/?page=4")), 0U);
  EXPECT_EQ(rows(page(*board, "/?page=18446744073709551615")), 0U);
  EXPECT_EQ(rows(page(*board, "/?page=0")), kPageRows);
}

TEST(Page, ShowsTheChosenCheck) {
  const auto board = test::small_board();
  EXPECT_THAT(page(*board, "/?check=custom/web"),
              AllOf(HasSubstr("<h2 id=\"detail-title\">web</h2>"),
                    HasSubstr("<pre class=\"firewall\">From: beacon-1\nTo: web.example.com"),
                    HasSubstr("192.0.2.7:80: http_status after 1 ms"), HasSubstr("rack-a")));
  const Response gone = status_page(board.get(), asking("/?check=custom/gone"), kNow);
  EXPECT_EQ(gone.status, 404U);
  EXPECT_THAT(gone.text, HasSubstr("No check has this id."));
}

TEST(Page, ListsCertificatesByDaysLeft) {
  EXPECT_THAT(
      page(*test::small_board()),
      HasSubstr("<li><b class=\"up\">1041 days</b> <a "
                "href=\"/?check=flexera.3.batch-server/beacon.example.com\">Batch server</a>"));
}

TEST(Page, BeforeTheFirstPlanSaysSo) {
  const Response response = status_page(nullptr, asking("/"), kNow);
  EXPECT_EQ(response.status, 200U);
  EXPECT_THAT(response.text, HasSubstr("There is no plan yet."));
}

TEST(Page, LetsNothingInFromElsewhere) {
  const Response response = status_page(nullptr, asking("/"), kNow);
  const std::string policy = header(response, "Content-Security-Policy");
  EXPECT_THAT(policy, AllOf(HasSubstr("default-src 'none'"), HasSubstr("script-src 'self'"),
                            HasSubstr("frame-ancestors 'none'"), HasSubstr("base-uri 'none'"),
                            Not(HasSubstr("unsafe")), Not(HasSubstr("http"))));
  EXPECT_EQ(header(response, "Referrer-Policy"), "no-referrer");
  EXPECT_THAT(response.text, AllOf(Not(HasSubstr(" style=")), Not(HasSubstr(" onclick=")),
                                   Not(HasSubstr("//cdn"))));
}

TEST(PageFile, IsKeptByTheBrowserUntilItChanges) {
  Request request;
  const Response whole = page_file("app.js", request);
  EXPECT_EQ(whole.status, 200U);
  EXPECT_EQ(whole.content_type, "text/javascript; charset=utf-8");
  EXPECT_THAT(whole.text, HasSubstr("import "));
  EXPECT_EQ(header(whole, "Cache-Control"), "no-cache");
  request.if_none_match = header(whole, "ETag");
  const Response same = page_file("app.js", request);
  EXPECT_EQ(same.status, 304U);
  EXPECT_EQ(same.text, "");
  EXPECT_EQ(page_file("style.css", request).status, 200U) << "another file has another tag";
}

TEST(PageFile, TheFormAndOtherNamesAreNotThere) {
  for (const char* name : {"index.html", "", "../app.js", "app.js/", "APP.JS"}) {
    EXPECT_EQ(page_file(name, {}).status, 404U) << name;
  }
}

TEST(RoughDuration, HasTwoUnitsAtMost) {
  EXPECT_EQ(rough_duration(-5s), "0 s");
  EXPECT_EQ(rough_duration(59'999ms), "59 s");
  EXPECT_EQ(rough_duration(3h + 12min + 59s), "3 h 12 min");
  EXPECT_EQ(rough_duration(1h + 3s), "1 h");
  EXPECT_EQ(rough_duration(24h * 40 + 5h), "40 d 5 h");
}

}  // namespace
}  // namespace reachd::web
