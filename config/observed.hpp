#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/core/clock.hpp"

namespace reachd::config {

/// A URL that a trusted certificate named: where its revocation and its issuer can be asked.
struct ObservedUrl {
  std::string requirement;  ///< whose check was shown the certificate
  std::string url;          ///< plain http, at most 512 bytes
  WallTime seen{};          ///< when it was last shown
};

/// What was learnt from the network and belongs into the plan, beside catalogue and configuration.
/// Bounded whatever the network says; one text, so that it outlives the process.
class Observed {
 public:
  /// As many URLs are kept; more are passed over.
  static constexpr std::size_t kMost = 64;
  /// What no certificate names any more is forgotten after so long.
  static constexpr Duration kForgottenAfter = std::chrono::days(30);

  /// Reads to_text() again; lines that it would not write are passed over.
  static Observed parse(std::string_view text);
  /// One line a URL: requirement, seconds since 1970, URL.
  std::string to_text() const;

  /// Takes a URL in. True if it is new; what can't be a host's plain http URL is not taken, nor an
  /// address in the place of a name, which no public authority uses.
  bool note(std::string_view requirement, std::string_view url, WallTime now);
  /// Drops what was last seen kForgottenAfter before now. True if something was.
  bool forget(WallTime now);

  /// Sorted by requirement and URL.
  std::span<const ObservedUrl> urls() const noexcept { return urls_; }

 private:
  std::vector<ObservedUrl> urls_;
};

}  // namespace reachd::config
