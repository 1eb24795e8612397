#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace reachd::web {

/// Compresses a response piece by piece (RFC 1952, deflate level 1: more costs a scrape twice the
/// time for little). Needs about 150 KB while it lives.
class Gzip {
 public:
  /// Throws std::bad_alloc.
  Gzip();
  ~Gzip();

  /// Compresses `text`; appends what is ready to `out`, which may be nothing.
  void write(std::string_view text, std::string& out);
  /// Appends the rest. Nothing may be written afterwards.
  void finish(std::string& out);

 private:
  struct State;
  void run(std::string_view text, int flush, std::string& out);

  std::unique_ptr<State> state_;
};

/// True if an Accept-Encoding header (RFC 9110, 12.5.3) allows gzip.
bool accepts_gzip(std::string_view accept_encoding) noexcept;

}  // namespace reachd::web
