#include "config/parts.hpp"

#include <algorithm>
#include <iterator>

namespace reachd::config {
namespace {

constexpr std::size_t kLongestName = 200;

}  // namespace

void check_name(Reader& reader, std::string_view key, const std::string& name) {
  const bool clean = std::ranges::all_of(
      name, [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 0x7f; });
  if (name.size() > kLongestName || !clean || name.find_first_of("*?,/\"\\") != std::string::npos ||
      name.starts_with(' ') || name.ends_with(' ')) {
    reader.error(key,
                 std::string(key) +
                     " has at most 200 bytes, none of * ? , / \" \\, no control characters and no "
                     "blank at its ends");
  }
}

std::vector<Value> placed_texts(Reader& reader, std::string_view key) {
  std::vector<Value> result;
  static_cast<void>(reader.texts(key));  // reports what is no text
  const Value* value = reader.raw(key);
  if (value != nullptr && value->kind == Value::Kind::scalar) {
    result.push_back(*value);
  } else if (value != nullptr) {
    std::ranges::copy_if(value->items, std::back_inserter(result),
                         [](const Value& item) { return item.kind == Value::Kind::scalar; });
  }
  return result;
}

std::vector<Selector> read_selectors(Reader& reader, std::string_view key) {
  std::vector<Selector> selectors;
  for (const Value& text : placed_texts(reader, key)) {
    auto selector = Selector::parse(text.scalar);
    if (selector) {
      selectors.push_back(std::move(*selector));
    } else {
      reader.diagnostics().error(text.place,
                                 reader.what() + ": " + std::string(key) + ": " + selector.error());
    }
  }
  return selectors;
}

}  // namespace reachd::config
