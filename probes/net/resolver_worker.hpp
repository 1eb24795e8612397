#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "probes/net/answer_cache.hpp"
#include "probes/net/deadline.hpp"
#include "probes/net/poller.hpp"
#include "probes/net/resolver.hpp"
#include "probes/net/resolver_channel.hpp"

// The resolver's inside: what its two halves share, the waiting coroutines (resolver.cpp) and the
// thread that asks (resolver_worker.cpp).
namespace reachd::net {

inline constexpr std::size_t kMaxCachedNames = 65536;

/// A coroutine that waits for an answer, seen from its own loop; only `executor` is used by others.
struct Waiter final : Abortable {
  explicit Waiter(const asio::any_io_executor& loop)
      : executor(loop), timer(loop, asio::steady_timer::time_point::max()) {}

  void abort() noexcept override {
    ended = true;
    timer.cancel();
  }
  void receive(Answer given) {
    answer = std::move(given);
    abort();
  }

  const asio::any_io_executor executor;
  asio::steady_timer timer;
  Answer answer;
  bool ended = false;
};

/// One name that is asked for, by however many waiters.
struct Question {
  std::string key;
  std::string name;
  std::vector<Endpoint> servers;  ///< empty: the system's
  // guarded by Shared::mutex
  std::vector<std::shared_ptr<Waiter>> waiters;
  // resolver thread only
  std::optional<FamilyAnswer> v4;
  std::optional<FamilyAnswer> v6;
  bool delivered = false;
};

/// What the loops and the resolver's thread share. Waiting coroutines keep it alive.
struct Shared {
  std::mutex mutex;
  AnswerCache cache{kMaxCachedNames};
  std::unordered_map<std::string, std::shared_ptr<Question>> running;  ///< not yet delivered
  std::vector<std::shared_ptr<Question>> fresh;  ///< not yet seen by the thread
  bool stopping = false;
  std::unique_ptr<Poller> poller = make_poller();
};

/// The name of a question in the cache: equal for the same name at the same servers.
std::string question_key(const std::string& name, std::span<const Endpoint> servers);

/// "the name N WHAT", and which servers were asked if they are not the system's.
Failure name_failure(Reason reason, const Question& question, const std::string& what);

struct Judgement {
  Result<std::vector<IpAddress>> result;
  Duration keep;  ///< how long the answer is good; zero: not at all
};

/// What both families say together; one of them may be missing still. Addresses win, then NXDOMAIN
/// (it speaks for the whole name, RFC 8020), then what went wrong.
Judgement judge(const Question& question);

/// Works on the questions in `shared` until `stopping`, then fails what still waits.
void run_resolver_worker(std::shared_ptr<Shared> shared, const ResolverOptions& options);

}  // namespace reachd::net
