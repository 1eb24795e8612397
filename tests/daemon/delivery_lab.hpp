#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/alert/sink.hpp"
#include "daemon/json/event.hpp"
#include "tests/support/net_lab.hpp"

namespace reachd::test {

/// 2026-11-22T10:54:45.123Z
inline constexpr WallTime kNoon{std::chrono::milliseconds(1795344885123)};

/// A required port that closed: "erp (erp.example.com:3300)", down since kNoon, refused.
inline event::Event down_event(int number = 1) {
  event::Event event;
  event.id = "01KAQ7J3W30000000000000" + std::to_string(100 + number);
  event.time = kNoon;
  event.kind = event::Kind::check_down;
  event.severity = config::Severity::critical;
  event.vantage = "beacon-1";
  event::Identity check;
  check.id = "custom/erp";
  check.name = "erp";
  check.product = "custom";
  check.necessity = "required";
  check.direction = "outbound";
  check.target = "erp.example.com:3300";
  check.host = "erp.example.com";
  check.port = 3300;
  check.transport = "tcp";
  check.probe = "tcp";
  event.check = std::move(check);
  event.from = engine::Verdict::up;
  event.to = engine::Verdict::down;
  event.since = kNoon;
  event.reason = Reason::refused;
  event.phase = Phase::connect;
  event.message = "erp (erp.example.com:3300) can't be used: 10.0.0.5:3300 refused the connection";
  event.evidence.attempts.push_back({.time = kNoon,
                                     .address = "10.0.0.5",
                                     .reason = "refused",
                                     .phase = "connect",
                                     .error_number = 111,
                                     .duration = std::chrono::microseconds(412)});
  return event;
}

/// Its end.
inline event::Event up_event(int number = 2) {
  event::Event event = down_event(number);
  event.kind = event::Kind::check_up;
  event.from = engine::Verdict::down;
  event.to = engine::Verdict::up;
  event.reason = Reason::ok;
  event.phase = Phase::none;
  event.message = "erp (erp.example.com:3300) can be used again after 12 min";
  return event;
}

/// Everything that a sink borrows.
struct DeliveryLab : NetLab {
  std::string vantage = "beacon-1";
  std::string external_url;

  std::shared_ptr<alert::Sink> make(const alert::SinkType& type, const Value& values) {
    Diagnostics diagnostics;
    Reader reader(values, diagnostics, "sink test");
    alert::MadeSink made = type.make(reader);
    reader.done();
    EXPECT_TRUE(diagnostics.ok()) << diagnostics.to_string();
    return made.events;
  }

  /// What the configuration's reader says, one problem a line.
  static std::string problems(const alert::SinkType& type, const Value& values) {
    Diagnostics diagnostics;
    Reader reader(values, diagnostics, "sink test");
    type.make(reader);
    reader.done();
    return diagnostics.to_string();
  }

  std::vector<alert::Receipt> deliver(alert::Sink& sink, const std::vector<event::Event>& events,
                                      Duration timeout = std::chrono::seconds(4)) {
    return run(context, attempt(sink, events, timeout));
  }

 private:
  asio::awaitable<std::vector<alert::Receipt>> attempt(alert::Sink& sink,
                                                       const std::vector<event::Event>& events,
                                                       Duration timeout) {
    std::vector<std::string> lines;
    std::vector<alert::Delivery> deliveries;
    lines.reserve(events.size());
    for (const event::Event& event : events) {
      lines.push_back(json::event_text(event));
      deliveries.push_back({event, lines.back()});
    }
    net::Deadline deadline(deadlines, system_clock().steady_now() + timeout);
    const alert::SinkRun lent{network, deadline, vantage, external_url, std::chrono::minutes(1)};
    auto receipts = co_await sink.deliver(lent, deliveries);
    co_return receipts;
  }
};

/// "delivered delivered retry": how each ended.
inline std::string hows(const std::vector<alert::Receipt>& receipts) {
  std::string text;
  for (const alert::Receipt& receipt : receipts) {
    text += text.empty() ? "" : " ";
    text += receipt.how == alert::Receipt::How::delivered ? "delivered"
            : receipt.how == alert::Receipt::How::retry   ? "retry"
                                                          : "refused";
  }
  return text;
}

}  // namespace reachd::test
