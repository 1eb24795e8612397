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

const std::string& Pattern::text() const noexcept { return compiled_->pattern(); }

}  // namespace reachd
