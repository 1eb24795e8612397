// The stream of events.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "tests/daemon/fake_reading.hpp"
#include "tests/daemon/web_client.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using test::Client;
using test::get;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A journal that grows while the server shows it.
class StreamTest : public testing::Test {
 protected:
  web::Callbacks callbacks() {
    web::Callbacks callbacks = test::well(test::small_board());
    callbacks.journal = [this]() -> const journal::Reading& { return journal_; };
    callbacks.newest_event = [this] {
      const std::scoped_lock lock(mutex_);
      return journal_.last_sequence();
    };
    callbacks.next_events = [this](std::int64_t after, std::size_t most) {
      const std::scoped_lock lock(mutex_);
      journal::EventQuery query;
      query.after = after;
      query.limit = most;
      return *journal_.events(query);
    };
    return callbacks;
  }

  void happen(web::Server& server, const std::string& check) {
    {
      const std::scoped_lock lock(mutex_);
      journal_.add(check);
    }
    server.events_released();
  }

  std::mutex mutex_;
  test::FakeReading journal_{{"before-1", "before-2"}};
};

TEST_F(StreamTest, BeginsWithWhatHappensNext) {
  const auto server = test::start(callbacks());
  Client client(server->endpoints().front());
  client.send(get("/api/v1/stream"));
  const std::string head = client.read_to("retry: 5000\n\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(head, HasSubstr("Content-Type: text/event-stream\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("Content-Length")));
  happen(*server, "now");
  const std::string event = client.read_to("}\n\n");
  EXPECT_EQ(event, "id: " + journal_.rows.back().id +
                       "\nevent: check.down\ndata: " + journal_.rows.back().body + "\n\n");
  happen(*server, "then");
  EXPECT_THAT(client.read_to("}\n\n"), HasSubstr("\"id\":\"then\""));
}

TEST_F(StreamTest, GoesOnAfterTheLastEventThatWasSeen) {
  const auto server = test::start(callbacks());
  Client client(server->endpoints().front());
  client.send(get("/api/v1/stream", "Last-Event-ID: " + journal_.rows.front().id + "\r\n"));
  const std::string events = client.read_to("}\n\n");
  EXPECT_THAT(events, Not(HasSubstr("before-1")));
  EXPECT_THAT(events, HasSubstr("before-2"));
}

TEST_F(StreamTest, LeavesNothingOutWhereTheJournalCanNotTellWhereToGoOn) {
  journal_.broken = true;
  const auto server = test::start(callbacks());
  Client client(server->endpoints().front());
  client.send(get("/api/v1/stream", "Last-Event-ID: " + journal_.rows.front().id + "\r\n"));
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 503"));
  journal_.broken = false;
  Client again(server->endpoints().front());
  again.send(get("/api/v1/stream", "Last-Event-ID: " + journal_.rows.front().id + "\r\n"));
  EXPECT_THAT(again.read_to("}\n\n"), HasSubstr("before-2"));
}

TEST_F(StreamTest, ShowsOnlyWhatIsAskedFor) {
  const auto server = test::start(callbacks());
  Client client(server->endpoints().front());
  client.send(get("/api/v1/stream?check=b*"));
  client.read_to("retry: 5000\n\n");
  happen(*server, "a");
  happen(*server, "b");
  const std::string event = client.read_to("}\n\n");
  EXPECT_THAT(event, HasSubstr("\"id\":\"b\""));
  EXPECT_THAT(event, Not(HasSubstr("\"id\":\"a\"")));
}

TEST_F(StreamTest, SaysNowAndThenThatItIsThere) {
  web::ServerLimits limits;
  limits.heartbeat = 20ms;
  const auto server = test::start(callbacks(), limits);
  Client client(server->endpoints().front());
  client.send(get("/api/v1/stream"));
  EXPECT_THAT(client.read_to("\n:\n\n"), testing::EndsWith("\n:\n\n"));
}

TEST_F(StreamTest, TooManyAreTurnedAway) {
  web::ServerLimits limits;
  limits.streams = 1;
  const auto server = test::start(callbacks(), limits);
  Client first(server->endpoints().front());
  first.send(get("/api/v1/stream"));
  first.read_to("retry: 5000\n\n");
  Client second(server->endpoints().front());
  second.send(get("/api/v1/stream"));
  EXPECT_THAT(second.read_all(), StartsWith("HTTP/1.1 503"));
}

TEST_F(StreamTest, AFilterThatMakesNoSenseIsTold) {
  const auto server = test::start(callbacks());
  Client client(server->endpoints().front());
  client.send(get("/api/v1/stream?colour=red"));
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 400"));
}

TEST_F(StreamTest, EndsWithTheServer) {
  const auto server = test::start(callbacks());
  Client client(server->endpoints().front());
  client.send(get("/api/v1/stream"));
  client.read_to("retry: 5000\n\n");
  const auto begin = std::chrono::steady_clock::now();
  server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  EXPECT_TRUE(client.closed());
}

TEST_F(StreamTest, EventsAndReportsComeFromTheWorker) {
  const auto server = test::start(callbacks());
  Client client(server->endpoints().front());
  client.send(get("/api/v1/events?limit=1"));
  EXPECT_THAT(client.read_to("}\n"), HasSubstr("before-2"));
  client.send(get("/api/v1/report", "Connection: close\r\n"));
  EXPECT_THAT(client.read_all(), HasSubstr("\"checks\":[{"));
}

}  // namespace
}  // namespace reachd
