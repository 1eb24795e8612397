#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <cstddef>
#include <expected>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "daemon/log/log.hpp"
#include "daemon/web/access.hpp"
#include "daemon/web/credentials.hpp"
#include "daemon/web/policy.hpp"
#include "daemon/web/wait.hpp"

namespace reachd::web {

/// Holds web.yml in force and checks passwords by it, both on threads of its own, because the disk
/// and bcrypt take their time. The server's thread only. Its end does not wait for bcrypt.
class Guard {
 public:
  /// What may wait for bcrypt, in all and of one address: who guesses passwords at speed is turned
  /// away before it costs others their turn.
  static constexpr std::size_t kMostWaiting = 64;
  static constexpr std::size_t kMostWaitingOfOne = 16;
  /// Who knows a password knows many that bcrypt takes for the same, by what follows 72 bytes.
  static constexpr std::size_t kMostKnown = 100;

  Guard(std::shared_ptr<boost::asio::io_context> context, Access access,
        std::shared_ptr<const Policy> policy, std::chrono::milliseconds look_every);
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard();

  const std::shared_ptr<const Policy>& policy() const noexcept { return policy_; }
  bool is_excluded(std::string_view path) const noexcept;
  /// web.yml gives this header of responses a value.
  bool sets(std::string_view header) const noexcept;

  /// The files have not been looked at for a while, and nobody is at it.
  bool is_due(std::chrono::steady_clock::time_point now) const noexcept;
  /// Looks whether the files have changed. Good new ones are in force when this is answered; bad
  /// ones leave the former in force, which the log says once.
  std::shared_ptr<Wait<bool>> look();

  /// They were right when they were last checked, and the user's hash is still the same.
  bool knows(const Credentials& credentials) const;
  /// Checks them; who is not known takes as long as who is, and who asks the same at the same time
  /// shares a check. Null: too many wait already. An event without an answer: the same, since
  /// another address, which has fewer waiting, needed the place.
  std::shared_ptr<Wait<bool>> check(Credentials credentials, const boost::asio::ip::address& from);
  /// A client that is not let in, for the log: a line a minute.
  void refused(const boost::asio::ip::address& from, std::string_view what, std::string_view why);

 private:
  struct Looked {
    std::shared_ptr<const Policy> policy;  ///< null: nothing has changed, or `problems`
    std::string problems;
  };

  /// A password that waits for bcrypt, or is at it.
  struct Check {
    bool abandoned() const noexcept;

    std::string key;
    Credentials credentials;
    Secret hash;
    boost::asio::ip::address from;
    std::vector<std::weak_ptr<Wait<bool>>> waits;
  };

  static Looked look_at(const Policy& policy, bool retry);
  void adopt(Looked looked);
  /// The check of `key` that waits or runs; null if there is none.
  Check* find(std::string_view key) noexcept;
  bool make_room(const boost::asio::ip::address& from);
  void start_next();
  void finished(bool right);
  const config::WebUser* user(std::string_view name) const noexcept;
  /// Recognizes credentials without keeping them: a keyed digest, also of the user's hash.
  std::string key_of(const Credentials& credentials, const Secret& hash) const;
  std::string digest(std::string_view text) const;
  Secret hash_for_unknown(std::string_view name) const;

  const std::shared_ptr<boost::asio::io_context> context_;
  const Access access_;
  const std::chrono::milliseconds look_every_;
  const std::string salt_;  ///< random, of this process
  std::shared_ptr<const Policy> policy_;
  std::string problems_;  ///< of the files as they are; empty: they are in force
  bool looking_ = false;
  std::chrono::steady_clock::time_point looked_ = std::chrono::steady_clock::now();
  std::unordered_set<std::string> known_;  ///< keys
  std::list<Check> waiting_;
  boost::asio::ip::address served_;  ///< whose check was the last to start
  std::optional<Check> running_;     ///< one: bcrypt takes one core, whoever asks
  log::RareWarning refusals_;
  boost::asio::thread_pool files_{1};
  /// Run by a thread that nobody waits for, since a hash of a high cost takes seconds.
  const std::shared_ptr<boost::asio::io_context> hasher_;
};

/// Reads the files of `access`, and says in the log what is in force. The error has all problems.
std::expected<std::unique_ptr<Guard>, std::string> make_guard(
    std::shared_ptr<boost::asio::io_context> context, Access access,
    std::chrono::milliseconds look_every);

}  // namespace reachd::web
