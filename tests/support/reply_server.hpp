#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/loopback_server.hpp"

namespace reachd::test {

/// A server of SMTP or FTP: greets, answers each command by the first row whose word begins it, and
/// keeps what it was told. Outlives the LoopbackServer that runs its script.
struct ReplyServer {
  std::string greeting;
  std::vector<std::pair<std::string, std::string>> answers;
  std::string otherwise{};         ///< to what no row begins
  std::optional<ServerTls> tls{};  ///< shaken after AUTH and STARTTLS; none: they change nothing
  std::vector<std::string> heard{};

  Script script() {
    return [this](Peer& peer) -> asio::awaitable<void> {
      co_await peer.send(greeting);
      for (;;) {
        const std::string line = co_await peer.read_until("\r\n");
        if (line.empty()) {
          co_return;
        }
        heard.push_back(line.substr(0, line.find('\r')));
        co_await peer.send(answer_to(line));
        if (tls && (line.starts_with("AUTH") || line.starts_with("STARTTLS"))) {
          const bool secured = co_await peer.start_tls(*tls);
          heard.push_back(secured ? "(tls)" : "(no tls)");
        }
        if (line.starts_with("QUIT")) {
          co_return;
        }
      }
    };
  }

 private:
  std::string answer_to(std::string_view line) const {
    for (const auto& [word, answer] : answers) {
      if (line.starts_with(word)) {
        return answer;
      }
    }
    return otherwise;
  }
};

}  // namespace reachd::test
