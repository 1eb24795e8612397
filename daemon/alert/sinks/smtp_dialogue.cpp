#include "daemon/alert/sinks/smtp_dialogue.hpp"

#include <algorithm>
#include <utility>

#include "daemon/alert/reach.hpp"
#include "probes/core/words.hpp"
#include "probes/net/http.hpp"

namespace reachd::alert {
namespace {

using net::Reply;
using net::Result;
using Step = SmtpDialogue::Step;

constexpr int kReady = 220;
constexpr int kLoggedIn = 235;
constexpr int kGoOn = 334;
constexpr int kSendData = 354;

/// What went wrong where another reply was hoped for: "the mail server refuses X: 550 no".
std::string refusal(std::string_view what, const Result<Reply>& reply) {
  return reply ? "the mail server refuses " + std::string(what) + ": " + reply->to_string()
               : sentence(reply.error()) + " (" + std::string(what) + ")";
}

Receipt retry(std::string why) { return {Receipt::How::retry, std::move(why)}; }

/// True if `text` has the word, between blanks; old servers write "AUTH=LOGIN".
bool has_word(std::string_view text, std::string_view word) noexcept {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" ="), text.size());
    if (same_word(text.substr(0, end), word)) {
      return true;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

}  // namespace

std::string dot_stuffed(std::string_view text) {
  std::string result;
  result.reserve(text.size() + 64);
  bool begins = true;
  for (const char c : text) {
    if (begins && c == '.') {
      result += '.';
    }
    result += c;
    begins = c == '\n';
  }
  return result + ".\r\n";
}

asio::awaitable<Step> SmtpDialogue::hear_greeting() {
  const auto greeting = co_await net::hear_reply(talk_);
  if (!greeting || greeting->code != kReady) {
    co_return std::unexpected(refusal("the connection", greeting));
  }
  co_return Step{};
}

asio::awaitable<Step> SmtpDialogue::introduce(std::string name) {
  extensions_.clear();
  auto reply = co_await net::command(talk_, "EHLO " + name);
  if (reply && (reply->code == 500 || reply->code == 502)) {
    reply = co_await net::command(talk_, "HELO " + name);
  }
  if (!reply || reply->kind() != 2) {
    co_return std::unexpected(refusal("to hear of " + name, reply));
  }
  for (std::size_t i = 1; i < reply->lines.size(); ++i) {
    extensions_.push_back(reply->lines[i]);
  }
  co_return Step{};
}

asio::awaitable<Step> SmtpDialogue::ask_for_tls() {
  if (!offers("STARTTLS")) {
    co_return std::unexpected(
        "the mail server offers no STARTTLS, or somebody on the way takes it out");
  }
  const auto granted = co_await net::ask_for_tls(talk_, "STARTTLS", kReady, "mail server");
  if (!granted) {
    co_return std::unexpected(sentence(granted.error()));
  }
  co_return Step{};
}

asio::awaitable<Step> SmtpDialogue::log_in(std::string user, Secret password) {
  if (!offers("AUTH", "PLAIN") && !offers("AUTH", "LOGIN")) {
    co_return std::unexpected("the mail server offers neither AUTH PLAIN nor AUTH LOGIN");
  }
  Result<Reply> reply;
  if (offers("AUTH", "PLAIN")) {
    const std::string words = std::string(1, '\0') + user + '\0' + password.reveal();
    reply = co_await net::command(talk_, "AUTH PLAIN " + net::base64(words));
  } else {
    reply = co_await log_in_step_by_step(user, password);
  }
  if (reply && reply->code == kLoggedIn) {
    co_return Step{};
  }
  // Whatever a server repeats of what it was told stays out of logs.
  co_return std::unexpected(reply ? "the mail server refuses to log in the user: it answered " +
                                        std::to_string(reply->code)
                                  : refusal("AUTH", reply));
}

asio::awaitable<Result<Reply>> SmtpDialogue::log_in_step_by_step(const std::string& user,
                                                                 const Secret& password) {
  auto reply = co_await net::command(talk_, "AUTH LOGIN");
  if (reply && reply->code == kGoOn) {
    reply = co_await net::command(talk_, net::base64(user));
  }
  if (reply && reply->code == kGoOn) {
    const std::string words = net::base64(password.reveal());
    reply = co_await net::command(talk_, words);
  }
  co_return reply;
}

asio::awaitable<Receipt> SmtpDialogue::send(std::string from, std::vector<std::string> to,
                                            std::string text, Missed& missed) {
  if (mail_begun_) {
    co_await net::command(talk_, "RSET");  // the one before got no end
  }
  auto reply = co_await net::command(talk_, "MAIL FROM:<" + from + ">");
  if (!reply || reply->kind() != 2) {
    co_return retry(refusal("mail from " + from, reply));
  }
  mail_begun_ = true;
  std::size_t accepted = 0;
  for (const std::string& recipient : to) {
    reply = co_await net::command(talk_, "RCPT TO:<" + recipient + ">");
    if (reply && reply->kind() == 2) {
      ++accepted;
      continue;
    }
    missed.why += (missed.why.empty() ? "" : "; ") + refusal("mail to " + recipient, reply);
    if (!reply || reply->kind() == 4) {
      missed.later.push_back(recipient);
    }
    if (!reply) {
      break;
    }
  }
  if (!reply || accepted == 0) {
    co_return retry(missed.why);
  }
  reply = co_await net::command(talk_, "DATA");
  if (!reply || reply->code != kSendData) {
    co_return retry(refusal("DATA", reply));
  }
  const std::string bytes = dot_stuffed(text);
  const auto said = co_await talk_.say(bytes);
  if (!said) {
    co_return retry(sentence(said.error()));
  }
  reply = co_await net::hear_reply(talk_);
  mail_begun_ = false;
  if (reply && reply->kind() == 2) {
    co_return Receipt{};
  }
  const bool refused = reply && reply->kind() == 5;
  co_return Receipt{refused ? Receipt::How::refused : Receipt::How::retry,
                    refusal("the mail", reply)};
}

asio::awaitable<void> SmtpDialogue::leave() { co_await net::quit(talk_); }

bool SmtpDialogue::offers(std::string_view keyword, std::string_view value) const {
  return std::ranges::any_of(extensions_, [&](const std::string& extension) {
    const std::string_view name =
        std::string_view(extension).substr(0, extension.find_first_of(" ="));
    return same_word(name, keyword) &&
           (value.empty() || has_word(std::string_view(extension).substr(name.size()), value));
  });
}

}  // namespace reachd::alert
