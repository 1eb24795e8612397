#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "config/selector.hpp"
#include "daemon/event/ulid.hpp"
#include "daemon/journal/reading.hpp"
#include "daemon/json/event.hpp"

namespace reachd::test {

/// A journal of check.down events, one for each of the named checks, a second apart from kFirst on;
/// their sequences count from 1.
class FakeReading final : public journal::Reading {
 public:
  static constexpr WallTime kFirst{std::chrono::seconds(1'700'000'000)};

  explicit FakeReading(const std::vector<std::string>& checks) {
    for (const std::string& check : checks) {
      add(check);
    }
  }

  void add(const std::string& check) {
    event::Event event;
    event.time = kFirst + std::chrono::seconds(rows.size());
    event.id = ids_.make(event.time);
    event.check.emplace();
    event.check->id = check;
    event.check->product = "custom";
    event.check->labels = {{"site", "ams"}};
    rows.push_back({.sequence = static_cast<std::int64_t>(rows.size()) + 1,
                    .id = event.id,
                    .time = event.time,
                    .kind = std::string(to_string(event.kind)),
                    .check = check,
                    .body = json::event_text(event)});
  }

  std::expected<std::vector<journal::EventRow>, std::string> events(
      const journal::EventQuery& query) const override {
    if (broken) {
      return std::unexpected("the disk is gone");
    }
    std::vector<journal::EventRow> found;
    for (const journal::EventRow& row : rows) {
      if ((!query.after || row.sequence > *query.after) &&
          (!query.before || row.sequence < *query.before) &&
          (!query.since || row.time >= *query.since) && (!query.until || row.time < *query.until)) {
        found.push_back(row);
      }
    }
    if (query.newest_first) {
      std::ranges::reverse(found);
    }
    found.resize(std::min(found.size(), query.limit));
    return found;
  }

  std::expected<std::optional<std::int64_t>, std::string> sequence_of(
      const std::string& event_id) const override {
    if (broken) {
      return std::unexpected("the disk is gone");
    }
    const auto found = std::ranges::find(rows, event_id, &journal::EventRow::id);
    return found != rows.end() ? std::optional(found->sequence) : std::nullopt;
  }

  std::int64_t last_sequence() const override { return rows.empty() ? 0 : rows.back().sequence; }

  std::expected<std::vector<journal::Availability>, std::string> availability(
      WallTime from, WallTime to, std::size_t slots) const override {
    asked_from = from;
    asked_to = to;
    journal::Availability row;
    row.check = "a";
    row.up = to - from;
    row.slots.assign(slots, '1');
    return std::vector{row};
  }

  std::vector<journal::EventRow> rows;
  bool broken = false;
  mutable WallTime asked_from{};
  mutable WallTime asked_to{};

 private:
  event::UlidMaker ids_;
};

}  // namespace reachd::test
