#include "probes/core/pattern.hpp"

#include <re2/re2.h>

#include <utility>

namespace reachd {
namespace {

constexpr std::size_t kLongestPattern = std::size_t{4} * 1024;
/// Of the automaton; RE2 falls back to slower but still linear matching when it is used up.
constexpr std::int64_t kMemory = std::int64_t{1024} * 1024;

}  // namespace

std::expected<Pattern, std::string> Pattern::compile(std::string_view text) {
  if (text.size() > kLongestPattern) {
    return std::unexpected("a pattern has at most 4096 characters");
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMemory);
  auto compiled = std::make_shared<re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!compiled->ok()) {
    return std::unexpected("the pattern can't be used: " + compiled->error());
  }
  return Pattern(std::move(compiled));
}

bool Pattern::found_in(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

std::optional<std::vector<std::string_view>> Pattern::match(std::string_view text) const {
  std::vector<re2::StringPiece> found(
      static_cast<std::size_t>(compiled_->NumberOfCapturingGroups()) + 1);
  if (!compiled_->Match(re2::StringPiece(text.data(), text.size()), 0, text.size(),
                        re2::RE2::UNANCHORED, found.data(), static_cast<int>(found.size()))) {
    return std::nullopt;
  }
  std::vector<std::string_view> groups;
  groups.reserve(found.size());
  for (const re2::StringPiece& piece : found) {
    groups.emplace_back(piece.data(), piece.size());
  }
  return groups;
}

std::optional<std::size_t> Pattern::group(const std::string& name) const {
  const auto& groups = compiled_->NamedCapturingGroups();
  const auto found = groups.find(name);
  return found == groups.end() ? std::nullopt
                               : std::optional(static_cast<std::size_t>(found->second));
}

const std::string& Pattern::text() const noexcept { return compiled_->pattern(); }

}  // namespace reachd
