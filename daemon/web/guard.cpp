#include "daemon/web/guard.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <exception>
#include <stdexcept>
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
      policy_(std::move(policy)) {}

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
    known_.clear();
    tell(*policy_);
  } else if (!looked.problems.empty() && looked.problems != problems_) {
    log::error("the changed web configuration is bad, the former stays in force",
               {{"errors", looked.problems}});
  }
  problems_ = std::move(looked.problems);
}

bool Guard::knows(const Credentials& credentials) const {
  const config::WebUser* const found = user(credentials.user);
  return found != nullptr && known_.contains(key_of(credentials, *found));
}

std::shared_ptr<Wait<bool>> Guard::check(Credentials credentials, const asio::ip::address& from) {
  if (waiting_.size() >= kMostWaiting ||
      std::ranges::count(waiting_, from) >= std::ptrdiff_t{kMostWaitingOfOne}) {
    return nullptr;
  }
  waiting_.push_back(from);
  auto wait = std::make_shared<Wait<bool>>(context_);
  const config::WebUser* const found = user(credentials.user);
  asio::post(hasher_, [this, wait, from, by = policy_, is_user = found != nullptr,
                       key = found != nullptr ? key_of(credentials, *found) : std::string(),
                       hash = found != nullptr ? found->hash : hash_for_unknown(credentials.user),
                       password = std::move(credentials.password)] {
    // Where nobody waits any more, nothing needs to be known.
    const bool right = wait.use_count() > 1 && matches(password, hash) && is_user;
    asio::post(*context_, [this, asked = std::weak_ptr(wait), key, from, by, right] {
      checked(key, from, by, right);
      Wait<bool>::answer_now(asked, right);
    });
  });
  return wait;
}

void Guard::checked(const std::string& key, const asio::ip::address& from,
                    const std::shared_ptr<const Policy>& by, bool right) {
  waiting_.erase(std::ranges::find(waiting_, from));
  if (right && by == policy_) {
    if (known_.size() >= kMostKnown) {
      known_.clear();
    }
    known_.insert(key);
  }
}

void Guard::refused(const asio::ip::address& from, std::string_view why) {
  refusals_.write(std::chrono::steady_clock::now(), why, {{"from", from.to_string()}});
}

const config::WebUser* Guard::user(std::string_view name) const noexcept {
  const auto& users = policy_->config.users;
  const auto found = std::ranges::find(users, name, &config::WebUser::name);
  return found == users.end() ? nullptr : &*found;
}

std::string Guard::key_of(const Credentials& credentials, const config::WebUser& user) const {
  return digest(std::to_string(user.name.size()) + ":" + user.name + user.hash.reveal() +
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
