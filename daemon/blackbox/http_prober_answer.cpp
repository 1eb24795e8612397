#include "daemon/blackbox/http_prober_answer.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "daemon/blackbox/go_text.hpp"
#include "probes/core/words.hpp"

namespace reachd::blackbox {
namespace {

using config::blackbox::HeaderMatch;
using config::blackbox::Http;

constexpr std::uint64_t kMebi = std::uint64_t{1024} * 1024;
/// What a hostile server may make each of many probes keep, and decompress a small body to.
constexpr std::uint64_t kMostKept = 4 * kMebi;
constexpr std::uint64_t kMostInflated = 16 * kMebi;

std::string quoted(const Pattern& pattern) { return "/" + pattern.text() + "/"; }

/// Whether any line of that header matches; none if there is no such header.
std::optional<bool> matches(const net::HttpResponse& head, const HeaderMatch& rule) {
  std::optional<bool> result;
  for (const auto& [name, value] : head.headers) {
    if (same_word(name, rule.header)) {
      result = result.value_or(false) || rule.pattern.found_in(GoText(value).seen());
    }
  }
  return result;
}

}  // namespace

bool is_redirect(const net::HttpResponse& response) noexcept {
  constexpr std::array<int, 5> kStatuses{301, 302, 303, 307, 308};
  if (std::ranges::find(kStatuses, response.status) == kStatuses.end()) {
    return false;
  }
  const std::string* location = response.header("Location");
  return location != nullptr && !location->empty();
}

Answer::Answer(const Run& run)
    : run_(run), rules_(run.module.http), most_(rules_.body_size_limit) {}

bool Answer::start(const net::HttpResponse& head) {
  if (is_redirect(head)) {
    return false;
  }
  judge_head(head);
  keeps_ = good_ && wants_text();
  if (rules_.compression == Http::Compression::gzip ||
      rules_.compression == Http::Compression::deflate) {
    inflater_.emplace(rules_.compression == Http::Compression::gzip ? net::Encoding::gzip
                                                                    : net::Encoding::deflate);
  }
  if (most_ == 0) {
    most_ = keeps_      ? kMostKept
            : inflater_ ? kMostInflated
                        : std::numeric_limits<std::uint64_t>::max();
  }
  return true;
}

bool Answer::take(std::string_view piece) {
  if (!inflater_) {
    return add(piece);
  }
  const auto taken = inflater_->take(piece, [this](std::string_view plain) { return add(plain); });
  if (!taken) {
    complaint_ = taken.error();
  }
  return complaint_.empty();
}

bool Answer::add(std::string_view piece) {
  if (piece.size() > most_ - length_) {
    length_ = most_;
    complaint_ = "the body is larger than " + std::to_string(most_) + " bytes" +
                 (rules_.body_size_limit == 0 ? ", and the module has no body_size_limit" : "");
    return false;
  }
  length_ += piece.size();
  if (keeps_) {
    text_ += piece;
  }
  return true;
}

void Answer::judge_head(const net::HttpResponse& head) {
  judged_ = true;
  good_ = has_good_status(head.status);
  if (!good_) {
    log_line(run_, [&] { return head.title() + " has no status that the module takes"; });
    return;
  }
  if (const auto complaint = header_complaint(head)) {
    log_line(run_, [&] { return *complaint; });
    good_ = false;
    failed_by_pattern_ = true;
  }
}

bool Answer::verdict(const net::HttpResponse& response) {
  const bool unread = !judged_;
  if (unread) {
    judge_head(response);
  }
  if (complaint_.empty() && response.body_failure) {
    complaint_ = "the body broke off: " + response.body_failure->message;
  } else if (complaint_.empty() && inflater_ && !inflater_->complete()) {
    complaint_ = "the body ends before its compressed text does";
  }
  if (good_ && wants_text()) {
    const auto found = unread ? "the body of a redirect is not searched" : body_complaint();
    if (found) {
      log_line(run_, [&] { return *found; });
      good_ = false;
      failed_by_pattern_ = true;
    }
  }
  if (!complaint_.empty()) {
    log_line(run_, [&] { return complaint_; });
    good_ = false;
  }
  return good_;
}

bool Answer::has_good_status(int status) const {
  if (rules_.valid_status_codes.empty()) {
    return status >= 200 && status < 300;
  }
  return std::ranges::find(rules_.valid_status_codes, status) != rules_.valid_status_codes.end();
}

std::optional<std::string> Answer::header_complaint(const net::HttpResponse& head) const {
  const auto missing = [](const HeaderMatch& rule) {
    return "the answer has no header " + rule.header;
  };
  for (const HeaderMatch& rule : rules_.fail_if_header_matches) {
    const auto found = matches(head, rule);
    if (!found && !rule.allow_missing) {
      return missing(rule);
    }
    if (found && *found) {
      return "the header " + rule.header + " matches " + quoted(rule.pattern);
    }
  }
  for (const HeaderMatch& rule : rules_.fail_if_header_not_matches) {
    const auto found = matches(head, rule);
    if (!found && !rule.allow_missing) {
      return missing(rule);
    }
    if (found && !*found) {
      return "the header " + rule.header + " does not match " + quoted(rule.pattern);
    }
  }
  return std::nullopt;
}

std::optional<std::string> Answer::body_complaint() const {
  if (!complaint_.empty()) {
    return "the body can't be searched";
  }
  const GoText text(text_);
  for (const Pattern& pattern : rules_.fail_if_body_matches) {
    if (pattern.found_in(text.seen())) {
      return "the body matches " + quoted(pattern);
    }
  }
  for (const Pattern& pattern : rules_.fail_if_body_not_matches) {
    if (!pattern.found_in(text.seen())) {
      return "the body does not match " + quoted(pattern);
    }
  }
  return std::nullopt;
}

bool Answer::wants_text() const noexcept {
  return !rules_.fail_if_body_matches.empty() || !rules_.fail_if_body_not_matches.empty();
}

}  // namespace reachd::blackbox
