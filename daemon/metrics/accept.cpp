#include "daemon/metrics/accept.hpp"

#include <charconv>
#include <cmath>

#include "probes/core/words.hpp"

namespace reachd::metrics {
namespace {

std::string_view trim(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Takes the part before `separator` off the front of `text`.
std::string_view next_part(std::string_view& text, char separator) noexcept {
  const auto end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return trim(part);
}

int weight_of(std::string_view parameters) noexcept {
  while (!parameters.empty()) {
    std::string_view value = next_part(parameters, ';');
    const std::string_view name = next_part(value, '=');
    if (same_word(name, "q")) {
      value = trim(value);
      double weight = 0;
      const auto read = std::from_chars(value.data(), value.data() + value.size(), weight);
      const bool sane = read.ec == std::errc() && weight >= 0 && weight <= 1;
      return sane ? static_cast<int>(std::lround(weight * 1000)) : 0;
    }
  }
  return 1000;
}

}  // namespace

std::optional<Weighted> next_weighted(std::string_view& list) noexcept {
  while (!list.empty()) {
    std::string_view element = next_part(list, ',');
    const std::string_view value = next_part(element, ';');
    if (!value.empty()) {
      return Weighted{.value = value, .weight = weight_of(element)};
    }
  }
  return std::nullopt;
}

}  // namespace reachd::metrics
