#include "daemon/web/api.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <boost/json/parse.hpp>

#include "daemon/json/reader.hpp"
#include "daemon/web/gzip.hpp"
#include "tests/daemon/web_fixture.hpp"

namespace reachd {
namespace {

using boost::json::object;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

struct Answer {
  unsigned status = 0;
  std::string content_type;
  std::string text;

  object json() const { return boost::json::parse(text).as_object(); }
  std::vector<std::string> ids() const {
    std::vector<std::string> result;
    for (const auto& row : json().at("checks").as_array()) {
      result.emplace_back(row.at("check").as_string());
    }
    return result;
  }
};

class ApiTest : public testing::Test {
 protected:
  Answer get(const std::string& target, const std::string& accept = {}, bool loopback = true) {
    const auto parts = web::parse_request_target(target).value();
    web::Request request;
    request.method = "GET";
    request.path = parts.path;
    request.query = parts.query;
    request.accept = accept;
    web::Response response =
        api_.answer(web::match(request.method, request.path, loopback), request);
    Answer answer{.status = response.status,
                  .content_type = std::string(response.content_type),
                  .text = std::move(response.text)};
    bool more = response.body != nullptr;
    while (more) {
      more = response.body->next(answer.text);
    }
    return answer;
  }

  std::shared_ptr<engine::Board> board_ = test::small_board();
  web::Callbacks callbacks_ = test::well(board_);
  web::Api api_{callbacks_};
};

TEST_F(ApiTest, MetricsHoldTheChecksAndTheDaemonsOwn) {
  const Answer text = get("/metrics");
  EXPECT_EQ(text.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(text.text, HasSubstr("reachd_check_state{check=\"custom/web\""));
  EXPECT_THAT(text.text, EndsWith("own 1\n"));
  const Answer openmetrics = get("/metrics", "application/openmetrics-text;version=1.0.0");
  EXPECT_EQ(openmetrics.content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_THAT(openmetrics.text, EndsWith("own 1\n# EOF\n"));
}

TEST_F(ApiTest, MetricsBeforeTheFirstPlanAreTheDaemonsOwn) {
  callbacks_.board = [] { return nullptr; };
  EXPECT_EQ(get("/metrics").text, "own 1\n");
}

TEST_F(ApiTest, TooManyScrapesAtOnceAreTurnedAway) {
  web::Request request;
  std::vector<web::Response> open;
  for (int scrape = 0; scrape < 8; ++scrape) {
    open.push_back(api_.answer(web::match("GET", "/metrics", true), request));
    EXPECT_EQ(open.back().status, 200u);
  }
  EXPECT_EQ(get("/metrics").status, 503u);
  open.clear();
  EXPECT_EQ(get("/metrics").status, 200u);
}

TEST_F(ApiTest, HealthSaysWhatTheAppSays) {
  EXPECT_EQ(get("/-/healthy").status, 200u);
  EXPECT_EQ(get("/-/ready").status, 200u);
  callbacks_.healthy = callbacks_.ready = [] { return false; };
  EXPECT_EQ(get("/-/healthy").status, 503u);
  EXPECT_EQ(get("/-/ready").status, 503u);
}

TEST_F(ApiTest, ChecksAreAPageInTheOrderOfThePlan) {
  const Answer all = get("/api/v1/checks");
  EXPECT_EQ(all.content_type, "application/json");
  EXPECT_THAT(all.ids(), ElementsAre("flexera.3.batch-server/beacon.example.com", "custom/web",
                                     "custom/gateway"));
  EXPECT_EQ(all.json().at("total").as_int64(), 3);
  EXPECT_TRUE(all.json().at("next_offset").is_null());
  const Answer page = get("/api/v1/checks?limit=1&offset=1");
  EXPECT_THAT(page.ids(), ElementsAre("custom/web"));
  EXPECT_EQ(page.json().at("total").as_int64(), 3);
  EXPECT_EQ(page.json().at("next_offset").as_int64(), 2);
  EXPECT_THAT(get("/api/v1/checks?offset=99").ids(), IsEmpty());
}

TEST_F(ApiTest, BriefRowsHaveWhatIsSeenAtAGlance) {
  const auto web =
      get("/api/v1/checks?view=brief&state=down").json().at("checks").at(0).as_object();
  EXPECT_EQ(web.at("check").as_string(), "custom/web");
  EXPECT_EQ(web.at("reason").as_string(), "http_status");
  EXPECT_EQ(web.at("message").as_string(), "the server answered 404");
  EXPECT_THAT(std::string(web.at("firewall").as_string()), HasSubstr("From: beacon-1\n"));
  EXPECT_FALSE(web.contains("result"));
  EXPECT_EQ(get("/api/v1/checks/custom/web?view=brief").json(), web);
  EXPECT_TRUE(get("/api/v1/checks/custom/web?view=full").json().contains("result"));
  EXPECT_EQ(get("/api/v1/checks?view=short").status, 400u);
  EXPECT_EQ(get("/api/v1/checks/custom/web?view=short").status, 400u);
  EXPECT_EQ(get("/api/v1/checks/custom/web?state=up").status, 400u);
}

TEST_F(ApiTest, KeysAreAndRepeatedKeysAreOr) {
  EXPECT_THAT(get("/api/v1/checks?state=down").ids(), ElementsAre("custom/web"));
  EXPECT_THAT(get("/api/v1/checks?state=down&state=unknown").ids(),
              ElementsAre("custom/web", "custom/gateway"));
  EXPECT_THAT(get("/api/v1/checks?product=custom&state=unknown").ids(),
              ElementsAre("custom/gateway"));
  EXPECT_THAT(get("/api/v1/checks?name=web&name=gate*").ids(),
              ElementsAre("custom/web", "custom/gateway"));
  EXPECT_THAT(get("/api/v1/plan?label.site=ams").ids(),
              ElementsAre("flexera.3.batch-server/beacon.example.com"));
  EXPECT_THAT(get("/api/v1/checks?product=custom&name=batch*").ids(), IsEmpty());
}

TEST_F(ApiTest, AQueryThatMakesNoSenseSaysWhy) {
  EXPECT_THAT(get("/api/v1/checks?colour=red").text, HasSubstr("colour"));
  for (const char* query : {"colour=red", "state=broken", "limit=0", "limit=-1", "limit=1x",
                            "offset=", "limit=99999999999999999999"}) {
    const Answer answer = get(std::string("/api/v1/checks?") + query);
    EXPECT_EQ(answer.status, 400u) << query;
    EXPECT_TRUE(answer.json().contains("error")) << query;
  }
}

TEST_F(ApiTest, OneCheckIsFoundByItsIdWithSlashes) {
  EXPECT_EQ(get("/api/v1/checks/custom/web").json().at("state").as_string(), "down");
  EXPECT_EQ(get("/api/v1/checks/custom%2Fweb").json().at("check").as_string(), "custom/web");
  EXPECT_EQ(get("/api/v1/checks/custom/nothing").status, 404u);
  EXPECT_EQ(get("/api/v1/checks/../../../etc/passwd").status, 404u);
}

TEST_F(ApiTest, PlanRowsHaveNoState) {
  const object row = get("/api/v1/plan").json().at("checks").at(0).as_object();
  EXPECT_TRUE(row.contains("severity"));
  EXPECT_FALSE(row.contains("state"));
}

TEST_F(ApiTest, WithoutAPlanTheApiSaysSo) {
  callbacks_.board = [] { return nullptr; };
  EXPECT_EQ(get("/api/v1/checks").status, 503u);
  EXPECT_EQ(get("/api/v1/checks/custom/web").status, 503u);
  EXPECT_EQ(get("/api/v1/plan").status, 503u);
}

TEST_F(ApiTest, BeyondLoopbackTheRestIsForbidden) {
  EXPECT_EQ(get("/metrics", {}, false).status, 200u);
  EXPECT_EQ(get("/", {}, false).status, 403u);
  EXPECT_EQ(get("/api/v1/checks", {}, false).status, 403u);
}

TEST_F(ApiTest, TheFirstPageSaysWhereThingsAre) {
  const Answer page = get("/");
  EXPECT_EQ(page.status, 200u);
  for (const char* path : {"/metrics", "/api/v1/checks", "/api/v1/plan", "/page/style.css"}) {
    EXPECT_THAT(page.text, HasSubstr("href=\"" + std::string(path)));
  }
}

TEST(ApiPages, ALongPageIsWholeJson) {
  const web::Callbacks callbacks = test::well(test::large_board(3000));
  web::Api api(callbacks);
  web::Request request;
  request.query = {{"limit", "2500"}};
  web::Response response = api.answer(web::match("GET", "/api/v1/checks", true), request);
  std::string text;
  std::size_t pieces = 0;
  bool more = true;
  while (more) {
    std::string piece;
    more = response.body->next(piece);
    EXPECT_LT(piece.size(), 80u * 1024);
    text += piece;
    ++pieces;
  }
  EXPECT_GT(pieces, 10u);
  EXPECT_EQ(boost::json::parse(text).at("checks").as_array().size(), 2500u);
}

TEST(Gzip, PiecesDecompressToTheText) {
  web::Gzip gzip;
  std::string text;
  std::string compressed;
  for (int line = 0; line < 20'000; ++line) {
    const std::string piece = "reachd_check_up{check=\"custom/" + std::to_string(line) + "\"} 1\n";
    gzip.write(piece, compressed);
    text += piece;
  }
  gzip.finish(compressed);
  EXPECT_LT(compressed.size(), text.size() / 5);

  std::string back(text.size() + 1, '\0');
  z_stream stream{};
  ASSERT_EQ(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
  void* in = compressed.data();
  void* out = back.data();
  stream.next_in = static_cast<Bytef*>(in);
  stream.avail_in = static_cast<uInt>(compressed.size());
  stream.next_out = static_cast<Bytef*>(out);
  stream.avail_out = static_cast<uInt>(back.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  back.resize(stream.total_out);
  inflateEnd(&stream);
  EXPECT_EQ(back, text);
}

TEST(Gzip, IsSentOnlyToThoseWhoTakeIt) {
  EXPECT_TRUE(web::accepts_gzip("gzip"));
  EXPECT_TRUE(web::accepts_gzip("deflate, GZIP;q=0.5"));
  EXPECT_TRUE(web::accepts_gzip("*"));
  EXPECT_FALSE(web::accepts_gzip(""));
  EXPECT_FALSE(web::accepts_gzip("identity"));
  EXPECT_FALSE(web::accepts_gzip("gzip;q=0, *"));
}

TEST_F(ApiTest, VerdictsCanBeReadBack) {
  const auto page = json::read_verdicts(get("/api/v1/checks?limit=2").text);
  ASSERT_TRUE(page) << page.error();
  EXPECT_EQ(page->next_offset, 2U);
  ASSERT_EQ(page->verdicts.size(), 2U);
  const json::LastVerdict& web = page->verdicts.at("custom/web");
  EXPECT_EQ(web.state, "down");
  EXPECT_EQ(web.reason, to_string(board_->status(1).last->reason));
  const auto rest = json::read_verdicts(get("/api/v1/checks?limit=2&offset=2").text);
  ASSERT_TRUE(rest) << rest.error();
  EXPECT_FALSE(rest->next_offset);
  EXPECT_EQ(rest->verdicts.at("custom/gateway").state, "unknown");
  EXPECT_EQ(rest->verdicts.at("custom/gateway").reason, "");
}

TEST(ReadVerdicts, TakesNothingForGranted) {
  for (const std::string text :
       {"", "{", "[]", "{}", "{\"checks\": 1}", "<!DOCTYPE html>", "{\"checks\": []} x"}) {
    EXPECT_FALSE(json::read_verdicts(text)) << text;
  }
  const auto odd = json::read_verdicts(
      R"({"checks": [1, {"check": 7}, {"check": "a", "state": null, "result": {"attempts": [2,
      {"offender": null}, {"offender": "10.9.9.1"}]}}], "next_offset": -1})");
  ASSERT_TRUE(odd) << odd.error();
  EXPECT_EQ(odd->verdicts.at("a").offender, "10.9.9.1");
  EXPECT_EQ(odd->verdicts.at("a").state, "");
  EXPECT_FALSE(odd->next_offset);
}

}  // namespace
}  // namespace reachd
