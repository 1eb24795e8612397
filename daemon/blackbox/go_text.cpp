#include "daemon/blackbox/go_text.hpp"

#include "probes/core/utf8.hpp"

namespace reachd::blackbox {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

/// How many of the bytes at the front of `bytes` became the first `size` bytes of `repaired`.
std::size_t source_size(std::string_view bytes, std::string_view repaired, std::size_t size) {
  std::size_t source = 0;
  std::size_t i = 0;
  while (i < size) {
    const bool replaced = repaired.substr(i).starts_with(kReplacement) &&
                          !bytes.substr(source).starts_with(kReplacement);
    i += replaced ? kReplacement.size() : 1;
    ++source;
  }
  return source;
}

}  // namespace

GoText::GoText(std::string_view bytes) : bytes_(bytes) {
  if (!is_utf8(bytes)) {
    repaired_ = repair_utf8(bytes);
  }
}

std::string_view GoText::bytes_of(std::string_view part) const {
  if (!repaired_ || part.empty()) {
    return part;
  }
  const auto before = static_cast<std::size_t>(part.data() - repaired_->data());
  const std::size_t begin = source_size(bytes_, *repaired_, before);
  return bytes_.substr(begin, source_size(bytes_, *repaired_, before + part.size()) - begin);
}

}  // namespace reachd::blackbox
