#include "daemon/engine/merge.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace reachd::engine {
namespace {

/// The higher, the better it speaks for the check.
int weight(const Outcome& outcome) noexcept {
  if (outcome.success()) {
    return 2;
  }
  return is_local_fault(outcome.reason) ? 0 : 1;
}

const Outcome* better(const Outcome* a, const Outcome* b) noexcept {
  if (weight(*a) != weight(*b)) {
    return weight(*a) > weight(*b) ? a : b;
  }
  return a->success() && b->timings.total > a->timings.total ? b : a;
}

bool is_revoked(const TlsFacts& facts) noexcept {
  return facts.revocation && facts.revocation->status == RevocationStatus::revoked;
}

/// Which of two addresses' certificates is worth showing: a revoked one, else what ends sooner.
bool is_worse(const std::shared_ptr<const TlsFacts>& a,
              const std::shared_ptr<const TlsFacts>& b) noexcept {
  if (!a || a->chain.empty()) {
    return false;
  }
  if (!b || b->chain.empty() || is_revoked(*a) != is_revoked(*b)) {
    return !b || b->chain.empty() || is_revoked(*a);
  }
  return a->chain.front().not_after < b->chain.front().not_after;
}

/// "2 of 3 addresses fail: 10.0.0.2:443 refused, 10.0.0.3:443 timeout"
std::string describe_failing(std::span<const Attempt> attempts) {
  std::string list;
  std::size_t failing = 0;
  for (const Attempt& attempt : attempts) {
    if (attempt.success()) {
      continue;
    }
    ++failing;
    list += list.empty() ? " " : ", ";
    list += attempt.endpoint ? attempt.endpoint->to_string() : "an address";
    list += ' ';
    list += to_string(attempt.reason);
  }
  return std::to_string(failing) + " of " + std::to_string(attempts.size()) +
         " addresses fail:" + list;
}

}  // namespace

Outcome merge_outcomes(std::span<Outcome> parts) {
  if (parts.size() == 1) {
    return std::move(parts.front());
  }
  const Outcome* speaker = &parts.front();
  std::shared_ptr<const TlsFacts> tls;
  Duration total{};
  bool flawed = false;
  bool some_fail = false;
  std::vector<Attempt> attempts;
  attempts.reserve(parts.size());
  for (Outcome& part : parts) {
    speaker = better(speaker, &part);
    total = std::max(total, part.timings.total);
    flawed = flawed || (part.success() && part.degraded);
    some_fail = some_fail || weight(part) == 1;
    if (is_worse(part.tls, tls)) {
      tls = part.tls;
    }
    std::ranges::move(part.attempts, std::back_inserter(attempts));
  }
  Outcome merged = std::move(parts[static_cast<std::size_t>(speaker - parts.data())]);
  merged.attempts = std::move(attempts);
  merged.timings.total = total;
  if (tls) {
    merged.tls = std::move(tls);
  }
  if (merged.success()) {
    merged.degraded = flawed || some_fail;
    if (some_fail) {
      merged.message = describe_failing(merged.attempts);
    }
  }
  return merged;
}

}  // namespace reachd::engine
