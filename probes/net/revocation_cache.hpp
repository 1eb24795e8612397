#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "probes/core/outcome.hpp"

namespace reachd::net {

namespace asio = boost::asio;

/// What a source said of one certificate for sure.
struct KnownRevocation {
  bool revoked = false;
  RevocationSource source = RevocationSource::none;
  std::string message;
  WallTime until{};
};

/// What is known of revocations, shared by all loops. Answers are kept until they end, at most a
/// week; revocation lists too, so that a second certificate of an issuer needs no second download;
/// failures for two minutes, so that a responder that is down is not hammered. All of it bounded.
/// Thread-safe.
class RevocationCache {
 public:
  static constexpr std::size_t kMostAnswers = 4096;
  static constexpr std::size_t kMostFailures = 1024;
  static constexpr int kMostReading = 3;
  static constexpr std::size_t kMostListBytes = std::size_t{32} * 1024 * 1024;

  RevocationCache() = default;
  RevocationCache(const RevocationCache&) = delete;
  RevocationCache& operator=(const RevocationCache&) = delete;
  /// Waits for the list that is being read; those that wait are given up.
  ~RevocationCache();

  /// `certificate` is its SHA-256: a certificate has one issuer, whoever trusts that.
  std::optional<KnownRevocation> find(const std::string& certificate, WallTime now);
  void keep(const std::string& certificate, KnownRevocation known, WallTime now);

  /// DER of the list at this URL; null if there is none.
  std::shared_ptr<const std::string> find_list(const std::string& url, WallTime now);
  void keep_list(const std::string& url, std::shared_ptr<const std::string> list, WallTime until,
                 WallTime now);

  /// Why asking this failed a short time ago. `question` holds who was asked, how and about what.
  std::optional<std::string> find_failure(const std::string& question, WallTime now);
  void keep_failure(const std::string& question, std::string why, WallTime now);

  /// A thread for reading long lists, made when the first one comes: a loop would stand still.
  asio::any_io_executor reading_thread();
  /// A place in the short queue of that thread while it lives. Lent: the cache outlives it.
  class Place {
   public:
    explicit Place(RevocationCache& cache) noexcept
        : cache_(cache), free_(++cache.reading_ <= kMostReading) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { --cache_.reading_; }
    /// False: as many wait as a probe may wait for.
    explicit operator bool() const noexcept { return free_; }

   private:
    RevocationCache& cache_;
    bool free_;
  };

 private:
  /// Values by key until their time; when full, what is over goes first, then what ends first.
  template <typename Value>
  struct Shelf {
    struct Entry {
      Value value;
      WallTime until;
      std::size_t size;
    };
    std::size_t most;
    std::size_t size = 0;
    std::map<std::string, Entry> entries{};

    std::optional<Value> find(const std::string& key, WallTime now) const;
    void keep(const std::string& key, Value value, std::size_t value_size, WallTime until,
              WallTime now);
    void drop(typename std::map<std::string, Entry>::iterator entry);
  };

  std::mutex mutex_;
  Shelf<KnownRevocation> answers_{kMostAnswers};
  Shelf<std::shared_ptr<const std::string>> lists_{kMostListBytes};
  Shelf<std::string> failures_{kMostFailures};
  std::optional<asio::thread_pool> reader_;
  std::atomic<int> reading_ = 0;
};

}  // namespace reachd::net
