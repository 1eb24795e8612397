#include "daemon/web/guard.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <iterator>
#include <map>
#include <stdexcept>
#include <thread>
#include <utility>

#include "daemon/web/password.hpp"
#include "probes/core/words.hpp"

namespace reachd::web {
namespace {

namespace asio = boost::asio;

std::string random_bytes() {
  std::array<unsigned char, 32> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw std::runtime_error("the system has no random numbers");
  }
  return {bytes.begin(), bytes.end()};
}

void tell(const Policy& policy) {
  const config::WebConfig& config = policy.config;
  log::info(
      "web configuration in force",
      {{"file", config.path}, {"tls", policy.tls ? "on" : "off"}, {"users", config.users.size()}});
  for (const Diagnostic& note : config.notes) {
    log::warning(note.to_string());
  }
}

}  // namespace

Guard::Guard(std::shared_ptr<asio::io_context> context, Access access,
             std::shared_ptr<const Policy> policy, std::chrono::milliseconds look_every)
    : context_(std::move(context)),
      access_(std::move(access)),
      look_every_(look_every),
      salt_(random_bytes()),
      policy_(std::move(policy)),
      hasher_(std::make_shared<asio::io_context>(1)) {
  std::thread([hasher = hasher_] {
    const auto work = asio::make_work_guard(*hasher);
    hasher->run();
  }).detach();
}

Guard::~Guard() { hasher_->stop(); }

bool Guard::is_excluded(std::string_view path) const noexcept {
  return std::ranges::find(access_.excluded_paths, path) != access_.excluded_paths.end();
}

bool Guard::sets(std::string_view header) const noexcept {
  const auto& headers = policy_->config.headers;
  return std::ranges::any_of(headers,
                             [&](const auto& one) { return same_word(one.first, header); });
}

bool Guard::is_due(std::chrono::steady_clock::time_point now) const noexcept {
  return !looking_ && now - looked_ >= look_every_;
}

std::shared_ptr<Wait<bool>> Guard::look() {
  looking_ = true;
  auto wait = std::make_shared<Wait<bool>>(context_);
  asio::post(files_, [this, wait, policy = policy_, retry = !problems_.empty()] {
    Looked looked;
    try {
      looked = look_at(*policy, retry);
    } catch (const std::exception& failure) {
      looked.problems = failure.what();
    }
    asio::post(*context_,
               [this, asked = std::weak_ptr(wait), looked = std::move(looked)]() mutable {
                 adopt(std::move(looked));
                 Wait<bool>::answer_now(asked, true);
               });
  });
  return wait;
}

Guard::Looked Guard::look_at(const Policy& policy, bool retry) {
  if (!retry && is_current(policy)) {
    return {};
  }
  Diagnostics diagnostics;
  Looked looked{.policy = load_policy(policy.config.path, diagnostics), .problems = {}};
  if (!looked.policy) {
    looked.problems = diagnostics.to_string();
  } else if ((looked.policy->tls == nullptr) != (policy.tls == nullptr)) {
    looked = {.policy = nullptr, .problems = "TLS is switched on or off by a restart only"};
  }
  return looked;
}

void Guard::adopt(Looked looked) {
  looking_ = false;
  looked_ = std::chrono::steady_clock::now();
  if (looked.policy && (!problems_.empty() || looked.policy->digest != policy_->digest)) {
    policy_ = std::move(looked.policy);
    tell(*policy_);
  } else if (!looked.problems.empty() && looked.problems != problems_) {
    log::error("the changed web configuration is bad, the former stays in force",
               {{"errors", looked.problems}});
  }
  problems_ = std::move(looked.problems);
}

bool Guard::knows(const Credentials& credentials) const {
  const config::WebUser* const found = user(credentials.user);
  return found != nullptr && known_.contains(key_of(credentials, found->hash));
}

std::shared_ptr<Wait<bool>> Guard::check(Credentials credentials, const asio::ip::address& from) {
  const config::WebUser* const found = user(credentials.user);
  Secret hash = found != nullptr ? found->hash : hash_for_unknown(credentials.user);
  std::string key = key_of(credentials, hash);
  auto wait = std::make_shared<Wait<bool>>(context_);
  if (Check* const same = find(key)) {
    same->waits.push_back(wait);
    return wait;
  }
  if (!make_room(from)) {
    return nullptr;
  }
  waiting_.push_back({.key = std::move(key),
                      .credentials = std::move(credentials),
                      .hash = std::move(hash),
                      .from = from,
                      .waits = {wait}});
  start_next();
  return wait;
}

bool Guard::Check::abandoned() const noexcept {
  return std::ranges::all_of(waits, [](const auto& wait) { return wait.expired(); });
}

Guard::Check* Guard::find(std::string_view key) noexcept {
  if (running_ && running_->key == key) {
    return &*running_;
  }
  const auto found = std::ranges::find(waiting_, key, &Check::key);
  return found == waiting_.end() ? nullptr : &*found;
}

bool Guard::make_room(const asio::ip::address& from) {
  std::erase_if(waiting_, [](const Check& check) { return check.abandoned(); });
  std::map<asio::ip::address, std::size_t> counts;
  for (const Check& check : waiting_) {
    ++counts[check.from];
  }
  const std::size_t own = counts[from];
  if (own >= kMostWaitingOfOne) {
    return false;
  }
  if (waiting_.size() < kMostWaiting) {
    return true;
  }
  const auto most =
      std::ranges::max_element(counts, {}, [](const auto& row) { return row.second; });
  if (most->second <= own + 1) {
    return false;
  }
  const auto last =
      std::ranges::find(waiting_.rbegin(), waiting_.rend(), most->first, &Check::from);
  for (const auto& asked : last->waits) {
    if (const auto wait = asked.lock()) {
      wait->event.cancel();
    }
  }
  waiting_.erase(std::next(last).base());
  return true;
}

void Guard::start_next() {
  if (running_ || waiting_.empty()) {
    return;
  }
  // By turns: one address with many does not keep the others waiting.
  auto next = std::ranges::find_if(waiting_, [&](const Check& one) { return one.from != served_; });
  next = next == waiting_.end() ? waiting_.begin() : next;
  served_ = next->from;
  running_ = std::move(*next);
  waiting_.erase(next);
  asio::post(*hasher_, [this, context = std::weak_ptr(context_), hash = running_->hash,
                        password = running_->credentials.password] {
    const bool right = matches(password, hash);
    // Where the server has gone meanwhile, so have the context and this.
    if (const auto server = context.lock()) {
      asio::post(*server, [this, right] { finished(right); });
    }
  });
}

void Guard::finished(bool right) {
  const Check check = std::move(*running_);
  running_.reset();
  const config::WebUser* const now = user(check.credentials.user);
  // The user may have gone while this was checked, and those that are none have a hash too.
  const bool welcome = right && now != nullptr && now->hash.reveal() == check.hash.reveal();
  if (welcome) {
    if (known_.size() >= kMostKnown) {
      known_.clear();
    }
    known_.insert(check.key);
  }
  for (const auto& wait : check.waits) {
    Wait<bool>::answer_now(wait, welcome);
  }
  std::erase_if(waiting_, [](const Check& other) { return other.abandoned(); });
  start_next();
}

void Guard::refused(const asio::ip::address& from, std::string_view what, std::string_view why) {
  refusals_.write(std::chrono::steady_clock::now(), what,
                  {{"from", from.to_string()}, {"why", why}});
}

const config::WebUser* Guard::user(std::string_view name) const noexcept {
  const auto& users = policy_->config.users;
  const auto found = std::ranges::find(users, name, &config::WebUser::name);
  return found == users.end() ? nullptr : &*found;
}

std::string Guard::key_of(const Credentials& credentials, const Secret& hash) const {
  return digest(std::to_string(credentials.user.size()) + ":" + credentials.user + hash.reveal() +
                credentials.password.reveal());
}

std::string Guard::digest(std::string_view text) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  HMAC(EVP_sha256(), salt_.data(), static_cast<int>(salt_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes.data(), &size);
  return {bytes.begin(), bytes.begin() + size};
}

Secret Guard::hash_for_unknown(std::string_view name) const {
  // The cost of one of the users, always the same for a name: the time tells nothing either.
  const auto& users = policy_->config.users;
  const auto choice = static_cast<unsigned char>(digest(name).front()) % users.size();
  constexpr std::size_t kSettingSize = 7;  // "$2y$10$"
  return Secret(users[choice].hash.reveal().substr(0, kSettingSize) +
                "X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG");
}

std::expected<std::unique_ptr<Guard>, std::string> make_guard(
    std::shared_ptr<asio::io_context> context, Access access,
    std::chrono::milliseconds look_every) {
  Diagnostics diagnostics;
  auto policy = load_policy(access.config_file, diagnostics);
  if (!policy) {
    return std::unexpected(diagnostics.to_string());
  }
  tell(*policy);
  return std::make_unique<Guard>(std::move(context), std::move(access), std::move(policy),
                                 look_every);
}

}  // namespace reachd::web
