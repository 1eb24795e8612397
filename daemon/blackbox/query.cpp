#include "daemon/blackbox/query.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "daemon/blackbox/go_text.hpp"
#include "daemon/blackbox/tls_samples.hpp"
#include "probes/core/bytes.hpp"
#include "probes/core/printable.hpp"
#include "probes/net/errors.hpp"

namespace reachd::blackbox {
namespace {

using config::blackbox::Conversation;
using config::blackbox::QueryStep;

constexpr std::size_t kLongestLine = std::size_t{64} * 1024;
constexpr std::size_t kShown = 200;

bool is_word(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// What the name in a form stands for; a number is the group of that number.
std::string_view group_text(std::string_view name, const Pattern& pattern,
                            const std::vector<std::string_view>& groups) {
  std::optional<std::size_t> number;
  std::size_t read = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), read);
  if (error == std::errc{} && end == name.data() + name.size()) {
    number = read;
  } else {
    number = pattern.group(std::string(name));
  }
  return number && *number < groups.size() ? groups[*number] : std::string_view();
}

/// What came from the peer and is not used up.
class Heard {
 public:
  enum class Line : std::uint8_t { whole, more_needed, none_left, too_long };

  void add(std::span<const std::byte> bytes) { text_ += as_text(bytes); }
  void end() noexcept { ended_ = true; }
  /// The next line without its end; the text stays until the next call. What the peer left without
  /// an end before it closed is a line as well.
  Line next(std::string_view& line) {
    forget();
    const std::size_t end = text_.find('\n', begin_ + searched_);
    const bool found = end != std::string::npos;
    if (!found && !ended_) {
      searched_ = text_.size() - begin_;
      return searched_ >= kLongestLine ? Line::too_long : Line::more_needed;
    }
    searched_ = 0;
    if (!found && begin_ == text_.size()) {
      return Line::none_left;
    }
    line = std::string_view(text_).substr(begin_, (found ? end : text_.size()) - begin_);
    begin_ = found ? end + 1 : text_.size();
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    return Line::whole;
  }
  /// The next `count` bytes once they are there.
  std::optional<std::string_view> take(std::size_t count) {
    forget();
    if (text_.size() - begin_ < count) {
      return std::nullopt;
    }
    searched_ = 0;
    begin_ += count;
    return std::string_view(text_).substr(begin_ - count, count);
  }

 private:
  /// Drops what is used up, once that is worth moving the rest.
  void forget() {
    if (begin_ == text_.size() || begin_ >= kLongestLine) {
      text_.erase(0, begin_);
      begin_ = 0;
    }
  }

  std::string text_;
  std::size_t begin_ = 0;
  std::size_t searched_ = 0;  ///< bytes from `begin_` without a line's end
  bool ended_ = false;
};

/// One connection's dialogue.
class Speaker {
 public:
  Speaker(Run& run, std::unique_ptr<net::Stream> stream, const Conversation& conversation,
          std::string host)
      : run_(run),
        stream_(std::move(stream)),
        conversation_(conversation),
        host_(std::move(host)) {}

  asio::awaitable<bool> converse() {
    if (conversation_.tls) {
      const bool secured = co_await secure_stream();
      if (!secured) {
        co_return false;
      }
    }
    run_.samples.set(Family::failed_due_to_regex, 0);
    run_.samples.set(Family::failed_due_to_bytes, 0);
    for (const QueryStep& step : conversation_.query_response) {
      const bool went_well = co_await take_step(step);
      if (!went_well) {
        co_return false;
      }
    }
    co_return true;
  }

 private:
  asio::awaitable<bool> secure_stream() {
    stream_ = co_await secure(run_, std::move(stream_), conversation_.tls_config, host_);
    heard_ = Heard();  // what was said before in clear is no part of what is said now
    co_return stream_ != nullptr;
  }

  asio::awaitable<bool> take_step(const QueryStep& step) {
    std::string send = step.send;
    if (step.expect) {
      const bool matched = co_await expect_line(step, send);
      if (!matched) {
        co_return false;
      }
    }
    if (!step.expect_bytes.empty()) {
      const bool matched = co_await expect_bytes(step.expect_bytes);
      if (!matched) {
        co_return false;
      }
    }
    if (!send.empty()) {
      send += '\n';
      log_line(run_, [&] { return "sending " + printable(send, kShown); });
      const net::IoResult sent = co_await stream_->write(std::as_bytes(std::span(send)));
      if (sent.ec) {
        complain("can't send", sent.ec);
        co_return false;
      }
    }
    if (step.starttls) {
      co_return co_await secure_stream();
    }
    co_return true;
  }

  /// Reads lines until one matches, and puts what it matched into `send` and the step's labels.
  asio::awaitable<bool> expect_line(const QueryStep& step, std::string& send) {
    for (;;) {
      std::string_view line;
      const Heard::Line next = heard_.next(line);
      if (next == Heard::Line::whole) {
        const GoText text(line);
        auto groups = step.expect->match(text.seen());
        log_line(run_, [&] {
          return "heard " + printable(line, kShown) +
                 (groups ? ", which matches " : ", which does not match ") + step.expect->text();
        });
        if (groups) {
          std::ranges::transform(*groups, groups->begin(),
                                 [&](std::string_view group) { return text.bytes_of(group); });
          matched(step, *groups, send);
          co_return true;
        }
        continue;
      }
      if (next == Heard::Line::none_left) {
        run_.samples.set(Family::failed_due_to_regex, 1);
        log_line(run_, [&] { return "no line matched " + step.expect->text(); });
        co_return false;
      }
      if (next == Heard::Line::too_long) {
        log_line(run_, [] { return std::string("a line has more than 64 KiB"); });
        co_return false;
      }
      const bool more = co_await hear();
      if (!more) {
        co_return false;
      }
    }
  }

  void matched(const QueryStep& step, const std::vector<std::string_view>& groups,
               std::string& send) {
    run_.samples.set(Family::failed_due_to_regex, 0);
    send = expand(send, *step.expect, groups);
    if (step.labels.empty()) {
      return;
    }
    std::vector<std::string> values;
    values.reserve(step.labels.size());
    Samples::Labels labels;
    for (const auto& [name, form] : step.labels) {
      labels.emplace_back(name, values.emplace_back(expand(form, *step.expect, groups)));
    }
    run_.samples.set_info(Family::expect_info, std::move(labels));
  }

  asio::awaitable<bool> expect_bytes(std::string_view wanted) {
    auto got = heard_.take(wanted.size());
    while (!got) {
      const bool more = co_await hear();
      if (!more || ended_) {
        log_line(run_, [] { return std::string("fewer bytes came than are expected"); });
        co_return false;
      }
      got = heard_.take(wanted.size());
    }
    const bool same = *got == wanted;
    run_.samples.set(Family::failed_due_to_bytes, same ? 0 : 1);
    log_line(run_, [&] {
      return "heard " + printable(*got, kShown) +
             (same ? std::string(", as expected") : ", not " + printable(wanted, kShown));
    });
    co_return same;
  }

  /// Some more bytes, or the end; false if the connection broke.
  asio::awaitable<bool> hear() {
    std::array<std::byte, 4096> buffer;
    const net::IoResult got = co_await stream_->read_some(buffer);
    if (got.ec == asio::error::eof) {
      ended_ = true;
      heard_.end();
      co_return true;
    }
    if (got.ec) {
      complain("can't read", got.ec);
      co_return false;
    }
    heard_.add(std::span(buffer).first(got.count));
    co_return true;
  }

  void complain(std::string_view what, net::error_code ec) {
    log_line(run_, [&] {
      return std::string(what) + ": " +
             net::stream_failure(ec, Phase::request, run_.deadline).message;
    });
  }

  Run& run_;
  std::unique_ptr<net::Stream> stream_;
  const Conversation& conversation_;
  const std::string host_;
  Heard heard_;
  bool ended_ = false;
};

}  // namespace

std::string expand(std::string_view form, const Pattern& pattern,
                   const std::vector<std::string_view>& groups) {
  std::string out;
  while (!form.empty()) {
    const std::size_t dollar = std::min(form.find('$'), form.size());
    out += form.substr(0, dollar);
    form.remove_prefix(dollar);
    if (form.empty()) {
      break;
    }
    form.remove_prefix(1);
    if (form.starts_with('$')) {
      out += '$';
      form.remove_prefix(1);
      continue;
    }
    const bool braced = form.starts_with('{');
    const std::string_view rest = form.substr(braced ? 1 : 0);
    const auto length =
        static_cast<std::size_t>(std::ranges::find_if_not(rest, is_word) - rest.begin());
    const bool closed = !braced || (length < rest.size() && rest[length] == '}');
    if (length == 0 || !closed) {
      out += '$';  // malformed: it stands for itself
      continue;
    }
    out += group_text(rest.substr(0, length), pattern, groups);
    form.remove_prefix(length + (braced ? 2 : 0));
  }
  return out;
}

asio::awaitable<bool> converse(Run& run, std::unique_ptr<net::Stream> stream,
                               const Conversation& conversation, std::string host) {
  Speaker speaker(run, std::move(stream), conversation, std::move(host));
  co_return co_await speaker.converse();
}

}  // namespace reachd::blackbox
