#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <set>

#include "daemon/log/log.hpp"
#include "tests/daemon/http_sink_fixture.hpp"
#include "tests/support/ports.hpp"

namespace reachd::test {
namespace {

using namespace std::chrono_literals;
using alert::Receipt;
using How = alert::Receipt::How;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

event::Alert plain_alert(const std::string& id, WallTime since) {
  event::Alert alert;
  alert.name = event::AlertName::required_port_closed;
  alert.severity = config::Severity::critical;
  alert.vantage = "beacon-1";
  alert.since = since;
  alert.check.emplace().id = id;
  alert.key = "RequiredPortClosed|" + id;
  return alert;
}

event::Alert full_alert(WallTime since) {
  event::Alert alert = plain_alert("flexera.3.batch-server/batch.example.com:443", since);
  alert.reason = "refused";
  alert.phase = "connect";
  alert.message = "the port is closed";
  alert.address = "192.0.2.7:443";
  alert.offender = "192.0.2.1";
  alert.path = "nobody answers behind 192.0.2.1";
  alert.affected = {"custom/a", "custom/b"};
  alert.affected_count = 4;
  alert.flapping = true;
  event::Identity& check = *alert.check;
  check.product = "beacon";
  check.requirement = "3.batch-server";
  check.target = "https://batch.example.com/";
  check.port = 443;
  check.probe = "http";
  check.labels = {{"site", "ams"}};
  return alert;
}

/// The log's lines go to a file while it lives.
class LogToFile {
 public:
  LogToFile() { log::configure({.out = file_}); }
  LogToFile(const LogToFile&) = delete;
  LogToFile& operator=(const LogToFile&) = delete;
  ~LogToFile() {
    log::configure({});
    std::fclose(file_);
  }
  std::string text() {
    std::fflush(file_);
    std::rewind(file_);
    std::string result(std::size_t{64} * 1024, '\0');
    result.resize(std::fread(result.data(), 1, result.size(), file_));
    return result;
  }

 private:
  std::FILE* file_ = std::tmpfile();
};

std::size_t count(std::string_view text, std::string_view word) {
  std::size_t found = 0;
  for (std::size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    ++found;
  }
  return found;
}

class AlertmanagerTest : public ::testing::Test {
 protected:
  static alert::MadeSink make(const std::string& url) {
    return SinkLab::make(alert::alertmanager_sink(), params({{"urls", list({text(url)})}}));
  }

  Receipt send(alert::StateSink& sink, const std::vector<event::Alert>& alerts) {
    const auto attempt = [&]() -> asio::awaitable<Receipt> {
      net::Deadline deadline(lab_.lab.deadlines, system_clock().steady_now() + lab_.timeout);
      Receipt receipt = co_await sink.send(lab_.run_with(deadline), alerts);
      co_return receipt;
    };
    return run(lab_.lab.context, attempt());
  }

  /// Sends to a server that answers as told.
  Receipt answered(std::function<std::string(const Request&)> answer,
                   const std::vector<event::Alert>& alerts) {
    LoopbackServer server(lab_.lab.context, receiver(got_, std::move(answer)));
    const auto made = make("http://" + server.target());
    return send(*made.states.at(0), alerts);
  }

  std::string body_of(const event::Alert& alert) {
    got_.clear();
    EXPECT_EQ(answered({}, {alert}).how, How::delivered);
    return got_.size() == 1 ? got_[0].body : "";
  }

  SinkLab lab_;
  std::vector<Request> got_;
  const WallTime noon_ = lab_.clock.wall;
};

// peers.md, 6.1: identity in the labels alone, endsAt four resends ahead while it fires.
TEST_F(AlertmanagerTest, TellsAFiringAlert) {
  const event::Alert alert = full_alert(noon_ - 10min);
  const Receipt receipt = answered({}, {alert});
  EXPECT_EQ(receipt.how, How::delivered) << receipt.why;
  ASSERT_EQ(got_.size(), 1U);
  EXPECT_EQ(got_[0].line(), "POST /api/v2/alerts HTTP/1.1");
  EXPECT_EQ(got_[0].header("Content-Type"), "application/json");
  EXPECT_EQ(
      got_[0].body,
      R"([{"labels":{"alertname":"RequiredPortClosed","severity":"critical","vantage":"beacon-1",)"
      R"("product":"beacon","check":"flexera.3.batch-server/batch.example.com:443",)"
      R"("requirement":"3.batch-server","target":"https://batch.example.com/","port":"443",)"
      R"("site":"ams"},"annotations":{"summary":"the port is closed","reason":"refused",)"
      R"("phase":"connect","address":"192.0.2.7:443","offender":"192.0.2.1",)"
      R"("path":"nobody answers behind 192.0.2.1",)"
      R"("since":"2026-11-22T11:50:00.000Z","affected":"custom/a, custom/b and 2 more",)"
      R"("affected_count":"4","flapping":"true"},"startsAt":"2026-11-22T11:50:00.000Z",)"
      R"("endsAt":"2026-11-22T12:04:00.000Z","generatorURL":)"
      R"("https://reachd.example.com:9790/?check=flexera.3.batch-server/batch.example.com:443"}])");
}

TEST_F(AlertmanagerTest, TheEndFollowsTheResendUpFromAMinute) {
  const event::Alert alert = plain_alert("custom/a", noon_);
  lab_.resend = 1s;
  EXPECT_THAT(body_of(alert), HasSubstr(R"("endsAt":"2026-11-22T12:04:00.000Z")"));
  lab_.resend = 5min;
  EXPECT_THAT(body_of(alert), HasSubstr(R"("endsAt":"2026-11-22T12:20:00.000Z")"));
}

TEST_F(AlertmanagerTest, TellsTheEndOfAnAlert) {
  event::Alert alert = plain_alert("custom/a", noon_ - 10min);
  alert.ended = noon_ - 5min;
  EXPECT_THAT(body_of(alert), HasSubstr(R"("startsAt":"2026-11-22T11:50:00.000Z",)"
                                        R"("endsAt":"2026-11-22T11:55:00.000Z")"));
}

// An alert that ends before it starts is invalid, one that ends in the future still fires.
TEST_F(AlertmanagerTest, AClockThatWasSetBackDoesNotShow) {
  event::Alert alert = plain_alert("custom/a", noon_ + 1h);
  EXPECT_THAT(body_of(alert), HasSubstr(R"("startsAt":"2026-11-22T12:00:00.000Z",)"
                                        R"("endsAt":"2026-11-22T12:04:00.000Z")"));
  alert.ended = noon_ + 2h;
  EXPECT_THAT(body_of(alert), HasSubstr(R"("startsAt":"2026-11-22T12:00:00.000Z",)"
                                        R"("endsAt":"2026-11-22T12:00:00.000Z")"));
  alert.since = noon_ - 1min;
  alert.ended = noon_ - 2min;
  EXPECT_THAT(body_of(alert), HasSubstr(R"("startsAt":"2026-11-22T11:59:00.000Z",)"
                                        R"("endsAt":"2026-11-22T11:59:00.000Z")"));
}

TEST_F(AlertmanagerTest, LeavesOutWhatIsEmptyUnknownOrNoLabel) {
  event::Alert alert = plain_alert("device/rack-1", noon_);
  alert.check->labels = {
      {"si-te", "a"}, {"__x", "a"}, {"severity", "none"}, {"e", ""}, {"ok", "a\xff"}};
  lab_.external_url.clear();
  EXPECT_EQ(body_of(alert),
            R"([{"labels":{"alertname":"RequiredPortClosed","severity":"critical",)"
            R"("vantage":"beacon-1","check":"device/rack-1","ok":")"
            "a\xef\xbf\xbd"
            R"("},"annotations":{"since":"2026-11-22T12:00:00.000Z"},)"
            R"("startsAt":"2026-11-22T12:00:00.000Z","endsAt":"2026-11-22T12:04:00.000Z"}])");
}

TEST_F(AlertmanagerTest, TellsTheDaemonsOwnTrouble) {
  event::Alert alert;
  alert.name = event::AlertName::monitor_degraded;
  alert.severity = config::Severity::warning;
  alert.vantage = "beacon-1";
  alert.since = noon_;
  alert.message = "the journal can't be written";
  EXPECT_THAT(body_of(alert),
              HasSubstr(R"("labels":{"alertname":"MonitorDegraded","severity":"warning",)"
                        R"("vantage":"beacon-1"},"annotations":{"summary":"the journal)"));
  EXPECT_THAT(body_of(alert), HasSubstr(R"("generatorURL":"https://reachd.example.com:9790/"}])"));
}

TEST_F(AlertmanagerTest, EveryInstanceIsASinkAndAPrefixStays) {
  LoopbackServer server(lab_.lab.context, receiver(got_));
  const std::string base = "http://" + server.target();
  const auto made = SinkLab::make(
      alert::alertmanager_sink(),
      params({{"urls", list({text(base), text(base + "/am/"), text("https://am2.example")})},
              {"timeout", text("20s")}}));
  EXPECT_FALSE(made.events);
  ASSERT_EQ(made.states.size(), 3U);
  EXPECT_EQ(made.states[0]->title(), base);
  EXPECT_EQ(made.states[1]->title(), base);
  EXPECT_EQ(made.states[2]->title(), "https://am2.example");
  EXPECT_EQ(made.states[0]->timeout(), 20s);
  send(*made.states[0], {plain_alert("custom/a", noon_)});
  send(*made.states[1], {plain_alert("custom/a", noon_)});
  ASSERT_EQ(got_.size(), 2U);
  EXPECT_EQ(got_[0].line(), "POST /api/v2/alerts HTTP/1.1");
  EXPECT_EQ(got_[1].line(), "POST /am/api/v2/alerts HTTP/1.1");
}

TEST_F(AlertmanagerTest, TriesAgainAfterTrouble) {
  const std::vector<event::Alert> alerts{plain_alert("custom/a", noon_),
                                         plain_alert("custom/b", noon_)};
  for (const char* status :
       {"500 Broken", "503 Busy", "404 Not Found", "401 Unauthorized", "302 Found"}) {
    got_.clear();
    const Receipt receipt =
        answered([&](const Request&) { return response(status, "Retry-After: 7\r\n"); }, alerts);
    EXPECT_EQ(receipt.how, How::retry) << status;
    EXPECT_THAT(receipt.why, HasSubstr(std::string("HTTP ") + status));
    EXPECT_EQ(receipt.retry_after.has_value(), std::string_view(status).starts_with("503"));
    EXPECT_EQ(got_.size(), 1U) << status;
  }
  const ClosedPort port(lab_.lab.context);
  const auto made = make("http://" + port.endpoint().to_string());
  EXPECT_EQ(send(*made.states[0], alerts).how, How::retry);
}

/// Refuses every request that holds such a check, whole.
std::function<std::string(const Request&)> refusing(const std::string& word, const char* status) {
  return [=](const Request& request) {
    return request.body.contains(word) ? response(status, "", R"("bad alert")")
                                       : response("200 OK");
  };
}

TEST_F(AlertmanagerTest, FindsTheWrongAlertAndLosesNoOther) {
  std::vector<event::Alert> alerts;
  std::set<std::string> good;
  for (int i = 0; i < 256; ++i) {
    const bool bad = i == 77 || i == 200;
    alerts.push_back(plain_alert((bad ? "bad/" : "good/") + std::to_string(i), noon_));
    if (!bad) {
      good.insert("\"good/" + std::to_string(i) + "\"");
    }
  }
  LogToFile log;
  std::vector<Request> taken;
  const auto refuse = refusing("bad/", "400 Bad Request");
  const Receipt receipt = answered(
      [&](const Request& request) {
        if (!request.body.contains("bad/")) {
          taken.push_back(request);
        }
        return refuse(request);
      },
      alerts);
  EXPECT_EQ(receipt.how, How::refused);
  EXPECT_EQ(receipt.why, "2 of 256 alerts were refused: HTTP 400 Bad Request: \"bad alert\"");
  EXPECT_THAT(log.text(), HasSubstr("RequiredPortClosed|bad/77, RequiredPortClosed|bad/200"));
  std::size_t told = 0;
  for (const Request& request : taken) {
    told += static_cast<std::size_t>(
        std::ranges::count_if(good, [&](const auto& id) { return request.body.contains(id); }));
  }
  EXPECT_EQ(told, good.size());
  EXPECT_LE(got_.size(), 40U);
}

TEST_F(AlertmanagerTest, SaysWhatIsLeftWhereTheTimeEndsBeforeAllIsSortedOut) {
  std::vector<event::Alert> alerts;
  for (int i = 0; i < 8; ++i) {
    alerts.push_back(plain_alert((i == 5 ? "bad/" : "good/") + std::to_string(i), noon_));
  }
  const LogToFile quiet;
  // 8 are refused, the first 4 taken, the others refused, 4 and 5 refused; then the trouble begins.
  const auto refuse = refusing("bad/", "400 Bad Request");
  const auto at_most = [&](std::size_t most) {
    got_.clear();
    return answered(
        [&, most](const Request& request) {
          return got_.size() < most ? refuse(request) : response("503 Service Unavailable");
        },
        alerts);
  };
  Receipt receipt = at_most(4);
  EXPECT_EQ(receipt.how, How::retry);
  EXPECT_THAT(receipt.left, ElementsAre(4, 5, 6, 7));
  receipt = at_most(5);
  EXPECT_THAT(receipt.left, ElementsAre(4, 5)) << "6 and 7 were taken";
  receipt = at_most(6);
  EXPECT_THAT(receipt.left, ElementsAre(5));
  EXPECT_EQ(at_most(7).how, How::refused);
}

TEST_F(AlertmanagerTest, GivesUpHalvingWhereAllIsRefused) {
  std::vector<event::Alert> alerts;
  for (int i = 0; i < 256; ++i) {
    alerts.push_back(plain_alert("custom/" + std::to_string(i), noon_));
  }
  const LogToFile quiet;
  const Receipt receipt = answered(refusing("custom/", "413 Content Too Large"), alerts);
  EXPECT_EQ(receipt.how, How::refused);
  EXPECT_THAT(receipt.why, HasSubstr("256 of 256"));
  EXPECT_LE(got_.size(), 140U);
}

TEST_F(AlertmanagerTest, WarnsOnceAnHourOfAClockThatDiffers) {
  const auto dated = [](const char* time, const char* more = "") {
    return response("200 OK", std::string("Date: Sun, 22 Nov 2026 ") + time + " GMT\r\n" + more);
  };
  std::string answer;
  LoopbackServer server(lab_.lab.context, receiver(got_, [&](const Request&) { return answer; }));
  const auto log_after = [&](std::initializer_list<std::string> answers) {
    LogToFile log;
    const auto made = make("http://" + server.target());
    for (const std::string& each : answers) {
      answer = each;
      EXPECT_EQ(send(*made.states[0], {plain_alert("custom/a", noon_)}).how, How::delivered);
    }
    return log.text();
  };
  EXPECT_EQ(log_after({dated("12:00:08"), dated("11:59:52"), response("200 OK"),
                       dated("11:00:00", "Age: 3600\r\n")}),
            "");
  const std::string ahead = log_after({dated("12:05:00"), dated("12:05:00")});
  EXPECT_EQ(count(ahead, "the clock of this Alertmanager differs"), 1U) << ahead;
  EXPECT_THAT(ahead, HasSubstr("ahead"));
  EXPECT_THAT(ahead, HasSubstr("300"));
  EXPECT_THAT(ahead, HasSubstr(server.target()));
  EXPECT_THAT(log_after({dated("11:58:00")}), HasSubstr("behind"));
}

TEST_F(AlertmanagerTest, TheDeadlineEndsTheWait) {
  lab_.timeout = 150ms;
  LoopbackServer silent(lab_.lab.context, mute());
  const auto made = make("http://" + silent.target());
  const Receipt receipt = send(*made.states[0], {plain_alert("custom/a", noon_)});
  EXPECT_EQ(receipt.how, How::retry);
  EXPECT_THAT(receipt.why, Not(""));
}

TEST_F(AlertmanagerTest, SpeaksTlsWithCredentials) {
  const TestCa ca;
  const TempFile ca_file(ca.certificate());
  LoopbackServer server(lab_.lab.context, receiver(got_), ServerTls{.identity = ca.issue()});
  const auto made = SinkLab::make(alert::alertmanager_sink(),
                                  params({{"urls", list({text("https://" + server.target())})},
                                          {"tls", params({{"ca_file", text(ca_file.path())}})},
                                          {"user", text("reachd")},
                                          {"password", text("hunter2hunter2")}}));
  const Receipt receipt = send(*made.states[0], {plain_alert("custom/a", noon_)});
  EXPECT_EQ(receipt.how, How::delivered) << receipt.why;
  ASSERT_EQ(got_.size(), 1U);
  EXPECT_EQ(got_[0].header("Authorization"), "Basic cmVhY2hkOmh1bnRlcjJodW50ZXIy");
}

TEST_F(AlertmanagerTest, ReportsWrongSettings) {
  const auto problem = [](const Value& values) {
    return SinkLab::problems(alert::alertmanager_sink(), values);
  };
  EXPECT_THAT(problem(params({})), HasSubstr("urls is missing"));
  EXPECT_THAT(problem(params({{"urls", list({text("am1:9093")})}})), HasSubstr("takes a URL"));
  EXPECT_THAT(problem(params({{"urls", list({text("http://am1:9093/?a=b")})}})),
              HasSubstr("has no query"));
  EXPECT_THAT(problem(params({{"urls", list({text("http://am1:9093/am/api/v2/alerts/")})}})),
              HasSubstr("leave out /api/v2/alerts, which is added: http://am1:9093/am"));
  EXPECT_THAT(problem(params({{"urls", text("http://am1")}, {"url", text("x")}})),
              HasSubstr("did you mean urls?"));
}

}  // namespace
}  // namespace reachd::test
