#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/event/alert.hpp"
#include "daemon/event/event.hpp"
#include "probes/core/reader.hpp"
#include "probes/net/deadline.hpp"
#include "probes/net/network.hpp"

namespace reachd::alert {

namespace asio = boost::asio;

/// One event on its way to one sink.
struct Delivery {
  const event::Event& event;
  std::string_view json;  ///< the event as one line, without the line end
};

/// How one delivery ended.
struct Receipt {
  enum class How : std::uint8_t {
    delivered,  ///< the receiver has it
    retry,      ///< not now: it will be tried again, and what comes after it waits
    refused,    ///< never: the receiver won't have this one; it is dropped, counted and told
  };
  How how = How::delivered;
  std::string why{};                      ///< a sentence where it is not delivered; no secrets
  std::optional<Duration> retry_after{};  ///< the receiver's own wish
  /// Of a batch of alerts that will be tried again: which of them, by their rising indices, where
  /// the others are settled. Empty: all.
  std::vector<std::size_t> left{};
};

/// Lent to a sink for one attempt. Everything lives on the alert thread.
struct SinkRun {
  net::Network& network;
  net::Deadline& deadline;  ///< ends the attempt; whatever waits is watched with it
  const std::string& vantage;
  const std::string& external_url;  ///< for links; ends with '/'; empty: unknown
  Duration resend;                  ///< how often state is told again
};

/// Where events go, one after the other: webhook, syslog, file, smtp. Alert thread only; deliver()
/// is never active twice. It may keep a connection between two calls.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Gets rid of the events, in their order; one receipt each. What follows the first `retry` is
  /// `retry` too, unless it was delivered beside it (a sink that sends side by side).
  virtual asio::awaitable<std::vector<Receipt>> deliver(SinkRun run,
                                                        std::span<const Delivery> events) = 0;
  /// At most so many events a call.
  virtual std::size_t most_at_once() const noexcept { return 1; }
  /// True if a call never holds two events of one check, because they go side by side.
  virtual bool one_per_check() const noexcept { return false; }
  /// How long one call may take.
  virtual Duration timeout() const noexcept { return std::chrono::seconds(10); }
};

/// Where state goes, again and again: alertmanager. One object an instance, each with its own
/// queue. Alert thread only; send() is never active twice.
class StateSink {
 public:
  virtual ~StateSink() = default;
  /// Tells the alerts, open and ended; at most kMostAlerts. `refused`: the receiver has taken what
  /// it could, and the batch is not to be sent again as it is (the next resend tells all anew); who
  /// refused what, and why, the sink has said.
  virtual asio::awaitable<Receipt> send(SinkRun run, std::span<const event::Alert> alerts) = 0;
  /// "http://am1:9093", for messages.
  virtual std::string title() const = 0;
  virtual Duration timeout() const noexcept { return std::chrono::seconds(10); }
  static constexpr std::size_t kMostAlerts = 256;
};

/// What an entry of `sinks:` made: either of both kinds.
struct MadeSink {
  std::shared_ptr<Sink> events;
  std::vector<std::shared_ptr<StateSink>> states;
};

/// A row of the table of sink types.
struct SinkType {
  std::string_view name;  ///< the word of `type:`
  /// It calls people, so what a modifier holds back does not go there unless the entry says
  /// `suppressed: true`; the others are records, which get everything unless it says false.
  bool calls_people;
  /// Reads the sink's own keys; problems go to the reader's diagnostics. The caller reads `name`,
  /// `type`, `min_severity`, `match`, `suppressed` and runs done() afterwards. Does no I/O.
  MadeSink (*make)(Reader& params);
};
/// Those of this system: windows_event_log is there where an event log is.
std::span<const SinkType> sink_types() noexcept;

// One file a type: sinks/NAME.cpp.
SinkType alertmanager_sink() noexcept;
SinkType file_sink() noexcept;
SinkType smtp_sink() noexcept;
SinkType syslog_sink() noexcept;
SinkType webhook_sink() noexcept;
SinkType windows_event_log_sink() noexcept;

}  // namespace reachd::alert
