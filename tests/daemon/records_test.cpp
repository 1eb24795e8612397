#include "daemon/web/records.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "daemon/web/router.hpp"
#include "tests/daemon/fake_reading.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const WallTime kNow(1'700'000'000s);

struct Page {
  unsigned status = 0;
  std::string text;
  std::vector<std::string> checks;
  std::string next;
};

Page get(const journal::Reading& journal, const std::string& query) {
  web::Request request;
  request.query = web::parse_request_target("/api/v1/events?" + query)->query;
  const web::Response response = web::events(journal, request, kNow);
  Page page{.status = response.status, .text = response.text, .checks = {}, .next = {}};
  const auto root = boost::json::parse(response.text).as_object();
  if (const auto* events = root.if_contains("events")) {
    for (const auto& event : events->as_array()) {
      page.checks.emplace_back(event.at("check").at("id").as_string());
    }
    const auto& next = root.at("next");
    page.next = next.is_null() ? std::string() : std::string(next.as_string());
  }
  return page;
}

TEST(Events, AreShownNewestFirst) {
  const test::FakeReading journal({"a", "b", "c"});
  EXPECT_THAT(get(journal, "").checks, ElementsAre("c", "b", "a"));
  EXPECT_THAT(get(journal, "order=asc").checks, ElementsAre("a", "b", "c"));
}

TEST(Events, ComeInPages) {
  const test::FakeReading journal({"a", "b", "c", "d", "e"});
  const Page first = get(journal, "limit=2");
  EXPECT_THAT(first.checks, ElementsAre("e", "d"));
  const Page second = get(journal, "limit=2&before=" + first.next);
  EXPECT_THAT(second.checks, ElementsAre("c", "b"));
  const Page third = get(journal, "limit=2&before=" + second.next);
  EXPECT_THAT(third.checks, ElementsAre("a"));
  EXPECT_EQ(third.next, "");
  const Page upwards = get(journal, "order=asc&limit=3");
  EXPECT_THAT(get(journal, "order=asc&after=" + upwards.next).checks, ElementsAre("d", "e"));
}

TEST(Events, AreChosenByWhomTheyAreAbout) {
  const test::FakeReading journal({"a1", "b1", "a2", "b2"});
  EXPECT_THAT(get(journal, "check=a*").checks, ElementsAre("a2", "a1"));
  EXPECT_THAT(get(journal, "check=a*&check=b1&order=asc").checks, ElementsAre("a1", "b1", "a2"));
  EXPECT_THAT(get(journal, "check=a*&product=other").checks, IsEmpty());
  EXPECT_THAT(get(journal, "label.site=ams").checks, SizeIs(4));
  EXPECT_THAT(get(journal, "kind=check.up").checks, IsEmpty());
  EXPECT_THAT(get(journal, "kind=check.up&kind=check.down").checks, SizeIs(4));
}

TEST(Events, AreChosenByTime) {
  const test::FakeReading journal({"a", "b", "c"});  // a second apart, from kFirst on
  EXPECT_THAT(get(journal, "since=2023-11-14T22:13:21Z").checks, ElementsAre("c", "b"));
  EXPECT_THAT(get(journal, "until=2023-11-14T22:13:21Z").checks, ElementsAre("a"));
  EXPECT_THAT(get(journal, "since=1h").checks, SizeIs(3));
}

TEST(Events, GoOnAfterOneThatIsNotKeptAnyMore) {
  const test::FakeReading journal({"a", "b", "c"});
  const std::string forgotten = event::UlidMaker().make(test::FakeReading::kFirst - 5min);
  EXPECT_THAT(get(journal, "order=asc&after=" + forgotten).checks, ElementsAre("a", "b", "c"));
  EXPECT_EQ(web::sequence_after(journal, forgotten).value(), 0);
  EXPECT_EQ(web::sequence_after(journal, event::UlidMaker().make(kNow + 24h)).value(), 3);
  EXPECT_EQ(web::sequence_after(journal, "nothing").value(), std::nullopt);
}

TEST(Events, WhatMakesNoSenseIsTold) {
  const test::FakeReading journal({"a"});
  for (const char* query : {"since=yesterday", "before=7", "limit=0", "order=up", "kind=check.gone",
                            "colour=red", "label.=x"}) {
    const Page page = get(journal, query);
    EXPECT_EQ(page.status, 400U) << query;
    EXPECT_THAT(page.text, HasSubstr("\"error\":")) << query;
  }
}

TEST(Events, AJournalThatCantBeReadIsTold) {
  test::FakeReading journal({"a"});
  journal.broken = true;
  const Page page = get(journal, "");
  EXPECT_EQ(page.status, 503U);
  EXPECT_THAT(page.text, HasSubstr("the disk is gone"));
}

TEST(Report, CoversTheLastDayOrWhatIsAskedFor) {
  const test::FakeReading journal({"a"});
  const auto report = [&](const std::string& query) {
    web::Request request;
    request.query = web::parse_request_target("/api/v1/report?" + query)->query;
    return web::report(journal, request, kNow);
  };
  EXPECT_EQ(report("").status, 200U);
  EXPECT_THAT(report("").text, testing::Not(HasSubstr("timeline")));
  EXPECT_THAT(report("slots=4").text, HasSubstr(R"("timeline":"1111")"));
  EXPECT_EQ(journal.asked_from, kNow - 24h);
  EXPECT_EQ(journal.asked_to, kNow);
  report("window=30d");
  EXPECT_EQ(journal.asked_from, kNow - 24h * 30);
  report("from=2023-11-01T00:00:00Z&to=2023-11-02T00:00:00Z");
  EXPECT_EQ(journal.asked_to - journal.asked_from, 24h);
  for (const char* query :
       {"window=-1h", "window=x", "from=2023-11-02T00:00:00Z&to=2023-11-01T00:00:00Z", "to=soon",
        "check=a", "slots=0", "slots=1441", "slots=x"}) {
    EXPECT_EQ(report(query).status, 400U) << query;
  }
}

}  // namespace
}  // namespace reachd
