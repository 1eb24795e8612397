#include "probes/net/revocation_cache.hpp"

#include <algorithm>
#include <utility>

namespace reachd::net {
namespace {

/// Lists of roots live for a year; a mistake of ours should not.
constexpr Duration kLongest = std::chrono::hours(7 * 24);
constexpr Duration kFailureLasts = std::chrono::minutes(2);

/// `until` may be the end of time, `now` plus a week may not be beyond it.
WallTime bounded(WallTime until, WallTime now) { return std::min(until, now + kLongest); }

}  // namespace

template <typename Value>
std::optional<Value> RevocationCache::Shelf<Value>::find(const std::string& key,
                                                         WallTime now) const {
  const auto found = entries.find(key);
  if (found == entries.end() || found->second.until <= now) {
    return std::nullopt;
  }
  return found->second.value;
}

template <typename Value>
void RevocationCache::Shelf<Value>::drop(typename std::map<std::string, Entry>::iterator entry) {
  size -= entry->second.size;
  entries.erase(entry);
}

template <typename Value>
void RevocationCache::Shelf<Value>::keep(const std::string& key, Value value,
                                         std::size_t value_size, WallTime until, WallTime now) {
  if (const auto older = entries.find(key); older != entries.end()) {
    drop(older);
  }
  if (value_size > most || until <= now) {
    return;
  }
  // What is over ends before all else, so it goes first.
  while (size + value_size > most) {
    drop(std::ranges::min_element(entries, {},
                                  [](const auto& entry) { return entry.second.until; }));
  }
  entries.emplace(key, Entry{std::move(value), until, value_size});
  size += value_size;
}

RevocationCache::~RevocationCache() {
  if (reader_) {
    reader_->stop();
    reader_->join();
  }
}

std::optional<KnownRevocation> RevocationCache::find(const std::string& certificate, WallTime now) {
  const std::scoped_lock lock(mutex_);
  return answers_.find(certificate, now);
}

void RevocationCache::keep(const std::string& certificate, KnownRevocation known, WallTime now) {
  const WallTime until = bounded(known.until, now);
  const std::scoped_lock lock(mutex_);
  answers_.keep(certificate, std::move(known), 1, until, now);
}

std::shared_ptr<const std::string> RevocationCache::find_list(const std::string& url,
                                                              WallTime now) {
  const std::scoped_lock lock(mutex_);
  return lists_.find(url, now).value_or(nullptr);
}

void RevocationCache::keep_list(const std::string& url, std::shared_ptr<const std::string> list,
                                WallTime until, WallTime now) {
  const std::size_t bytes = list->size() + url.size();
  const std::scoped_lock lock(mutex_);
  lists_.keep(url, std::move(list), bytes, bounded(until, now), now);
}

std::optional<std::string> RevocationCache::find_failure(const std::string& question,
                                                         WallTime now) {
  const std::scoped_lock lock(mutex_);
  return failures_.find(question, now);
}

void RevocationCache::keep_failure(const std::string& question, std::string why, WallTime now) {
  const std::scoped_lock lock(mutex_);
  failures_.keep(question, std::move(why), 1, now + kFailureLasts, now);
}

asio::any_io_executor RevocationCache::reading_thread() {
  const std::scoped_lock lock(mutex_);
  if (!reader_) {
    reader_.emplace(1);
  }
  return reader_->get_executor();
}

}  // namespace reachd::net
