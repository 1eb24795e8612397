#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/plan.hpp"
#include "config/selector.hpp"
#include "daemon/engine/board.hpp"
#include "probes/core/outcome.hpp"

namespace reachd::event {

/// What happened (contract, 7), in the order of its list.
enum class Kind : std::uint8_t {
  check_down,
  check_up,
  check_degraded,
  check_unknown,
  check_flapping,
  certificate_expiring,
  daemon_started,
  daemon_stopped,
  config_reloaded,
  config_rejected,
  journal_failing,
  journal_recovered,
};
inline constexpr std::size_t kKinds = 12;
/// "check.down"
std::string_view to_string(Kind) noexcept;
std::optional<Kind> parse_kind(std::string_view word) noexcept;

/// Whom an event or an alert is about, copied out of the plan because it outlives it: what the
/// selectors look at and what an alert's labels are made of. Of a device or another parent that is
/// no check itself, `id` is "device/NAME" and the like, and what it does not have is empty.
struct Identity {
  std::string id;
  std::string name;
  std::string product;
  std::string requirement;  ///< empty: none
  std::string necessity;
  std::string direction;
  std::string target;  ///< as people write it
  std::string host;    ///< of the target
  std::uint16_t port = 0;
  std::string transport;
  std::string probe;
  std::string device;  ///< empty: none
  config::Labels labels;

  bool operator==(const Identity&) const = default;
};
Identity identity_of(const config::Plan& plan, const config::Check& check);
/// What a selector looks at.
config::SelectorFields fields_of(const Identity& identity) noexcept;

/// What proves it. All bounded by the outcome's own bounds.
struct Evidence {
  struct Attempt {
    WallTime time{};
    std::string address;  ///< empty: no address was reached
    std::string reason;
    std::string phase;
    int error_number = 0;
    Duration duration{};

    bool operator==(const Attempt&) const = default;
  };
  std::vector<Attempt> attempts;
  std::string offender;                 ///< who sent the ICMP error; empty: nobody
  std::string process;                  ///< who listens, of a listen probe; empty: not known
  std::shared_ptr<const Path> path;     ///< null: not traced; not read back from JSON
  std::shared_ptr<const TlsFacts> tls;  ///< null: none; not read back from JSON
};

/// Something that happened: one object for the journal, the stream and the sinks. Immutable once
/// made.
struct Event {
  std::string id;  ///< ULID: the key by which receivers tell a repetition
  WallTime time{};
  Kind kind = Kind::check_down;
  config::Severity severity = config::Severity::info;  ///< of a recovery: that of what it ends
  std::string vantage;
  std::optional<Identity> check;  ///< none: about the daemon itself
  std::optional<engine::Verdict> from;
  std::optional<engine::Verdict> to;
  std::optional<WallTime> since;  ///< when the state that `to` names began; of a recovery: ended
  std::optional<Reason> reason;
  Phase phase = Phase::none;
  std::string message;  ///< one sentence that a person understands
  Evidence evidence;
  /// What kept this from becoming an alert, or from ending one; sinks that call people leave such
  /// events out.
  engine::Modifier suppressed_by = engine::Modifier::none;
  std::string parent;                 ///< id of what it depends on and that is down; else empty
  std::vector<std::string> affected;  ///< ids of what this takes with it; at most kMostAffected
  std::size_t affected_count = 0;     ///< all of them
  /// Names of the sinks whose `match` fits something that depends on this, told or not: as that is
  /// held back, this is how they hear of it.
  std::vector<std::string> also_for;
};
inline constexpr std::size_t kMostAffected = 20;

/// The evidence of one outcome.
Evidence evidence_of(const Outcome& outcome, std::shared_ptr<const Path> path);

}  // namespace reachd::event
