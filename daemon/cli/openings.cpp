#include "daemon/cli/openings.hpp"

#include <algorithm>
#include <array>

#include "config/openings.hpp"
#include "probes/core/words.hpp"

namespace reachd::cli {
namespace {

using config::Leg;

/// The worst first: of several checks of one endpoint the first of these is its verdict.
constexpr std::array<std::string_view, 4> kStates{"down", "degraded", "up", "unknown"};
constexpr std::string_view kUnknown = "unknown";
constexpr std::size_t kMostNamed = 4;

struct Seen {
  std::string state{kUnknown};
  std::string why;

  bool operator==(const Seen&) const = default;
  std::string text() const { return why.empty() ? state : state + ": " + why; }
  std::size_t rank() const {
    return static_cast<std::size_t>(std::ranges::find(kStates, state) - kStates.begin());
  }
};

/// What a check's verdict says of one leg of the way to its target.
Seen seen_on(Leg leg, const json::LastVerdict& verdict) {
  const std::string& reason = verdict.reason;
  std::string why = reason == "ok" || verdict.state == "up" ? "" : reason;
  if (!why.empty() && !verdict.offender.empty()) {
    why += " by " + verdict.offender;
  }
  if (leg == Leg::to_proxy && reason != "proxy_unreachable") {
    // Whatever came of it, it came from the proxy or from behind it.
    const bool reached = !reason.empty() && !reason.starts_with("local_");
    return reached ? Seen{"up", ""} : Seen{};
  }
  if (leg == Leg::from_proxy && (reason == "proxy_unreachable" || reason == "proxy_auth")) {
    return {std::string(kUnknown), std::move(why)};
  }
  return {verdict.state, std::move(why)};
}

Seen seen_of(const config::Opening& opening, const config::Opening::Member& member,
             const json::LastVerdicts& verdicts) {
  Seen worst;
  for (const config::Check* check : member.checks) {
    const auto found = verdicts.find(check->id);
    if (found == verdicts.end()) {
      continue;
    }
    Seen seen = seen_on(opening.leg, found->second);
    if (seen.rank() < worst.rank() || (seen.rank() == worst.rank() && worst.why.empty())) {
      worst = std::move(seen);
    }
  }
  return worst;
}

/// "up", "down: timeout", "12 up, 2 down (10.30.1.3: timeout; 10.30.1.7: refused)".
std::string verdict_cell(const config::Opening& opening, const json::LastVerdicts& verdicts) {
  if (verdicts.empty()) {
    return {};
  }
  std::vector<Seen> all;
  all.reserve(opening.members.size());
  for (const config::Opening::Member& member : opening.members) {
    all.push_back(seen_of(opening, member, verdicts));
  }
  if (std::ranges::all_of(all, [&](const Seen& seen) { return seen == all.front(); })) {
    return all.front().text();
  }
  std::string counts;
  for (const std::string_view state : kStates) {
    const auto count = std::ranges::count(all, state, &Seen::state);
    if (count > 0) {
      counts += (counts.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(state);
    }
  }
  std::string named;
  std::size_t left = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].state != kStates.front()) {
      continue;
    }
    if (++left <= kMostNamed) {
      named += (named.empty() ? "" : "; ") + opening.members[i].host + ": " + all[i].why;
    }
  }
  if (left > kMostNamed) {
    named += "; and " + std::to_string(left - kMostNamed) + " more";
  }
  return named.empty() ? counts : counts + " (" + named + ")";
}

}  // namespace

std::vector<std::vector<std::string>> opening_rows(const config::Plan& plan,
                                                   const std::vector<const config::Check*>& checks,
                                                   const json::LastVerdicts& verdicts) {
  std::vector<std::vector<std::string>> rows{{"source", "destination", "port", "transport",
                                              "purpose", "requirement", "necessity", "last verdict",
                                              "evidence"}};
  for (const config::Opening& opening : config::openings(plan, checks)) {
    std::string necessity(to_string(opening.necessity));
    if (opening.necessity == config::Necessity::conditional && !opening.in_use) {
      necessity += ", not in use now";
    }
    std::string purpose = join(opening.purposes, "; ");
    if (opening.leg == Leg::to_proxy) {
      purpose.insert(0, "Proxy on the way to: ");
    }
    std::vector<std::string_view> evidence;
    evidence.reserve(opening.evidence.size());
    for (const config::Evidence level : opening.evidence) {
      evidence.push_back(to_string(level));
    }
    rows.push_back({opening.source, opening.destination,
                    opening.port == 0 ? "" : std::to_string(opening.port),
                    std::string(to_string(opening.transport)), std::move(purpose),
                    join(opening.requirements, ", "), std::move(necessity),
                    verdict_cell(opening, verdicts), join(evidence, ", ")});
  }
  return rows;
}

}  // namespace reachd::cli
