#include "daemon/json/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <functional>

#include "daemon/json/time.hpp"
#include "tests/daemon/board_fixture.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using boost::json::object;

/// What `write` writes, read back by a parser that is not ours.
object written(const std::function<void(json::Writer&)>& write) {
  std::string text;
  json::Writer out(text);
  write(out);
  return boost::json::parse(text).as_object();
}

std::vector<std::string> keys(const object& from) {
  std::vector<std::string> result;
  for (const auto& member : from) {
    result.emplace_back(member.key());
  }
  return result;
}

std::string text_of(const std::function<void(json::Writer&)>& write) {
  std::string text;
  json::Writer out(text);
  write(out);
  return text;
}

TEST(JsonWriter, PutsCommasBetweenValuesOnly) {
  EXPECT_EQ(text_of([](json::Writer& out) {
              out.begin_object().key("a").begin_array().value(1).value(true).null().end_array();
              out.member("b", "x").key("c").begin_object().end_object().end_object();
            }),
            R"({"a":[1,true,null],"b":"x","c":{}})");
}

TEST(JsonWriter, EscapesControlCharactersAndRepairsForeignBytes) {
  EXPECT_EQ(text_of([](json::Writer& out) { out.value(std::string_view("\"\\\n\r\t\0\x1f", 7)); }),
            R"("\"\\\n\r\t\u0000\u001f")");
  EXPECT_EQ(text_of([](json::Writer& out) { out.value("a\xff"); }), "\"a\xef\xbf\xbd\"");
}

TEST(JsonWriter, NumbersLookAsAPersonWritesThem) {
  EXPECT_EQ(text_of([](json::Writer& out) { out.value(Duration(30s)); }), "30");
  EXPECT_EQ(text_of([](json::Writer& out) { out.value(Duration(12'500us)); }), "0.0125");
  EXPECT_EQ(text_of([](json::Writer& out) { out.value(-7); }), "-7");
  EXPECT_EQ(text_of([](json::Writer& out) { out.value(~std::uint64_t{0}); }),
            "18446744073709551615");
}

TEST(JsonWriter, TimesAreRfc3339) {
  EXPECT_EQ(json::rfc3339(WallTime(1'700'000'000s + 7ms)), "2023-11-14T22:13:20.007Z");
  EXPECT_EQ(json::rfc3339(WallTime()), "1970-01-01T00:00:00.000Z");
}

TEST(JsonTime, IsReadBack) {
  const WallTime time(1'700'000'000s + 7ms);
  EXPECT_EQ(json::parse_rfc3339(json::rfc3339(time)), time);
  EXPECT_EQ(json::parse_rfc3339("2023-11-14T23:13:20.007+01:00"), time);
  EXPECT_EQ(json::parse_rfc3339("2023-11-14 17:43:20.007-04:30"), time);
  EXPECT_EQ(json::parse_rfc3339("2023-11-14t22:13:20z"), WallTime(1'700'000'000s));
  EXPECT_EQ(json::parse_rfc3339("2023-11-14T22:13:20.0070000009Z"), time);
  EXPECT_EQ(json::parse_rfc3339("2016-12-31T23:59:60Z"),
            json::parse_rfc3339("2017-01-01T00:00:00Z"));
}

TEST(JsonTime, NothingElseIs) {
  for (const char* text :
       {"", "2023", "2023-11-14", "2023-11-14T22:13:20", "2023-11-14T22:13Z",
        "2023-02-29T00:00:00Z", "2023-11-14T24:00:00Z", "2023-11-14T22:13:20.Z",
        "2023-11-14T22:13:20+0100", "2023-11-14T22:13:20ZZ", "2023-11-14T22:13:20+1",
        "9999-01-01T00:00:00Z", "+023-11-14T22:13:20Z"}) {
    EXPECT_EQ(json::parse_rfc3339(text), std::nullopt) << text;
  }
}

TEST(Json, ResultHasTheKeysOfTheContract) {
  const auto board = test::small_board();
  const auto status = board->status(0);
  const object result = written(
      [&](json::Writer& out) { json::write_result(out, board->plan().probes[0], *status.last); });
  EXPECT_THAT(keys(result),
              testing::IsSupersetOf({"probe", "target", "success", "reason", "phase", "message",
                                     "timings", "attempts", "certificate"}));
  EXPECT_EQ(result.at("target").as_string(), "beacon.example.com:443");
  EXPECT_TRUE(result.at("phase").is_null());
  EXPECT_THAT(keys(result.at("timings").as_object()),
              testing::ElementsAre("resolve", "connect", "proxy", "tls", "request", "total"));
  EXPECT_DOUBLE_EQ(result.at("timings").at("connect").as_double(), 0.001234);
  EXPECT_TRUE(result.at("timings").at("proxy").is_null());
  EXPECT_EQ(boost::json::serialize(result.at("attempts").at(1)),
            R"({"address":"2001:db8::1","port":443,"success":false,"reason":"admin_prohibited",)"
            R"("phase":"connect","errno":113,"offender":"192.0.2.254","seconds":1.234E-3})");
  EXPECT_THAT(keys(result.at("certificate").as_object()),
              testing::ElementsAre("subject", "issuer", "names", "not_before", "not_after",
                                   "fingerprint_sha256", "ocsp_urls", "issuer_urls", "crl_urls",
                                   "position"));
  EXPECT_EQ(boost::json::serialize(result.at("certificate").at("ocsp_urls")),
            R"(["http://ocsp.example.com/"])");
  EXPECT_EQ(result.at("certificate").at("position").as_string(), "leaf");
  EXPECT_EQ(result.at("tls").at("chain").as_array().size(), 2u);
  EXPECT_EQ(boost::json::serialize(result.at("tls").at("revocation")),
            R"({"status":"revoked","source":"crl","subject":"CN=Lab",)"
            R"("message":"CN=Lab was revoked","until":"2023-11-16T02:00:00.000Z"})");
}

TEST(Json, FactsOfAKindHaveAKeyOfTheirOwn) {
  const auto board = test::small_board();
  const auto status = board->status(1);
  const object result = written(
      [&](json::Writer& out) { json::write_result(out, board->plan().probes[1], *status.last); });
  EXPECT_TRUE(result.at("certificate").is_null());
  EXPECT_EQ(result.at("http").at("status").as_int64(), 404);
  EXPECT_DOUBLE_EQ(result.at("http").at("clock_offset").as_double(), -1.5);
  EXPECT_FALSE(result.contains("tls"));
}

TEST(Json, PathSaysWhereTheWayEnds) {
  const auto board = test::small_board();
  auto path = std::make_shared<Path>();
  path->target = {.address = IpAddress::v4(0xc6336401), .port = 443};
  path->time = WallTime(1'700'000'000s);
  path->hops.push_back({.number = 1, .address = std::nullopt});
  path->hops.push_back({.number = 2, .address = IpAddress::parse("10.0.1.1"), .duration = 2500us});
  path->message = "look there";
  board->update(1, [&path](engine::CheckStatus& status) { status.path = path; });
  const config::Plan& plan = board->plan();
  const object row = written([&](json::Writer& out) {
    json::write_check_status(out, plan, plan.checks[1], board->status(1));
  });
  EXPECT_EQ(boost::json::serialize(row.at("path")),
            R"({"target":"198.51.100.1:443","time":"2023-11-14T22:13:20.000Z","end":"silent",)"
            R"("reached":false,"hops":[{"hop":1,"address":null,"seconds":null},)"
            R"({"hop":2,"address":"10.0.1.1","seconds":2.5E-3}],)"
            R"("last_hop":{"hop":2,"address":"10.0.1.1","seconds":2.5E-3},"offender":null,)"
            R"("message":"look there"})");
  const object never = written([&](json::Writer& out) {
    json::write_check_status(out, plan, plan.checks[0], board->status(0));
  });
  EXPECT_TRUE(never.at("path").is_null());

  Outcome outcome = *board->status(1).last;
  EXPECT_FALSE(written([&](json::Writer& out) {
                 json::write_result(out, plan.probes[1], outcome);
               }).contains("path"));
  path->hops.clear();
  path->end = Path::End::rejected;
  path->offender = IpAddress::parse("10.0.1.1");
  outcome.path = path;
  const object result =
      written([&](json::Writer& out) { json::write_result(out, plan.probes[1], outcome); });
  EXPECT_EQ(result.at("path").at("end").as_string(), "rejected");
  EXPECT_EQ(result.at("path").at("offender").as_string(), "10.0.1.1");
  EXPECT_TRUE(result.at("path").at("last_hop").is_null());
}

TEST(Json, PlanRowHasTheKeysOfTheContract) {
  const config::Plan plan = test::small_plan();
  const object row =
      written([&](json::Writer& out) { json::write_plan_row(out, plan, plan.checks[0]); });
  EXPECT_THAT(keys(row), testing::IsSupersetOf({"check", "name", "product", "requirement",
                                                "necessity", "evidence", "severity", "direction",
                                                "probe", "target", "host", "port", "transport",
                                                "device", "device_type", "purpose", "interval"}));
  EXPECT_EQ(row.at("severity").as_string(), "critical");
  EXPECT_EQ(row.at("interval").as_int64(), 30);
  EXPECT_EQ(row.at("labels").at("site").as_string(), "ams");
  EXPECT_TRUE(row.at("device").is_null());
}

TEST(Json, WhatACheckDoesNotHaveIsNull) {
  const config::Plan plan = test::small_plan();
  const object row =
      written([&](json::Writer& out) { json::write_plan_row(out, plan, plan.checks[2]); });
  EXPECT_TRUE(row.at("requirement").is_null());
  EXPECT_TRUE(row.at("port").is_null());
  EXPECT_TRUE(row.at("purpose").is_null());
}

TEST(Json, CheckRowAddsStateAndResult) {
  const auto board = test::small_board();
  const config::Plan& plan = board->plan();
  const object never = written([&](json::Writer& out) {
    engine::CheckStatus status;
    status.why = "not probed";
    json::write_check_row(out, plan, plan.checks[2], status);
  });
  EXPECT_EQ(never.at("state").as_string(), "unknown");
  EXPECT_EQ(never.at("why").as_string(), "not probed");
  EXPECT_TRUE(never.at("result").is_null());
  auto status = board->status(1);
  status.modifiers = {.dependency = true, .maintenance = true};
  const object down = written(
      [&](json::Writer& out) { json::write_check_status(out, plan, plan.checks[1], status); });
  EXPECT_EQ(down.at("state").as_string(), "down");
  EXPECT_EQ(down.at("result").at("reason").as_string(), "http_status");
  EXPECT_EQ(down.at("results").at("http_status").as_int64(), 3);
  EXPECT_EQ(down.at("last_change").as_string(), "2023-11-14T22:14:10.000Z");
  EXPECT_EQ(boost::json::serialize(down.at("suppressed_by")), R"(["dependency","maintenance"])");
}

TEST(Json, RequirementNamesItsRefOrItsTable) {
  const config::Plan plan = test::small_plan();
  const object row = written(
      [&](json::Writer& out) { json::write_requirement(out, *plan.checks[0].requirement); });
  EXPECT_EQ(row.at("ref").as_string(), "3");
  EXPECT_FALSE(row.contains("table"));
  EXPECT_EQ(row.at("transport").as_string(), "tcp");
  EXPECT_EQ(row.at("sources").as_array().size(), 1u);
  EXPECT_TRUE(row.at("device_type").as_array().empty());
}

TEST(Json, ValidationListsEveryErrorWithItsPlace) {
  Diagnostics diagnostics;
  EXPECT_EQ(text_of([&](json::Writer& out) { json::write_validation(out, diagnostics); }),
            R"({"valid":true,"errors":[]})");
  diagnostics.error({.file = std::make_shared<const std::string>("a.yaml"), .line = 2, .column = 3},
                    "unknown key");
  EXPECT_EQ(text_of([&](json::Writer& out) { json::write_validation(out, diagnostics); }),
            R"({"valid":false,"errors":[{"file":"a.yaml","line":2,"column":3,)"
            R"("message":"unknown key"}]})");
}

}  // namespace
}  // namespace reachd
