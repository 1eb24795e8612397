#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/blackbox/run.hpp"
#include "probes/net/http.hpp"
#include "probes/net/inflate.hpp"

namespace reachd::blackbox {

/// True if the response sends the client elsewhere: 301, 302, 303, 307 or 308 with a Location.
bool is_redirect(const net::HttpResponse& response) noexcept;

/// Judges one response by the module's rules about status, headers and body. The body is counted as
/// it comes, and kept only while a pattern wants it; that of a redirect is not read. Without
/// body_size_limit, 4 MiB are the most that is searched and 16 MiB the most that a body is
/// decompressed to.
class Answer final : public net::BodySink {
 public:
  explicit Answer(const Run& run);

  bool start(const net::HttpResponse& head) override;
  bool take(std::string_view piece) override;

  /// Once the exchange is over: true if all that the rules ask for is there. Says in the log what
  /// is not.
  bool verdict(const net::HttpResponse& response);
  /// After decompression, as far as it was read.
  std::uint64_t length() const noexcept { return length_; }
  /// A rule with a pattern failed the probe, or could not be judged.
  bool failed_by_pattern() const noexcept { return failed_by_pattern_; }

 private:
  void judge_head(const net::HttpResponse& head);
  bool has_good_status(int status) const;
  std::optional<std::string> header_complaint(const net::HttpResponse& head) const;
  std::optional<std::string> body_complaint() const;
  bool wants_text() const noexcept;
  bool add(std::string_view piece);

  const Run& run_;
  const config::blackbox::Http& rules_;
  std::optional<net::Inflater> inflater_;
  std::string text_;       // of the body, if a pattern wants it
  std::string complaint_;  // about the body as such
  std::uint64_t most_;
  std::uint64_t length_ = 0;
  bool judged_ = false;
  bool good_ = false;
  bool keeps_ = false;
  bool failed_by_pattern_ = false;
};

}  // namespace reachd::blackbox
