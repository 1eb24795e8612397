#include "daemon/platform/event_log.hpp"

#include <gmock/gmock.h>

#include <condition_variable>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <sstream>

#include "daemon/alert/sinks/windows_event_log.hpp"
#include "daemon/json/event.hpp"
#include "daemon/log/log.hpp"
#include "daemon/platform/service_log.hpp"
#include "probes/core/utf8.hpp"
#include "tests/daemon/delivery_lab.hpp"

namespace reachd::platform {
namespace {

using namespace std::chrono_literals;
using alert::event_log_entry;
using alert::event_log_id;
using event::Kind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string read(const std::string& name) {
  std::ifstream file(REACHD_SOURCE_DIR "/packaging/windows-service/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

constexpr std::size_t kPlenty = 1000;

TEST(EventLogString, KeepsWhatIsPlain) {
  EXPECT_EQ(event_log_string("Käse 100 %, 50% off", kPlenty), "Käse 100 %, 50% off");
}

TEST(EventLogString, EndsLinesAsWindowsDoes) {
  EXPECT_EQ(event_log_string("a\nb\r\nc\rd", kPlenty), "a\r\nb\r\ncd");
}

TEST(EventLogString, HasNoReferenceToAnotherString) {
  EXPECT_EQ(event_log_string("fe80::1%3 %%1 100%", kPlenty), "fe80::1% 3 %% 1 100%");
}

TEST(EventLogString, ControlCharactersAreBlanks) {
  EXPECT_EQ(event_log_string(std::string_view("a\0b\x1b[31m\x7f", 9), kPlenty), "a b [31m ");
}

TEST(EventLogString, StaysWithinItsBoundWithWholeCharacters) {
  EXPECT_EQ(event_log_string("aäb", 2), "a");
  EXPECT_EQ(event_log_string("aäb", 3), "aä");
  // What gets longer is cut as well.
  EXPECT_EQ(event_log_string("\n\n\n\n", 4), "\r\n\r\n");
  const std::string bad = event_log_string(std::string(40, '\xff'), 40);
  EXPECT_LE(bad.size(), 40U);
  EXPECT_TRUE(is_utf8(bad));
}

TEST(EventLogIds, EachKindHasItsOwn) {
  std::set<std::uint16_t> ids{kServiceStarted, kServiceStopped, kServiceWarning, kServiceError};
  for (std::size_t i = 0; i < event::kKinds; ++i) {
    EXPECT_TRUE(ids.insert(event_log_id(static_cast<Kind>(i))).second) << i;
  }
}

/// "check.down" to 100, as the code has it.
std::map<std::string, int> ids_of_the_code() {
  std::map<std::string, int> ids{{"service.started", kServiceStarted},
                                 {"service.stopped", kServiceStopped},
                                 {"service.warning", kServiceWarning},
                                 {"service.error", kServiceError}};
  for (std::size_t i = 0; i < event::kKinds; ++i) {
    const auto kind = static_cast<Kind>(i);
    ids[std::string(to_string(kind))] = event_log_id(kind);
  }
  return ids;
}

TEST(EventLogIds, TheMessageFileHasATextForEach) {
  std::istringstream lines(read("events.mc"));
  std::map<std::string, int> ids;
  int id = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("MessageId=")) {
      id = std::stoi(line.substr(10));
    } else if (line.starts_with("SymbolicName=REACHD_")) {
      std::string name = line.substr(20);
      std::ranges::transform(name, name.begin(),
                             [](char c) { return c == '_' ? '.' : static_cast<char>(c | 0x20); });
      ids[name] = id;
    }
  }
  EXPECT_EQ(ids, ids_of_the_code());
}

TEST(EventLogIds, TheDocumentationListsThem) {
  std::istringstream lines(read("README.md"));
  std::map<std::string, int> ids;
  for (std::string line; std::getline(lines, line);) {
    // | 100 | `check.down` | ...
    const std::size_t begin = line.find("| `");
    if (line.starts_with("| ") && begin != std::string::npos && line[2] >= '0' && line[2] <= '9') {
      const std::size_t end = line.find('`', begin + 3);
      ids[line.substr(begin + 3, end - begin - 3)] = std::stoi(line.substr(2));
    }
  }
  EXPECT_EQ(ids, ids_of_the_code());
}

TEST(EventLogEntry, SaysWhatHappenedAndWhatToDo) {
  const event::Event event = test::down_event();
  const std::string json = json::event_text(event);
  const LogEntry entry = event_log_entry(event, json);
  EXPECT_EQ(entry.id, 100);
  EXPECT_EQ(entry.level, LogEntry::Level::error);
  ASSERT_EQ(entry.strings.size(), 3U);
  EXPECT_EQ(entry.strings[0], "erp (erp.example.com:3300) is down");
  EXPECT_THAT(entry.strings[1], StartsWith(event.message + "\r\n\r\nAsk whoever runs"));
  EXPECT_THAT(entry.strings[1], HasSubstr("\r\nTarget: erp.example.com:3300\r\nReason: refused\r\n"
                                          "Since: 2026-11-22 10:54:45 UTC\r\n"
                                          "Seen from: beacon-1\r\nEvent: 01KAQ7J3W3"));
  EXPECT_EQ(entry.strings[2], json);
}

TEST(EventLogEntry, TheLevelIsThatOfTheEvent) {
  event::Event event = test::down_event();
  event.severity = config::Severity::warning;
  EXPECT_EQ(event_log_entry(event, "{}").level, LogEntry::Level::warning);
  event.severity = config::Severity::info;
  EXPECT_EQ(event_log_entry(event, "{}").level, LogEntry::Level::information);
  EXPECT_EQ(event_log_entry(test::up_event(), "{}").level, LogEntry::Level::information)
      << "good news, however bad that was what ends";
}

TEST(EventLogEntry, StaysWithinWhatTheLogTakes) {
  event::Event event = test::down_event();
  event.message.assign(100'000, 'm');
  event.check->name.assign(100'000, 'n');
  const LogEntry entry = event_log_entry(event, std::string(100'000, 'j'));
  std::size_t sum = 0;
  for (const std::string& text : entry.strings) {
    sum += text.size();
  }
  EXPECT_LE(2 * sum, 60U * 1024);
  EXPECT_EQ(entry.strings[2], "") << "half of it would be no JSON";
}

TEST(EventLogEntry, JsonStaysJson) {
  EXPECT_EQ(event_log_entry(test::down_event(), R"({"address":"fe80::1%3"})").strings[2],
            R"({"address":"fe80::1\u00253"})");
}

/// An event log that takes an entry when it is told to.
struct Book {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = true;
  bool refuses = false;
  std::vector<LogEntry> entries;

  void set_open(bool is_open) {
    const std::scoped_lock lock(mutex);
    open = is_open;
    changed.notify_all();
  }
};

class FakeLog final : public EventLog {
 public:
  explicit FakeLog(std::shared_ptr<Book> book) : book_(std::move(book)) {}
  std::expected<void, std::string> write(const LogEntry& entry) override {
    std::unique_lock lock(book_->mutex);
    book_->changed.wait(lock, [&] { return book_->open; });
    if (book_->refuses) {
      return std::unexpected("can't write to the event log (error 1502)");
    }
    book_->entries.push_back(entry);
    return {};
  }

 private:
  std::shared_ptr<Book> book_;
};

class ServiceLogTest : public testing::Test {
 protected:
  ServiceLogTest() { log::configure({.level = log::Level::info, .out = nowhere.get()}); }
  ~ServiceLogTest() override { log::configure({}); }

  std::vector<std::string> told() {
    std::vector<std::string> lines;
    for (const LogEntry& entry : book->entries) {
      lines.push_back(std::to_string(entry.id) + " " +
                      std::to_string(static_cast<int>(entry.level)) + " " + entry.strings.at(0));
    }
    return lines;
  }

  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> nowhere{std::tmpfile()};
  std::shared_ptr<Book> book = std::make_shared<Book>();
  std::unique_ptr<ServiceLog> service = make_service_log(std::make_unique<FakeLog>(book));
};

TEST_F(ServiceLogTest, TellsStartStopWarningsAndErrors) {
  service->started("watching 12 checks");
  log::info("all is well");
  log::warning("the disk is slow", {{"seconds", 3}});
  log::error("the disk is full");
  service->stopped(0);
  service.reset();
  log::error("nobody listens any more");
  EXPECT_THAT(told(), ElementsAre("1 0 watching 12 checks", "3 1 the disk is slow seconds=3",
                                  "4 2 the disk is full", "2 0 stopped as it was asked to"));
}

TEST_F(ServiceLogTest, AnExitCodeIsAnError) {
  service->stopped(2);
  service.reset();
  EXPECT_THAT(told(), ElementsAre("2 2 ended with exit code 2"));
}

TEST_F(ServiceLogTest, ALogThatHangsHoldsNobodyAndWhatIsLostIsTold) {
  book->set_open(false);
  for (int i = 0; i < 300; ++i) {
    log::error("again");  // returns, whatever the system does
  }
  book->set_open(true);
  service.reset();
  EXPECT_GE(book->entries.size(), 257U);
  EXPECT_LE(book->entries.size(), 258U);
  EXPECT_THAT(told().back(), testing::AnyOf("3 1 43 entries before this were left out",
                                            "3 1 44 entries before this were left out"));
}

TEST_F(ServiceLogTest, AStopDoesNotWaitForALogThatHangs) {
  book->set_open(false);
  service->started("watching");
  const auto begin = std::chrono::steady_clock::now();
  service.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  book->set_open(true);
}

class EventLogSink : public testing::Test {
 protected:
  test::DeliveryLab lab;
  std::shared_ptr<Book> book = std::make_shared<Book>();
  std::shared_ptr<alert::Sink> sink =
      alert::make_windows_event_log_sink(std::make_unique<FakeLog>(book));
};

TEST_F(EventLogSink, WritesAnEntryAnEvent) {
  EXPECT_EQ(sink->most_at_once(), 1U);
  EXPECT_EQ(test::hows(lab.deliver(*sink, {test::down_event()})), "delivered");
  EXPECT_EQ(test::hows(lab.deliver(*sink, {test::up_event()})), "delivered");
  EXPECT_THAT(book->entries,
              ElementsAre(event_log_entry(test::down_event(), json::event_text(test::down_event())),
                          event_log_entry(test::up_event(), json::event_text(test::up_event()))));
}

TEST_F(EventLogSink, AFullLogIsTriedAgain) {
  book->refuses = true;
  const auto receipts = lab.deliver(*sink, {test::down_event()});
  EXPECT_EQ(test::hows(receipts), "retry");
  EXPECT_EQ(receipts[0].why, "can't write to the event log (error 1502)");
}

TEST_F(EventLogSink, ALogThatHangsHoldsNobody) {
  book->set_open(false);
  const auto receipts = lab.deliver(*sink, {test::down_event()}, 20ms);
  EXPECT_EQ(test::hows(receipts), "retry");
  EXPECT_EQ(receipts[0].why, "the event log does not answer");
  book->set_open(true);
  EXPECT_EQ(test::hows(lab.deliver(*sink, {test::down_event()})), "delivered");
}

TEST_F(EventLogSink, HasNoKeysOfItsOwn) {
  EXPECT_EQ(test::DeliveryLab::problems(alert::windows_event_log_sink(), test::params({})), "");
  EXPECT_THAT(test::DeliveryLab::problems(alert::windows_event_log_sink(),
                                          test::params({{"path", test::text("x")}})),
              HasSubstr("path"));
}

}  // namespace
}  // namespace reachd::platform
