#include "daemon/engine/trace_queue.hpp"

#include <algorithm>
#include <utility>

namespace reachd::engine {

TraceQueue::Answer TraceQueue::want(const Endpoint& endpoint, std::uint32_t who, TimePoint now) {
  const auto found = found_.find(endpoint);
  if (found != found_.end() && now - found->second.at < kNotAgain) {
    return Answer::known;
  }
  const auto is_it = [&endpoint](const Job& job) { return job.endpoint == endpoint; };
  auto running = std::ranges::find_if(running_, is_it);
  auto waiting = std::ranges::find_if(waiting_, is_it);
  Job* job = running != running_.end()   ? &*running
             : waiting != waiting_.end() ? &*waiting
                                         : nullptr;
  if (job == nullptr) {
    if (waiting_.size() >= kMostWaiting) {
      return Answer::full;
    }
    job = &waiting_.emplace_back();
    job->endpoint = endpoint;
  }
  if (std::ranges::find(job->wanted_by, who) == job->wanted_by.end()) {
    job->wanted_by.push_back(who);
  }
  return Answer::queued;
}

std::shared_ptr<const Path> TraceQueue::path(const Endpoint& endpoint, TimePoint now) const {
  const auto found = found_.find(endpoint);
  return found != found_.end() && now - found->second.at < kNotAgain ? found->second.path : nullptr;
}

void TraceQueue::answers(const Endpoint& endpoint) {
  found_.erase(endpoint);
  for (Job& job : running_) {
    job.answered = job.answered || job.endpoint == endpoint;
  }
  std::erase_if(waiting_, [&endpoint](const Job& job) { return job.endpoint == endpoint; });
}

std::optional<TraceQueue::Job> TraceQueue::pop(TimePoint now) {
  if (next() > now) {
    return std::nullopt;
  }
  last_start_ = now;
  const auto job = first_free();
  running_.push_back(*job);
  waiting_.erase(job);
  return running_.back();
}

std::deque<TraceQueue::Job>::const_iterator TraceQueue::first_free() const noexcept {
  return std::ranges::find_if(waiting_, [this](const Job& job) {
    return std::ranges::none_of(running_, [&job](const Job& other) {
      return other.endpoint.address == job.endpoint.address;
    });
  });
}

TimePoint TraceQueue::next() const noexcept {
  if (running_.size() >= kMostRunning || first_free() == waiting_.end()) {
    return TimePoint::max();
  }
  return last_start_ == TimePoint::min() ? last_start_ : last_start_ + kGap;
}

std::vector<std::uint32_t> TraceQueue::ended(const Endpoint& endpoint,
                                             std::shared_ptr<const Path> path, TimePoint now) {
  std::vector<std::uint32_t> wanted_by;
  const auto job = std::ranges::find(running_, endpoint, &Job::endpoint);
  if (job != running_.end()) {
    wanted_by = std::move(job->wanted_by);
    path = job->answered ? nullptr : std::move(path);
    running_.erase(job);
  }
  std::erase_if(found_, [now](const auto& entry) { return now - entry.second.at >= kNotAgain; });
  if (path) {
    found_[endpoint] = {.path = std::move(path), .at = now};
  }
  return wanted_by;
}

void TraceQueue::renumber(const std::vector<std::uint32_t>& renumbered) {
  const auto apply = [&renumbered](Job& job) {
    for (std::uint32_t& who : job.wanted_by) {
      who = renumbered[who];
    }
    std::erase(job.wanted_by, kGone);
  };
  std::ranges::for_each(running_, apply);
  std::ranges::for_each(waiting_, apply);
  std::erase_if(waiting_, [](const Job& job) { return job.wanted_by.empty(); });
}

}  // namespace reachd::engine
