#pragma once

#include <gmock/gmock.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/blackbox.hpp"
#include "tests/blackbox/blackbox_lab.hpp"
#include "tests/support/loopback_server.hpp"

namespace reachd::test {

/// What a /probe of an http module yields.
struct HttpProbed {
  bool success = false;
  blackbox::Samples samples;
  std::string text;     ///< the samples as answered, without comments
  std::string log;      ///< of debug=true
  std::string refused;  ///< the sentence of a 403
};

/// Runs http modules as the file writes them, against servers of the test.
class HttpProberTest : public testing::Test {
 protected:
  HttpProberTest() { lab.allow_all(); }

  BlackboxLab lab;
  std::map<std::string, std::string> answers;  // of `site`, by path
  std::vector<std::string> requests;           // their heads, and bodies with a Content-Length
  LoopbackServer site{lab.context, serve()};

  /// A server that answers each request by its path and keeps what it was asked.
  Script serve() {
    return [this](Peer& peer) -> asio::awaitable<void> {
      std::string request = co_await peer.read_until("\r\n\r\n");
      const std::size_t length = request.find("Content-Length: ");
      if (length != std::string::npos) {
        const std::string body = co_await peer.read(std::stoul(request.substr(length + 16)));
        request += body;
      }
      requests.push_back(request);
      const std::size_t start = request.find(' ') + 1;
      const std::string path = request.substr(start, request.find(' ', start) - start);
      const auto found = answers.find(path);
      const std::string answer =
          found == answers.end() ? "HTTP/1.1 404 Not Found\r\n\r\n" : found->second;
      co_await peer.send(answer);
    };
  }

  std::string url(const std::string& path = "/") const { return "http://" + site.target() + path; }
  static std::string page(const std::string& body, const std::string& head = {}) {
    return "HTTP/1.1 200 OK\r\n" + head + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }
  static std::string redirect(const std::string& location, const std::string& head = {}) {
    return "HTTP/1.1 302 Found\r\n" + head + "Location: " + location +
           "\r\nContent-Length: 0\r\n\r\n";
  }

  /// `keys` are those of the block `http`, a line each.
  static config::blackbox::Module module_of(const std::vector<std::string>& keys) {
    std::string yaml = "modules:\n  test:\n    prober: http\n    http:\n      method: GET\n";
    for (const std::string& key : keys) {
      if (key.starts_with("method:")) {
        yaml.erase(yaml.find("      method: GET\n"), 18);
      }
      yaml += "      " + key + "\n";
    }
    Diagnostics diagnostics;
    auto modules = config::blackbox::parse_modules(yaml, "/tmp/test.yml", diagnostics);
    EXPECT_TRUE(modules && modules->find("test") != nullptr) << diagnostics.to_string() << yaml;
    return modules && modules->find("test") != nullptr ? *modules->find("test")
                                                       : config::blackbox::Module{};
  }

  HttpProbed probe(const std::vector<std::string>& keys, const std::string& target,
                   const std::string& hostname = {}, Duration timeout = std::chrono::seconds(4)) {
    ModuleRun made(lab, module_of(keys), target, timeout);
    made.hostname = hostname;
    HttpProbed probed;
    probed.success = run(lab.context, blackbox::probe_http(made.run));
    probed.samples = made.samples;
    std::string rendered;
    made.samples.render(rendered);
    for (std::size_t at = 0; at < rendered.size();) {
      const std::size_t end = rendered.find('\n', at) + 1;
      if (rendered[at] != '#') {
        probed.text += rendered.substr(at, end - at);
      }
      at = end;
    }
    probed.log = made.log.lines;
    probed.refused = made.run.refused;
    return probed;
  }
  HttpProbed probe(const std::vector<std::string>& keys = {}) { return probe(keys, url()); }
  HttpProbed probe_script(Script script, const std::vector<std::string>& keys = {},
                          Duration timeout = std::chrono::seconds(4)) {
    LoopbackServer other(lab.context, std::move(script));
    return probe(keys, other.target(), {}, timeout);
  }
};

/// The value of the series with this name and these labels, as it was answered; none if it is not.
inline std::optional<std::string> series(const HttpProbed& probed, const std::string& name) {
  const std::size_t start = ("\n" + probed.text).find("\n" + name + " ");
  if (start == std::string::npos) {
    return std::nullopt;
  }
  const std::size_t value = start + name.size() + 1;
  return probed.text.substr(value, probed.text.find('\n', value) - value);
}

}  // namespace reachd::test
