#include "config/observed.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "probes/core/target.hpp"

namespace reachd::config {
namespace {

constexpr std::size_t kLongestUrl = 512;

bool is_usable(std::string_view url) {
  const bool plain = std::ranges::all_of(url, [](char c) { return c > ' ' && c < '\x7f'; });
  if (!plain || url.size() > kLongestUrl || !url.starts_with("http://")) {
    return false;
  }
  const auto target = parse_target(url, 80);
  return target && !target->literal && target->host.contains('.') && !target->host.ends_with('.');
}

std::string_view take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

}  // namespace

Observed Observed::parse(std::string_view text) {
  Observed result;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view requirement = take_word(line);
    const std::string_view time = take_word(line);
    std::int64_t seconds = 0;
    const auto read = std::from_chars(time.data(), time.data() + time.size(), seconds);
    const bool whole = read.ec == std::errc() && read.ptr == time.data() + time.size();
    // Years beyond 9999 would leave the clock's range.
    if (whole && !requirement.empty() && seconds >= 0 && seconds < 253402300800) {
      result.note(requirement, line, WallTime(std::chrono::seconds(seconds)));
    }
  }
  return result;
}

std::string Observed::to_text() const {
  std::string text;
  for (const ObservedUrl& seen : urls_) {
    const auto since = std::chrono::floor<std::chrono::seconds>(seen.seen.time_since_epoch());
    text += seen.requirement + " " + std::to_string(since.count()) + " " + seen.url + "\n";
  }
  return text;
}

bool Observed::note(std::string_view requirement, std::string_view url, WallTime now) {
  const auto key = [](const ObservedUrl& seen) {
    return std::tuple<std::string_view, std::string_view>(seen.requirement, seen.url);
  };
  const auto place = std::ranges::lower_bound(urls_, std::tuple(requirement, url), {}, key);
  if (place != urls_.end() && key(*place) == std::tuple(requirement, url)) {
    place->seen = std::max(place->seen, now);
    return false;
  }
  if (urls_.size() >= kMost || !is_usable(url)) {
    return false;
  }
  urls_.insert(place, {std::string(requirement), std::string(url), now});
  return true;
}

bool Observed::forget(WallTime now) {
  return std::erase_if(
             urls_, [&](const ObservedUrl& seen) { return now - seen.seen > kForgottenAfter; }) > 0;
}

}  // namespace reachd::config
