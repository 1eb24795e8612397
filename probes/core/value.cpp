#include "probes/core/value.hpp"

#include <algorithm>
#include <tuple>

namespace reachd {
namespace {

constexpr std::size_t kMostErrors = 200;

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t column = 0; column <= b.size(); ++column) {
    row[column] = column;
  }
  for (std::size_t line = 1; line <= a.size(); ++line) {
    std::size_t diagonal = row[0];
    row[0] = line;
    for (std::size_t column = 1; column <= b.size(); ++column) {
      const std::size_t substitution = diagonal + (a[line - 1] == b[column - 1] ? 0 : 1);
      diagonal = row[column];
      row[column] = std::min({row[column] + 1, row[column - 1] + 1, substitution});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string Place::to_string() const {
  std::string result = file ? *file : "command line";
  if (line > 0) {
    result += ":" + std::to_string(line) + ":" + std::to_string(column);
  }
  return result;
}

std::string Diagnostic::to_string() const { return place.to_string() + ": " + message; }

void Diagnostics::error(Place place, std::string message) {
  ++count_;
  // What the message quotes may hold an escape sequence for the terminal that shows it.
  std::ranges::replace_if(
      message, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, '?');
  if (errors_.size() < kMostErrors) {
    errors_.push_back({std::move(place), std::move(message)});
  }
}

std::string Diagnostics::to_string() const {
  std::vector<const Diagnostic*> sorted;
  sorted.reserve(errors_.size());
  for (const Diagnostic& diagnostic : errors_) {
    sorted.push_back(&diagnostic);
  }
  // The address comes last so that errors of one place stay in the order of their report.
  std::ranges::sort(sorted, {}, [](const Diagnostic* d) {
    return std::tuple(d->place.file ? *d->place.file : std::string(), d->place.line,
                      d->place.column, d);
  });
  std::string result;
  for (const Diagnostic* diagnostic : sorted) {
    result += diagnostic->to_string() + "\n";
  }
  if (count_ > errors_.size()) {
    result += "... and " + std::to_string(count_ - errors_.size()) + " more errors\n";
  }
  return result;
}

const Value* Value::find(std::string_view key) const noexcept {
  const auto found = std::ranges::find(members, key, &Member::key);
  return found == members.end() ? nullptr : &found->value;
}

std::string_view Value::kind_name() const noexcept {
  switch (kind) {
    case Kind::null:
      return "nothing";
    case Kind::scalar:
      return "text";
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a map";
  }
  return "";
}

Value Value::text(std::string scalar, Place place) {
  Value value;
  value.kind = Kind::scalar;
  value.scalar = std::move(scalar);
  value.place = std::move(place);
  return value;
}

Value Value::map(Place place) {
  Value value;
  value.kind = Kind::map;
  value.place = std::move(place);
  return value;
}

std::optional<std::string_view> nearest(std::string_view word,
                                        const std::vector<std::string_view>& known) {
  if (word.size() > 64) {
    return std::nullopt;
  }
  std::optional<std::string_view> best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance && distance < candidate.size()) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known) {
  const auto likely = nearest(word, known);
  return likely ? "; did you mean " + std::string(*likely) + "?" : "";
}

}  // namespace reachd
