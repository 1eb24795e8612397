#include "probes/net/http_head.hpp"

namespace reachd::net {

std::optional<std::string> HeadMender::mend(std::string_view piece) {
  constexpr std::size_t kBareStatus = std::string_view("HTTP/1.1 200").size();
  std::string mended;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < piece.size() && !ended_; ++i) {
    const char c = piece[i];
    const bool lacks_return = c == '\n' && last_ != '\r';
    std::string_view lacking;
    if (in_status_line_ && line_ == kBareStatus && (c == '\r' || lacks_return)) {
      lacking = lacks_return ? " \r" : " ";
    } else if (lacks_return) {
      lacking = "\r";
    }
    if (!lacking.empty()) {
      mended.append(piece.substr(taken, i - taken)).append(lacking);
      taken = i;
    }
    if (c == '\n') {
      ended_ = line_ == 0;
      in_status_line_ = false;
      line_ = 0;
    } else if (c != '\r') {
      ++line_;
    }
    last_ = c;
  }
  if (mended.empty()) {
    return std::nullopt;
  }
  return mended.append(piece.substr(taken));
}

}  // namespace reachd::net
