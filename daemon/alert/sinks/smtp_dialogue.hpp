#pragma once

#include <boost/asio/awaitable.hpp>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/alert/sink.hpp"
#include "probes/core/secret.hpp"
#include "probes/net/conversation.hpp"
#include "probes/net/reply.hpp"

namespace reachd::alert {

/// The text for a DATA command: a dot before each that begins a line, and the line that ends it all
/// (RFC 5321, 4.5.2). The text ends with CRLF.
std::string dot_stuffed(std::string_view text);

/// What is said to a mail server that mail is handed to (RFC 5321; submission: RFC 6409), one step
/// after the other. Errors are sentences without secrets. Loop thread only; the stream and the
/// deadline outlive it.
class SmtpDialogue {
 public:
  using Step = std::expected<void, std::string>;

  SmtpDialogue(net::Stream& stream, const net::Deadline& deadline) noexcept
      : talk_(stream, deadline, "SMTP") {}

  /// Hears the greeting.
  asio::awaitable<Step> hear_greeting();
  /// EHLO, or HELO for who does not know that.
  asio::awaitable<Step> introduce(std::string name);
  /// STARTTLS (RFC 3207). Then the handshake follows on the stream, and a new dialogue after it:
  /// what was heard in clear does not count any more.
  asio::awaitable<Step> ask_for_tls();
  /// AUTH PLAIN (RFC 4616), or LOGIN where that is not offered. Only over TLS, or to this host
  /// itself: the password goes as it is.
  asio::awaitable<Step> log_in(std::string user, Secret password);
  /// Who did not get a mail that others got.
  struct Missed {
    std::string why;                 ///< what was answered for them
    std::vector<std::string> later;  ///< those of them who may get it later (4xx)
  };
  /// One mail. Delivered: 250 after its last line, for at least one of the recipients; `missed`
  /// then tells of the others. Refused: 5xx after its last line, so it is the mail that is not
  /// wanted. Every other no is about a setting or the moment, so it stays: retry.
  asio::awaitable<Receipt> send(std::string from, std::vector<std::string> to, std::string text,
                                Missed& missed);
  /// QUIT.
  asio::awaitable<void> leave();

 private:
  bool offers(std::string_view keyword, std::string_view value = {}) const;
  asio::awaitable<net::Result<net::Reply>> log_in_step_by_step(const std::string& user,
                                                               const Secret& password);

  net::Conversation talk_;
  std::vector<std::string> extensions_;  ///< "AUTH PLAIN LOGIN"
  bool mail_begun_ = false;
};

}  // namespace reachd::alert
