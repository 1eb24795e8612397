#include "daemon/event/event.hpp"

#include <algorithm>
#include <array>

namespace reachd::event {
namespace {

constexpr std::array<std::string_view, kKinds> kKindWords{
    "check.down",      "check.up",        "check.degraded",
    "check.unknown",   "check.flapping",  "certificate.expiring",
    "daemon.started",  "daemon.stopped",  "config.reloaded",
    "config.rejected", "journal.failing", "journal.recovered"};

}  // namespace

std::string_view to_string(Kind kind) noexcept {
  return kKindWords[static_cast<std::size_t>(kind)];
}

std::optional<Kind> parse_kind(std::string_view word) noexcept {
  const auto found = std::ranges::find(kKindWords, word);
  return found != kKindWords.end() ? std::optional(static_cast<Kind>(found - kKindWords.begin()))
                                   : std::nullopt;
}

Identity identity_of(const config::Plan& plan, const config::Check& check) {
  const config::ProbeSpec& spec = plan.probes[check.probe];
  Identity identity;
  identity.id = check.id;
  identity.name = check.name;
  identity.product = check.product ? *check.product : std::string();
  identity.requirement = config::requirement_id(check);
  identity.necessity = to_string(check.necessity);
  identity.direction = to_string(check.direction);
  identity.target = spec.target.text;
  identity.host = spec.target.host;
  identity.port = spec.target.port;
  identity.transport = to_string(config::transport(check, spec));
  identity.probe = spec.type != nullptr ? spec.type->name : std::string_view();
  identity.device = check.device;
  if (check.labels) {
    identity.labels = *check.labels;
  }
  return identity;
}

config::SelectorFields fields_of(const Identity& identity) noexcept {
  return {.name = identity.name,
          .check = identity.id,
          .product = identity.product,
          .requirement = identity.requirement,
          .device = identity.device,
          .probe = identity.probe,
          .labels = &identity.labels};
}

Evidence evidence_of(const Outcome& outcome, std::shared_ptr<const Path> path) {
  Evidence evidence;
  evidence.attempts.reserve(outcome.attempts.size());
  for (const Attempt& attempt : outcome.attempts) {
    evidence.attempts.push_back(
        {.time = attempt.time,
         .address = attempt.endpoint ? attempt.endpoint->address.to_string() : std::string(),
         .reason = std::string(to_string(attempt.reason)),
         .phase = std::string(to_string(attempt.phase)),
         .error_number = attempt.error_number,
         .duration = attempt.duration});
    if (evidence.offender.empty() && attempt.offender) {
      evidence.offender = attempt.offender->to_string();
    }
  }
  if (outcome.facts) {
    if (const auto* listen = std::get_if<ListenFacts>(outcome.facts.get())) {
      evidence.process = listen->owner;
    }
  }
  evidence.path = std::move(path);
  evidence.tls = outcome.tls;
  return evidence;
}

}  // namespace reachd::event
