#pragma once

#include <memory>

#include "tests/daemon/http_sink_fixture.hpp"

namespace reachd::test {

inline constexpr std::string_view kJson = R"({"id":"01J0000000000000000000000A"})";

inline event::Event down_event() {
  event::Event event;
  event.id = "01J0000000000000000000000A";
  event.kind = event::Kind::check_down;
  event.message = "the port is closed";
  event.check.emplace().id = "custom/erp";
  return event;
}

/// Delivers events to scripted receivers.
class WebhookTest : public ::testing::Test {
 protected:
  Value to(std::string url, std::initializer_list<std::pair<std::string, Value>> more = {}) {
    Value values = params(more);
    values.members.push_back({"url", {}, text(std::move(url))});
    return values;
  }

  /// Delivers so many events at once.
  std::vector<alert::Receipt> deliver(const Value& values, std::size_t count = 1) {
    const auto made = SinkLab::make(alert::webhook_sink(), values);
    return deliver(*made.events, count);
  }
  std::vector<alert::Receipt> deliver(alert::Sink& sink, std::size_t count = 1) {
    const event::Event event = down_event();
    const std::vector<alert::Delivery> events(count, alert::Delivery{event, kJson});
    const auto attempt = [&]() -> asio::awaitable<std::vector<alert::Receipt>> {
      net::Deadline deadline(lab_.lab.deadlines, system_clock().steady_now() + lab_.timeout);
      during_ = &deadline;
      auto receipts = co_await sink.deliver(lab_.run_with(deadline), events);
      co_return receipts;
    };
    return run(lab_.lab.context, attempt());
  }

  /// Delivers one event to a server that answers with these bytes.
  alert::Receipt answered(std::string bytes,
                          std::initializer_list<std::pair<std::string, Value>> more = {},
                          const std::string& path = "/hook") {
    LoopbackServer server(lab_.lab.context,
                          receiver(got_, [&bytes](const Request&) { return bytes; }));
    return deliver(to("http://" + server.target() + path, more)).at(0);
  }

  SinkLab lab_;
  std::vector<Request> got_;
  net::Deadline* during_ = nullptr;
};

}  // namespace reachd::test
