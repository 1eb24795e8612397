#pragma once

#include <string>
#include <string_view>

#include "daemon/alert/graph.hpp"
#include "daemon/event/event.hpp"
#include "probes/core/outcome.hpp"

/// The sentences of events and alerts: for a person who has never seen this check. Without a full
/// stop.
namespace reachd::alert {

/// "4 s", "12 min", "3 h 5 min", "2 d 7 h": the two largest units, nothing below a second.
std::string in_words(Duration duration);

/// "Batch server (beacon.example.com:443)"
std::string title(const event::Identity& identity);

/// What the outcome says for itself, else what its reason means. A null outcome: the reason, or
/// nothing.
std::string cause(const Outcome* outcome, std::optional<Reason> reason);

std::string down_message(const event::Identity& check, std::string_view cause);
/// Down for a while, and what kept it from being told has gone.
std::string late_message(const event::Identity& check, Duration down, std::string_view cause);
std::string up_message(const event::Identity& check, Duration down, std::string_view cause);
std::string degraded_message(const event::Identity& check, std::string_view cause);
/// Reachable after an outage, with a flaw.
std::string up_degraded_message(const event::Identity& check, Duration down,
                                std::string_view cause);
/// Nothing is wrong with it (any more); it was not down.
std::string well_message(const event::Identity& check);
std::string unknown_message(const event::Identity& check, std::string_view cause);
std::string flapping_message(const event::Identity& check, std::size_t changes, Duration within);
std::string settled_message(const event::Identity& check, engine::Verdict verdict);
std::string removed_message(const event::Identity& check);
/// Of a device or the like: too few checks are left to tell.
std::string no_node_message(const event::Identity& node);
std::string expiring_message(const event::Identity& check, const CertificateFacts& certificate,
                             Duration left);

/// Why a node is down: what its members have in common, and what one of them says.
std::string node_cause(const Node& node, std::string_view of_a_member);

/// "; 14 others are down with it"; empty for none.
std::string with_affected(std::size_t count);

/// ", in the maintenance window patch-night"; empty for no name.
std::string in_window(std::string_view name);

}  // namespace reachd::alert
