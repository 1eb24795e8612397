#include "probes/core/glob.hpp"

#include <cstddef>

namespace reachd {

bool glob_matches(std::string_view glob, std::string_view text) noexcept {
  std::size_t at = 0;
  std::size_t pattern = 0;
  std::size_t star = std::string_view::npos;  // the last * seen, and where in the text it began
  std::size_t star_text = 0;
  while (at < text.size()) {
    if (pattern < glob.size() && glob[pattern] == '*') {
      star = pattern++;
      star_text = at;
    } else if (pattern < glob.size() && (glob[pattern] == '?' || glob[pattern] == text[at])) {
      ++pattern;
      ++at;
    } else if (star != std::string_view::npos) {
      pattern = star + 1;
      at = ++star_text;
    } else {
      return false;
    }
  }
  while (pattern < glob.size() && glob[pattern] == '*') {
    ++pattern;
  }
  return pattern == glob.size();
}

}  // namespace reachd
