#include "probes/net/resolver.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <thread>
#include <utility>

#include "probes/core/target.hpp"
#include "probes/core/words.hpp"
#include "probes/net/resolver_worker.hpp"

namespace reachd::net {
namespace {

using Addresses = std::vector<IpAddress>;

/// Takes a waiter off its question when the coroutine goes, however it goes: nothing is posted to a
/// loop that no longer waits.
class Membership {
 public:
  Membership(std::shared_ptr<Shared> shared, std::shared_ptr<Question> question,
             std::shared_ptr<Waiter> waiter)
      : shared_(std::move(shared)), question_(std::move(question)), waiter_(std::move(waiter)) {}
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;
  ~Membership() {
    const std::scoped_lock lock(shared_->mutex);
    std::erase(question_->waiters, waiter_);
  }

 private:
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<Question> question_;
  std::shared_ptr<Waiter> waiter_;
};

class AresResolver final : public Resolver {
 public:
  explicit AresResolver(ResolverOptions options)
      : options_(std::move(options)), shared_(std::make_shared<Shared>()) {
    thread_ =
        std::thread([shared = shared_, wanted = options_] { run_resolver_worker(shared, wanted); });
  }

  ~AresResolver() override {
    {
      const std::scoped_lock lock(shared_->mutex);
      shared_->stopping = true;
    }
    shared_->poller->wake();
    thread_.join();
  }

  asio::awaitable<Result<Addresses>> resolve(std::string name, std::span<const Endpoint> servers,
                                             Deadline& deadline) override {
    if (const auto literal = IpAddress::parse(name)) {
      co_return Addresses{*literal};
    }
    if (!is_host(std::string_view(name).substr(0, name.size() - (name.ends_with('.') ? 1 : 0)))) {
      Failure failure;
      failure.reason = Reason::dns_failure;
      failure.message = "\"" + name.substr(0, 64) + "\" can't be a host name";
      co_return std::unexpected(std::move(failure));
    }
    name = lower(name);
    const std::string key = question_key(name, servers);
    if (const Answer known = cached(key)) {
      co_return *known;
    }
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const auto waiter = std::make_shared<Waiter>(executor);
    const auto question = join(key, name, servers, waiter);
    const Membership membership(shared_, question, waiter);
    const Watch watch = deadline.watch(*waiter);
    if (!waiter->ended) {
      co_await waiter->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (waiter->answer) {
      co_return *waiter->answer;
    }
    co_return std::unexpected(name_failure(Reason::dns_timeout, *question,
                                           "could not be looked up within the probe's time"));
  }

  std::vector<Endpoint> system_servers() override {
    return configured_name_servers(options_.config_file, options_.port);
  }

 private:
  Answer cached(const std::string& key) {
    const TimePoint time = system_clock().steady_now();
    const std::scoped_lock lock(shared_->mutex);
    return shared_->cache.find(key, time);
  }

  std::shared_ptr<Question> join(const std::string& key, const std::string& name,
                                 std::span<const Endpoint> servers,
                                 const std::shared_ptr<Waiter>& waiter) {
    const std::scoped_lock lock(shared_->mutex);
    auto& question = shared_->running[key];
    if (!question) {
      question = std::make_shared<Question>();
      question->key = key;
      question->name = name;
      question->servers.assign(servers.begin(), servers.end());
      shared_->fresh.push_back(question);
      shared_->poller->wake();
    }
    question->waiters.push_back(waiter);
    return question;
  }

  ResolverOptions options_;
  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Resolver> make_resolver(ResolverOptions options) {
  if (options.hosts_file.empty()) {
    options.hosts_file = system_hosts_file();
  }
  if (options.config_file.empty()) {
    options.config_file = system_resolver_file();
  }
  return std::make_unique<AresResolver>(std::move(options));
}

}  // namespace reachd::net
