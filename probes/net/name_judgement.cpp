#include <algorithm>
#include <chrono>

#include "probes/net/resolver_worker.hpp"

namespace reachd::net {
namespace {

using namespace std::chrono_literals;
using Addresses = std::vector<IpAddress>;
using Kind = FamilyAnswer::Kind;

constexpr std::size_t kMaxAddresses = 16;
constexpr auto kLongestTtl = 1h;
/// Shorter than the usual 5 s until a confirming probe, so that it asks again.
constexpr auto kNegativeTtl = 4s;

/// Keeps both families where there are more addresses than are probed.
Addresses joined(const FamilyAnswer* v4, const FamilyAnswer* v6) {
  Addresses result;
  const std::size_t wanted_v6 =
      std::min(v6 != nullptr ? v6->addresses.size() : 0, kMaxAddresses / 2);
  if (v4 != nullptr) {
    const std::size_t count = std::min(v4->addresses.size(), kMaxAddresses - wanted_v6);
    result.assign(v4->addresses.begin(),
                  v4->addresses.begin() + static_cast<std::ptrdiff_t>(count));
  }
  if (v6 != nullptr) {
    const std::size_t count = std::min(v6->addresses.size(), kMaxAddresses - result.size());
    result.insert(result.end(), v6->addresses.begin(),
                  v6->addresses.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return result;
}

}  // namespace

std::string question_key(const std::string& name, std::span<const Endpoint> servers) {
  std::string key = name;
  for (const Endpoint& server : servers) {
    key += '@';
    key += server.to_string();
  }
  return key;
}

Failure name_failure(Reason reason, const Question& question, const std::string& what) {
  Failure failure;
  failure.reason = reason;
  failure.message = "the name " + question.name + " " + what;
  for (const Endpoint& server : question.servers) {
    failure.message += (&server == question.servers.data() ? " (asked " : ", ");
    failure.message += server.to_string();
  }
  failure.message += question.servers.empty() ? "" : ")";
  return failure;
}

Judgement judge(const Question& question) {
  const FamilyAnswer* v4 = question.v4 ? &*question.v4 : nullptr;
  const FamilyAnswer* v6 = question.v6 ? &*question.v6 : nullptr;
  const auto one_is = [&](Kind kind) {
    return (v4 != nullptr && v4->kind == kind) || (v6 != nullptr && v6->kind == kind);
  };
  const auto fail = [&](Reason reason, const std::string& what, Duration keep) {
    return Judgement{std::unexpected(name_failure(reason, question, what)), keep};
  };
  if (one_is(Kind::addresses)) {
    Duration keep = kLongestTtl;
    for (const FamilyAnswer* answer : {v4, v6}) {
      if (answer != nullptr && answer->kind == Kind::addresses) {
        keep = std::min<Duration>(keep, answer->ttl);
      }
    }
    return Judgement{joined(v4, v6), keep};
  }
  if (one_is(Kind::nxdomain)) {
    return fail(Reason::dns_nxdomain, "does not exist", kNegativeTtl);
  }
  for (const FamilyAnswer* answer : {v4, v6}) {
    if (answer != nullptr && answer->own_fault) {
      const Failure& fault = *answer->own_fault;
      Judgement own = fail(fault.reason, "could not be looked up: " + fault.message, 0s);
      own.result.error().error_number = fault.error_number;
      return own;
    }
  }
  // Before timeout: on a socket with several questions, the refusal of one may be reported to the
  // next, and the first then runs into its timeout.
  if (one_is(Kind::unusable)) {
    return fail(Reason::dns_failure,
                "could not be looked up: the name servers refuse, fail (SERVFAIL) or are not there",
                0s);
  }
  if (one_is(Kind::timeout)) {
    return fail(Reason::dns_timeout, "could not be looked up: no name server answered", 0s);
  }
  if (one_is(Kind::failure)) {
    const FamilyAnswer& broken = v4 != nullptr && v4->kind == Kind::failure ? *v4 : *v6;
    return fail(Reason::dns_failure, std::string("could not be looked up: ") + broken.detail, 0s);
  }
  if (one_is(Kind::no_data)) {
    return fail(Reason::dns_no_data, "exists but has no address", kNegativeTtl);
  }
  return fail(Reason::dns_failure, "could not be looked up: the resolver stopped", 0s);
}

}  // namespace reachd::net
