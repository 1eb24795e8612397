#pragma once

#include <string>

#include "tests/support/loopback_server.hpp"

namespace reachd::test {

/// What a SOCKS5 server sends at each step; an empty message ends the script: it hangs up.
struct SocksAnswers {
  std::string method{"\x05\x00", 2};
  std::string auth{"\x01\x00", 2};  ///< sent if the method is 2, user and password
  std::string reply{"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10};
};

/// What the client sent.
struct SocksHeard {
  std::string greeting;
  std::string credentials;
  std::string request;
};

/// A SOCKS5 server (RFC 1928, 1929) that answers as it is told and then runs `tunnel` in the
/// target's place. It reads each of the client's messages whole, so what it heard is all there was.
inline Script socks(SocksAnswers answers, SocksHeard& heard, Script tunnel = mute()) {
  return [answers = std::move(answers), &heard,
          tunnel = std::move(tunnel)](Peer& peer) -> asio::awaitable<void> {
    const auto number = [](const std::string& text, std::size_t at) {
      return at < text.size() ? static_cast<std::size_t>(static_cast<unsigned char>(text[at])) : 0;
    };
    const auto hear = [&peer](std::string& text, std::size_t count) -> asio::awaitable<void> {
      const std::string more = co_await peer.read(count);
      text += more;
    };
    heard = {};
    co_await hear(heard.greeting, 2);
    co_await hear(heard.greeting, number(heard.greeting, 1));
    if (answers.method.empty()) {
      co_return;
    }
    co_await peer.send(answers.method);
    if (number(answers.method, 1) == 2) {
      std::string& said = heard.credentials;
      co_await hear(said, 2);
      co_await hear(said, number(said, 1) + 1);
      const std::size_t password = number(said, said.size() - 1);
      co_await hear(said, password);
      if (answers.auth.empty()) {
        co_return;
      }
      co_await peer.send(answers.auth);
    }
    co_await hear(heard.request, 5);
    const std::size_t type = number(heard.request, 3);
    const std::size_t length = type == 1 ? 4 : type == 4 ? 16 : number(heard.request, 4) + 1;
    co_await hear(heard.request, length - 1 + 2);
    if (answers.reply.empty()) {
      co_return;
    }
    co_await peer.send(answers.reply);
    co_await tunnel(peer);
  };
}

}  // namespace reachd::test
