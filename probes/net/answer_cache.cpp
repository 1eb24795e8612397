#include "probes/net/answer_cache.hpp"

#include <utility>

namespace reachd::net {
namespace {

/// Looking through a full cache again and again for nothing would cost more than a question.
constexpr auto kBetweenSweeps = std::chrono::seconds(10);

}  // namespace

Answer AnswerCache::find(const std::string& question, TimePoint now) const {
  const auto found = entries_.find(question);
  return found != entries_.end() && now < found->second.until ? found->second.answer : nullptr;
}

void AnswerCache::store(const std::string& question, Answer answer, TimePoint until,
                        TimePoint now) {
  if (entries_.size() >= most_ && !entries_.contains(question)) {
    if (now >= next_sweep_) {
      next_sweep_ = now + kBetweenSweeps;
      std::erase_if(entries_, [now](const auto& entry) { return entry.second.until <= now; });
    }
    if (entries_.size() >= most_) {
      entries_.erase(entries_.begin());
    }
  }
  entries_.insert_or_assign(question, Entry{std::move(answer), until});
}

}  // namespace reachd::net
