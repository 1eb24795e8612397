#include "probes/net/resolver_worker.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <deque>
#include <map>

#include "probes/net/hosts_file.hpp"

namespace reachd::net {
namespace {

using namespace std::chrono_literals;
using Addresses = std::vector<IpAddress>;
using Kind = FamilyAnswer::Kind;

/// c-ares searches a free 16-bit id by trial; far below their number it finds one at once.
constexpr std::size_t kMaxOpenPerSet = 4096;
constexpr std::size_t kMaxServerSets = 64;
constexpr auto kHostsTtl = 5s;
constexpr int kUnusableBeforeRebuild = 3;

TimePoint now() noexcept { return system_clock().steady_now(); }

/// These names never leave the host (RFC 6761, 6.3).
bool is_localhost(std::string_view name) {
  name.remove_suffix(name.ends_with('.') ? 1 : 0);
  return name == "localhost" || name.ends_with(".localhost");
}

/// The resolver's thread: name servers, time and the hosts file. Everything but the constructor and
/// run() is private to it.
class Worker {
 public:
  Worker(std::shared_ptr<Shared> shared, const ResolverOptions& options)
      : shared_(std::move(shared)),
        options_(options),
        hosts_(options.hosts_file),
        config_watch_(options.config_file) {}

  void run() {
    while (take_fresh()) {
      shared_->poller->wait(time_to_wait(), ready_);
      for (const Poller::Ready& ready : ready_) {
        serve(ready);
      }
      on_time();
    }
    stop();
  }

 private:
  /// A set of name servers. Its channel is replaced when it seems broken or out of date; the old
  /// one ends with its last question.
  struct ServerSet {
    std::vector<Endpoint> servers;
    std::unique_ptr<AresChannel> channel;
    std::vector<std::unique_ptr<AresChannel>> retired;
    std::deque<std::shared_ptr<Question>> waiting;
    std::size_t open = 0;  ///< questions to c-ares, two a name
    TimePoint used{};
    std::string last_unusable;
    int unusable_names = 0;
    bool renew = false;
  };

  bool take_fresh() {
    std::vector<std::shared_ptr<Question>> fresh;
    {
      const std::scoped_lock lock(shared_->mutex);
      if (shared_->stopping) {
        return false;
      }
      fresh.swap(shared_->fresh);
    }
    for (const auto& question : fresh) {
      begin(question);
    }
    return true;
  }

  void begin(const std::shared_ptr<Question>& question) {
    const TimePoint time = now();
    if (question->servers.empty()) {
      if (servers_changed(time)) {
        sets_[""].renew = true;
        const std::scoped_lock lock(shared_->mutex);
        shared_->cache.clear();
      }
      if (const auto* known = hosts_.find(question->name, time)) {
        settle_locally(*question, *known);
        return;
      }
    }
    if (is_localhost(question->name)) {
      settle_locally(*question, {*IpAddress::parse("127.0.0.1"), *IpAddress::parse("::1")});
      return;
    }
    ServerSet& set = set_of(*question);
    set.used = time;
    if (set.open >= kMaxOpenPerSet) {
      set.waiting.push_back(question);
    } else {
      ask(set, question);
    }
  }

  /// Of the system's name servers. Where no file tells (Windows), they are compared.
  bool servers_changed(TimePoint time) {
    constexpr auto kBetweenLooks = 30s;
    if (!options_.config_file.empty()) {
      return config_watch_.changed(time);
    }
    if (looked_ && time < *looked_ + kBetweenLooks) {
      return false;
    }
    looked_ = time;
    auto servers = configured_name_servers(options_.config_file, options_.port);
    const bool differ = servers != system_servers_;
    system_servers_ = std::move(servers);
    return differ;
  }

  ServerSet& set_of(const Question& question) {
    std::string key = question_key("", question.servers);
    const auto found = sets_.find(key);
    if (found != sets_.end()) {
      return found->second;
    }
    if (sets_.size() >= kMaxServerSets) {
      forget_oldest_idle_set();
    }
    ServerSet& set = sets_[std::move(key)];
    set.servers = question.servers;
    return set;
  }

  void forget_oldest_idle_set() {
    auto oldest = sets_.end();
    for (auto at = sets_.begin(); at != sets_.end(); ++at) {
      const bool idle = at->second.open == 0 && at->second.waiting.empty();
      if (idle && (oldest == sets_.end() || at->second.used < oldest->second.used)) {
        oldest = at;
      }
    }
    if (oldest != sets_.end()) {
      sets_.erase(oldest);
    }
  }

  void ask(ServerSet& set, const std::shared_ptr<Question>& question) {
    if (set.renew && set.channel) {
      set.retired.push_back(std::move(set.channel));
    }
    set.renew = false;
    if (!set.channel) {
      const AresChannel::Options options{set.servers, options_.config_file, options_.port,
                                         options_.server_timeout, options_.rounds};
      set.channel = make_ares_channel(options, *shared_->poller);
    }
    set.open += 2;
    for (const auto family : {IpAddress::Family::v4, IpAddress::Family::v6}) {
      auto done = [this, &set, question, family](FamilyAnswer answer) {
        answered(set, question, family, std::move(answer));
      };
      if (set.channel) {
        set.channel->ask(question->name, family, std::move(done));
      } else {
        FamilyAnswer broken;
        broken.detail = "the resolver library could not start";
        done(std::move(broken));
      }
    }
  }

  /// Called by c-ares: no channel may be destroyed here.
  void answered(ServerSet& set, const std::shared_ptr<Question>& question, IpAddress::Family family,
                FamilyAnswer answer) {
    --set.open;
    note_health(set, question->name, answer.kind);
    const bool speaks_for_the_name =
        answer.kind == Kind::addresses || answer.kind == Kind::nxdomain;
    const bool has_addresses = answer.kind == Kind::addresses;
    (family == IpAddress::Family::v4 ? question->v4 : question->v6) = std::move(answer);
    if (question->v4 && question->v6) {
      if (!question->delivered || has_addresses) {
        settle(*question);
      }
    } else if (speaks_for_the_name) {
      grace_.emplace(now() + options_.family_grace, question);
    }
  }

  /// A channel may stay broken after its servers were away (a socket that reports refusal for
  /// ever), but SERVFAIL looks the same: so only after several names in a row is it replaced.
  static void note_health(ServerSet& set, const std::string& name, Kind kind) {
    if (kind != Kind::unusable) {
      set.unusable_names = 0;
      set.last_unusable.clear();
    } else if (set.last_unusable != name) {
      set.last_unusable = name;
      ++set.unusable_names;
      if (set.unusable_names >= kUnusableBeforeRebuild) {
        set.unusable_names = 0;
        set.renew = true;
      }
    }
  }

  void settle_locally(Question& question, const Addresses& known) {
    for (const auto family : {IpAddress::Family::v4, IpAddress::Family::v6}) {
      FamilyAnswer answer;
      answer.kind = Kind::no_data;
      answer.ttl = kHostsTtl;
      for (const IpAddress& address : known) {
        if (address.family == family) {
          answer.kind = Kind::addresses;
          answer.addresses.push_back(address);
        }
      }
      (family == IpAddress::Family::v4 ? question.v4 : question.v6) = std::move(answer);
    }
    settle(question);
  }

  /// Gives the answer to all waiters and to the cache; later calls only improve the cache.
  void settle(Question& question) {
    Judgement judgement = judge(question);
    const auto answer = std::make_shared<const Result<Addresses>>(std::move(judgement.result));
    const TimePoint time = now();
    const std::scoped_lock lock(shared_->mutex);
    if (judgement.keep > Duration::zero()) {
      shared_->cache.store(question.key, answer, time + judgement.keep, time);
    }
    if (!question.delivered) {
      question.delivered = true;
      shared_->running.erase(question.key);
      post_to_waiters(question, answer);
    }
  }

  /// A question that queued until all its waiters left is dropped.
  bool still_wanted(Question& question) {
    const std::scoped_lock lock(shared_->mutex);
    if (!question.waiters.empty()) {
      return true;
    }
    shared_->running.erase(question.key);
    return false;
  }

  /// Under the lock, so that no waiter can leave meanwhile and take its loop along.
  static void post_to_waiters(Question& question, const Answer& answer) {
    for (const auto& waiter : question.waiters) {
      asio::post(waiter->executor, [waiter, answer] { waiter->receive(answer); });
    }
    question.waiters.clear();
  }

  std::optional<std::chrono::nanoseconds> time_to_wait() {
    std::optional<std::chrono::nanoseconds> least;
    const auto consider = [&least](std::chrono::nanoseconds time) {
      least = least ? std::min(*least, time) : time;
    };
    if (!grace_.empty()) {
      consider(grace_.begin()->first - now());
    }
    for_each_channel([&](AresChannel& channel) {
      if (const auto left = channel.next_timeout()) {
        consider(*left);
      }
    });
    return least;
  }

  template <typename F>
  void for_each_channel(F visit) {
    for (auto& [key, set] : sets_) {
      if (set.channel) {
        visit(*set.channel);
      }
      for (const auto& channel : set.retired) {
        visit(*channel);
      }
    }
  }

  void serve(const Poller::Ready& ready) {
    for_each_channel([&ready](AresChannel& channel) {
      if (channel.owns(ready.socket)) {
        channel.on_socket(ready);
      }
    });
  }

  void on_time() {
    for_each_channel([](AresChannel& channel) { channel.on_time(); });
    for (auto& [key, set] : sets_) {
      std::erase_if(set.retired, [](const auto& old) { return old->open_questions() == 0; });
      while (!set.waiting.empty() && set.open < kMaxOpenPerSet) {
        const auto question = std::move(set.waiting.front());
        set.waiting.pop_front();
        if (still_wanted(*question)) {
          ask(set, question);
        }
      }
    }
    const TimePoint time = now();
    while (!grace_.empty() && grace_.begin()->first <= time) {
      const auto question = std::move(grace_.begin()->second);
      grace_.erase(grace_.begin());
      if (!question->delivered) {
        settle(*question);
      }
    }
  }

  void stop() {
    {
      const std::scoped_lock lock(shared_->mutex);
      for (const auto& [key, question] : shared_->running) {
        question->delivered = true;
        const auto failure = name_failure(Reason::dns_failure, *question,
                                          "could not be looked up: the resolver stopped");
        post_to_waiters(*question,
                        std::make_shared<const Result<Addresses>>(std::unexpected(failure)));
      }
      shared_->running.clear();
      shared_->fresh.clear();
    }
    // Ends what c-ares still has open; its callbacks find every question delivered.
    for (auto& [key, set] : sets_) {
      set.channel.reset();
      set.retired.clear();
    }
  }

  std::shared_ptr<Shared> shared_;
  ResolverOptions options_;
  HostsFile hosts_;
  FileWatch config_watch_;
  std::optional<TimePoint> looked_;
  std::vector<Endpoint> system_servers_;
  std::map<std::string, ServerSet> sets_;
  std::multimap<TimePoint, std::shared_ptr<Question>> grace_;
  std::vector<Poller::Ready> ready_;
};

}  // namespace

void run_resolver_worker(std::shared_ptr<Shared> shared, const ResolverOptions& options) {
  Worker(std::move(shared), options).run();
}

}  // namespace reachd::net
