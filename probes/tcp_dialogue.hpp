#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/core/probe.hpp"
#include "probes/core/reader.hpp"
#include "probes/core/send_expect.hpp"
#include "probes/net/dial.hpp"

namespace reachd {
namespace tcp {

/// First something is sent, then something expected, either may be missing; or a TLS handshake.
struct Step {
  SendExpect exchange;
  bool starttls = false;
};

/// `steps`, or one step of the check's own `send` and `expect`; empty: a connection is all.
std::vector<Step> read_steps(Reader& params);

/// What was heard, and what of it was used up. Pure; memory is what was added since the last match
/// at most.
class Ear {
 public:
  /// A new step begins; what is left counts as heard in it.
  void begin_step();
  void add(std::span<const std::byte> bytes);
  /// What met the expectation, fit for a message; it and all before it is used up. A pattern is
  /// looked for in each line (its first 4 KiB) and in the unfinished last one, such as a prompt,
  /// whose rest then counts as used up, too.
  std::optional<std::string> take(const SendExpect& wanted);
  /// Something was sent: what comes is no rest of a line any more.
  void said() noexcept { in_line_ = false; }

  /// The last match was in a line whose end has not come.
  bool in_line() const noexcept { return in_line_; }
  bool empty() const noexcept { return text_.empty(); }
  std::size_t heard_in_step() const noexcept { return heard_; }
  /// The first bytes heard in this step.
  std::string_view beginning() const noexcept { return beginning_; }

 private:
  std::optional<std::string> take_line(const Pattern& pattern);
  std::optional<std::string> take_bytes(std::span<const std::byte> wanted);
  void skip_rest_of_line();
  void note(std::string_view text);

  std::string text_;
  std::string beginning_;
  std::size_t heard_ = 0;
  bool in_line_ = false;
};

}  // namespace tcp

/// Connects as `options` say, takes the steps and closes.
std::shared_ptr<const Probe> make_tcp_dialogue(net::SecureDialOptions options,
                                               std::vector<tcp::Step> steps);

}  // namespace reachd
