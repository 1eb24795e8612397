#include "daemon/web/query.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace reachd::web {
namespace {

constexpr std::array<std::string_view, 6> kSelectorKeys = {"name",        "check",  "product",
                                                           "requirement", "device", "probe"};

std::optional<engine::Verdict> parse_verdict(std::string_view text) noexcept {
  for (const auto verdict : {engine::Verdict::unknown, engine::Verdict::up,
                             engine::Verdict::degraded, engine::Verdict::down}) {
    if (text == to_string(verdict)) {
      return verdict;
    }
  }
  return std::nullopt;
}

}  // namespace

bool is_selector_key(std::string_view key) noexcept {
  return std::ranges::find(kSelectorKeys, key) != kSelectorKeys.end() || key.starts_with("label.");
}

std::optional<Detail> parse_detail(std::string_view text) noexcept {
  return text == "full"    ? std::optional(Detail::full)
         : text == "brief" ? std::optional(Detail::brief)
                           : std::nullopt;
}

std::optional<std::size_t> parse_number(std::string_view text) noexcept {
  std::size_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  return whole ? std::optional(number) : std::nullopt;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  out += text.substr(0, 80);
  out += '"';
  return out;
}

std::expected<ListQuery, std::string> ListQuery::parse(
    const std::vector<std::pair<std::string, std::string>>& query) {
  ListQuery result;
  for (const auto& [key, value] : query) {
    if (key == "offset" || key == "limit") {
      const auto number = parse_number(value);
      if (!number || (key == "limit" && *number == 0)) {
        return std::unexpected(key + " is not a number that makes sense: " + quoted(value));
      }
      if (key == "offset") {
        result.offset_ = *number;
      } else {
        result.limit_ = std::min(*number, kMaxLimit);
      }
    } else if (key == "view") {
      const auto detail = parse_detail(value);
      if (!detail) {
        return std::unexpected("view is full or brief, not " + quoted(value));
      }
      result.detail_ = *detail;
    } else if (key == "state") {
      const auto verdict = parse_verdict(value);
      if (!verdict) {
        return std::unexpected("state is unknown, up, degraded or down, not " + quoted(value));
      }
      result.states_[static_cast<std::size_t>(*verdict)] = true;
    } else if (is_selector_key(key)) {
      std::string text = key;
      text += '=';
      text += value;
      auto selector = config::Selector::parse(text);
      if (!selector) {
        return std::unexpected(selector.error());
      }
      auto group = std::ranges::find(result.groups_, key, &Group::key);
      if (group == result.groups_.end()) {
        group = result.groups_.insert(group, Group{.key = key, .any_of = {}});
      }
      group->any_of.push_back(std::move(*selector));
    } else {
      return std::unexpected(
          "nothing is called " + quoted(key) +
          "; there are offset, limit, view, state, name, check, product, requirement, "
          "device, probe and label.KEY");
    }
  }
  return result;
}

bool ListQuery::matches(const engine::Board& board, std::size_t check) const {
  const config::Plan& plan = board.plan();
  for (const Group& group : groups_) {
    if (!config::matches_any(group.any_of, plan, plan.checks[check])) {
      return false;
    }
  }
  const bool any_state = std::ranges::none_of(states_, std::identity());
  return any_state || states_[static_cast<std::size_t>(board.status(check).verdict)];
}

}  // namespace reachd::web
