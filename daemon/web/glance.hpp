#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/openings.hpp"
#include "config/plan.hpp"
#include "daemon/engine/board.hpp"
#include "daemon/json/writer.hpp"

/// What a person is shown of a check at a glance: on the status page, and in the brief rows of the
/// API that the page lives on. Pure.
namespace reachd::web {

/// A check with its status at one moment. The board outlives it.
struct Glance {
  const config::Check* check = nullptr;
  const config::ProbeSpec* spec = nullptr;
  engine::CheckStatus status;
  config::Severity severity = config::Severity::info;  ///< what an alert of it would be now
};

Glance glance_at(const engine::Board& board, std::size_t check);

/// All checks in the order of attention: down, degraded, unknown, up; among these products and in
/// them requirements with the gravest check first, then checks by severity and id.
std::vector<Glance> worst_first(const engine::Board& board);

/// The reason of the last probe's result; empty before the first.
std::string_view reason_word(const Glance& glance) noexcept;
/// Why it is what it is, for people; empty if it is up and there is nothing to say.
std::string_view explanation(const Glance& glance) noexcept;
/// When the first certificate of the chain ends.
std::optional<WallTime> certificate_end(const Glance& glance) noexcept;

/// What a firewall team needs to act. The plan outlives it.
class FirewallWords {
 public:
  explicit FirewallWords(const config::Plan& plan)
      : plan_(plan), own_names_(config::own_names(plan)) {}

  /// From, to, port, since when, why, who is in the way or where the way ends, and what it is
  /// needed for: lines of "Key: value". Empty where nothing is closed.
  std::string of(const Glance& glance) const;

 private:
  void add_openings(std::string& text, const Glance& glance) const;

  const config::Plan& plan_;
  const config::OwnNames own_names_;
};

/// A row of /api/v1/checks?view=brief: check, name, product, requirement, purpose, device,
/// severity, state, reason, message, last_change, target, suppressed_by, certificate_not_after,
/// firewall. Null where there is nothing to say.
void write_brief(json::Writer& out, const FirewallWords& words, const Glance& glance);

/// "2026-11-22 13:04:11 UTC"
std::string utc_text(WallTime time);

}  // namespace reachd::web
