// `reachd events` and `reachd report` on a journal as a daemon writes it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <ostream>
#include <sstream>
#include <streambuf>
#include <thread>

#include "daemon/cli/cli.hpp"
#include "daemon/json/event.hpp"
#include "daemon/json/report.hpp"
#include "daemon/json/time.hpp"
#include "tests/daemon/journal_fixture.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using journal::Ear;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const WallTime kTime{std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + 10h + 1ms};

event::Event event_of(std::int64_t number, event::Kind kind, const std::string& check,
                      const std::string& message) {
  event::Event event;
  event.id = journal::event_row(number).id;
  event.time = kTime + std::chrono::minutes(number);
  event.kind = kind;
  event.vantage = "here";
  if (!check.empty()) {
    event.check.emplace();
    event.check->id = check;
    event.check->name = check;
  }
  event.message = message;
  return event;
}

journal::EventRow row_of(std::int64_t sequence, const event::Event& event) {
  return {.sequence = sequence,
          .id = event.id,
          .time = event.time,
          .kind = std::string(to_string(event.kind)),
          .check = event.check ? event.check->id : "",
          .body = json::event_text(event)};
}

struct Ran {
  int code = -1;
  std::string out;
  std::string err;
};

class CommandLine : public testing::Test {
 protected:
  CommandLine() {
    state_ = folder_.path() + "/state";
    std::ofstream(config_) << "vantage: here\nstate_dir: " << state_ << "\n";
    options_.folder = state_;
  }

  Ran run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "reachd");
    arguments.insert(arguments.end(), {"--config", config_});
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) {
      argv.push_back(argument.c_str());
    }
    std::ostringstream out;
    std::ostringstream err;
    cli::Context context{.out = out, .err = err, .chosen = {}};
    const int code = cli::run(static_cast<int>(argv.size()), argv.data(), context);
    return {code, out.str(), err.str()};
  }

  std::unique_ptr<journal::Journal> open() { return open_journal(options_, system_clock(), ear_); }

  /// Three events: one goes down, one is held back, the daemon starts.
  void fill() {
    const auto journal = open();
    journal::Entry entry;
    entry.events.push_back(row_of(1, event_of(1, event::Kind::daemon_started, "", "started")));
    event::Event down = event_of(2, event::Kind::check_down, "web/a", "nobody answers");
    down.evidence.attempts.push_back({.time = kTime,
                                      .address = "10.0.0.1:443",
                                      .reason = "timeout",
                                      .phase = "connect",
                                      .error_number = 0,
                                      .duration = 5s});
    down.evidence.offender = "10.9.9.9";
    entry.events.push_back(row_of(2, down));
    event::Event held = event_of(3, event::Kind::check_down, "web/b", "nobody \x1b[31manswers");
    held.suppressed_by = engine::Modifier::dependency;
    held.parent = "core-router";
    entry.events.push_back(row_of(3, held));
    EXPECT_TRUE(write_and_wait(*journal, std::move(entry)));
  }

  journal::Folder folder_;
  std::string state_;
  std::string config_ = folder_.path() + "/reachd.yaml";
  journal::Options options_;
  Ear ear_;
};

TEST_F(CommandLine, EventsSayThatThereIsNoJournalYet) {
  const Ran ran = run({"events"});
  EXPECT_EQ(ran.code, cli::kFailed);
  EXPECT_THAT(ran.err, HasSubstr("there is no journal at"));
  EXPECT_THAT(ran.out, IsEmpty());
  EXPECT_EQ(run({"report"}).code, cli::kFailed);
}

TEST_F(CommandLine, EventsAreALineEach) {
  fill();
  const Ran ran = run({"events"});
  EXPECT_EQ(ran.code, cli::kOk);
  EXPECT_EQ(ran.out,
            "2026-11-22T10:01:00.001Z  daemon.started        -  started\n"
            "2026-11-22T10:02:00.001Z  check.down            web/a  nobody answers; "
            "10.0.0.1:443 timeout after 5.0 s, sent by 10.9.9.9\n"
            "2026-11-22T10:03:00.001Z  check.down            web/b  nobody ?[31manswers  "
            "[held back by dependency on core-router]\n");
  EXPECT_EQ(ran.err, "");
}

TEST_F(CommandLine, EventsAreFiltered) {
  fill();
  EXPECT_THAT(run({"events", "--check", "web/*", "--limit", "1"}).out,
              testing::AllOf(HasSubstr("web/b"), Not(HasSubstr("web/a"))));
  EXPECT_THAT(run({"events", "--limit", "1"}).err, HasSubstr("There are older ones"));
  EXPECT_THAT(run({"events", "--kind", "daemon.started"}).out, Not(HasSubstr("web/")));
  EXPECT_THAT(run({"events", "--since", "2026-11-22T10:02:30Z"}).out,
              testing::AllOf(HasSubstr("web/b"), Not(HasSubstr("web/a"))));
  EXPECT_THAT(run({"events", "--until", "2026-11-22T11:01:30+01:00"}).out,
              testing::AllOf(HasSubstr("started"), Not(HasSubstr("web/"))));
  EXPECT_THAT(run({"events", "--check", "no/*"}).out, IsEmpty());
}

TEST_F(CommandLine, EventsAsJsonAreWhatTheJournalHas) {
  fill();
  EXPECT_EQ(run({"events", "--json", "--kind", "daemon.started"}).out,
            json::event_text(event_of(1, event::Kind::daemon_started, "", "started")) + "\n");
}

TEST_F(CommandLine, WrongUseIsSaidBeforeTheJournalIsLookedFor) {
  EXPECT_EQ(run({"events", "--kind", "check.dwon"}).code, cli::kUsage);
  EXPECT_EQ(run({"events", "--since", "yesterday"}).code, cli::kUsage);
  EXPECT_THAT(run({"events", "--since", "yesterday"}).err, HasSubstr("neither a duration"));
  EXPECT_EQ(run({"events", "--limit", "0"}).code, cli::kUsage);
  EXPECT_EQ(run({"report", "--to", "1h"}).code, cli::kUsage);
  EXPECT_EQ(run({"report", "--from", "1h", "--to", "2h"}).code, cli::kUsage);
  EXPECT_EQ(run({"report", "--by", "colour"}).code, cli::kUsage);
}

/// Takes what is printed, until nobody wants it any more.
class Screen final : public std::streambuf {
 public:
  bool wait_for(const std::string& text) {
    std::unique_lock lock(mutex_);
    return printed_.wait_for(lock, Ear::kGuard,
                             [&] { return text_.find(text) != std::string::npos; });
  }
  void close() {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
  }

 protected:
  int_type overflow(int_type c) override {
    const char byte = traits_type::to_char_type(c);
    return xsputn(&byte, 1) == 1 ? c : traits_type::eof();
  }
  std::streamsize xsputn(const char* bytes, std::streamsize count) override {
    const std::scoped_lock lock(mutex_);
    if (closed_) {
      return 0;
    }
    text_.append(bytes, static_cast<std::size_t>(count));
    printed_.notify_all();
    return count;
  }

 private:
  std::mutex mutex_;
  std::condition_variable printed_;
  std::string text_;
  bool closed_ = false;
};

TEST_F(CommandLine, EventsAreFoundByIdByGlobAndByName) {
  fill();
  {
    const auto journal = open();
    journal::Entry entry;
    journal::CheckRow& row = entry.checks.emplace_back();
    row.check = "web/a";
    row.name = "Shop front";
    EXPECT_TRUE(write_and_wait(*journal, std::move(entry)));
  }
  for (const char* check : {"web/a", "*/a", "Shop front"}) {
    const Ran ran = run({"events", "--check", check});
    EXPECT_THAT(ran.out, HasSubstr("nobody answers")) << check;
    EXPECT_THAT(ran.out, Not(HasSubstr("web/b"))) << check;
    EXPECT_THAT(ran.err, IsEmpty()) << check;
  }
  const Ran gone = run({"events", "--check", "web/b"});
  EXPECT_THAT(gone.out, HasSubstr("web/b")) << "it is not configured any more, but has events";
  EXPECT_THAT(gone.err, IsEmpty());
  const Ran wrong = run({"events", "--check", "product=custom"});
  EXPECT_EQ(wrong.code, cli::kOk);
  EXPECT_THAT(wrong.out, IsEmpty());
  EXPECT_THAT(wrong.err, HasSubstr("no check has the name, or an id like, \"product=custom\""));
}

TEST_F(CommandLine, ADayIsATime) {
  fill();
  EXPECT_THAT(run({"events", "--since", "2026-11-22"}).out, HasSubstr("started"));
  EXPECT_THAT(run({"events", "--since", "2026-11-23"}).out, IsEmpty());
  EXPECT_THAT(run({"events", "--until", "2026-11-22"}).out, IsEmpty());
  EXPECT_EQ(run({"events", "--since", "2026-11-31"}).code, cli::kUsage);
}

TEST_F(CommandLine, WhoMayReadTheJournalNeedsNoSecrets) {
  fill();
  std::ofstream(config_, std::ios::app)
      << "alerting: {sinks: [{name: hook, type: webhook, url_file: not-for-everybody}]}\n";
  EXPECT_EQ(run({"validate"}).code, cli::kUsage);
  const Ran ran = run({"events"});
  EXPECT_EQ(ran.code, cli::kOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("nobody answers"));
  EXPECT_EQ(run({"report"}).code, cli::kOk);
}

TEST_F(CommandLine, FollowingShowsWhatHappensUntilNobodyListens) {
  fill();
  Screen screen;
  std::thread follower([&] {
    std::ostream out(&screen);
    std::ostringstream err;
    cli::Context context{.out = out, .err = err, .chosen = {}};
    const std::array argv{"reachd", "events", "--follow", "--config", config_.c_str()};
    EXPECT_EQ(cli::run(argv.size(), argv.data(), context), cli::kOk);
  });
  EXPECT_TRUE(screen.wait_for("web/b"));
  const auto journal = open();
  journal::Entry entry;
  entry.events.push_back(row_of(4, event_of(4, event::Kind::check_up, "web/new", "it answers")));
  EXPECT_TRUE(write_and_wait(*journal, std::move(entry)));
  EXPECT_TRUE(screen.wait_for("web/new  it answers\n"));
  screen.close();
  journal::Entry last;
  last.events.push_back(row_of(5, event_of(5, event::Kind::check_up, "web/last", "it answers")));
  EXPECT_TRUE(write_and_wait(*journal, std::move(last)));
  follower.join();
}

TEST_F(CommandLine, TheReportHasAColumnAWindow) {
  const auto journal = open();
  const WallTime now = system_clock().wall_now();
  journal::Entry entry;
  for (const std::string check : {"web/a", "web/b"}) {
    journal::CheckRow row;
    row.check = check;
    row.product = "shop";
    row.device = check == "web/a" ? "rack" : "";
    entry.checks.push_back(row);
    entry.transitions.push_back({.check = check, .time = now, .state = 1});
  }
  EXPECT_TRUE(write_and_wait(*journal, std::move(entry)));
  const Ran ran = run({"report"});
  EXPECT_EQ(ran.code, cli::kOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("check  24 h       not observed  7 d        not observed  30 d"));
  EXPECT_THAT(ran.out, HasSubstr("web/a  100.000 %  23h 59m       100.000 %  6d 23h"));
  EXPECT_THAT(run({"report", "--by", "device"}).out,
              testing::AllOf(HasSubstr("rack"), Not(HasSubstr("web/"))));
  const Ran one = run({"report", "--from", "1h", "--by", "product"});
  EXPECT_THAT(one.out, HasSubstr("available"));
  EXPECT_THAT(one.out, HasSubstr("shop"));
  EXPECT_THAT(run({"report", "--json"}).out, testing::StartsWith("[{\"from\":"));
}

TEST(Report, AddsUpByProductAndDevice) {
  using journal::Availability;
  const std::vector rows{Availability{.check = "web/a",
                                      .name = "a",
                                      .product = "shop",
                                      .device = "rack",
                                      .up = 1999999s,
                                      .degraded = 0s,
                                      .down = 1s,
                                      .not_observed = 0s},
                         Availability{.check = "web/b",
                                      .name = "b",
                                      .product = "",
                                      .device = "",
                                      .up = 0s,
                                      .degraded = 0s,
                                      .down = 0s,
                                      .not_observed = 2000000s}};
  std::string text;
  json::Writer out(text);
  json::write_report(out, WallTime(0s), WallTime(2000000s), rows);
  EXPECT_EQ(text,
            R"({"from":"1970-01-01T00:00:00.000Z","to":"1970-01-24T03:33:20.000Z","checks":[)"
            R"({"check":"web/a","name":"a","product":"shop","device":"rack","up":1999999,)"
            R"("degraded":0,"down":1,"not_observed":0,"availability":0.999999},)"
            R"({"check":"web/b","name":"b","product":null,"device":null,"up":0,"degraded":0,)"
            R"("down":0,"not_observed":2000000,"availability":null}],"products":[)"
            R"({"product":null,"up":0,"degraded":0,"down":0,"not_observed":2000000,)"
            R"("availability":null},{"product":"shop","up":1999999,"degraded":0,"down":1,)"
            R"("not_observed":0,"availability":0.999999}],"devices":[{"device":"rack",)"
            R"("up":1999999,"degraded":0,"down":1,"not_observed":0,"availability":0.999999}]})");
}

}  // namespace
}  // namespace reachd
