#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <fstream>
#include <optional>
#include <utility>

#include "daemon/alert/http_client.hpp"
#include "daemon/alert/links.hpp"
#include "daemon/alert/signature.hpp"
#include "daemon/alert/template.hpp"
#include "probes/core/words.hpp"

namespace reachd::alert {
namespace {

constexpr std::size_t kLongestTemplate = std::size_t{64} * 1024;

struct WebhookOptions {
  std::string method;
  std::string content_type;
  std::optional<Template> body;  ///< none: the event's JSON
  Secret secret;                 ///< empty: nothing is signed
  std::size_t parallel = 4;
};

class Webhook final : public Sink {
 public:
  Webhook(WebhookOptions options, std::shared_ptr<const HttpOptions> http, Target url)
      : options_(std::move(options)), client_(std::move(http), std::move(url)) {}

  asio::awaitable<std::vector<Receipt>> deliver(SinkRun run,
                                                std::span<const Delivery> events) override {
    std::vector<Receipt> receipts(events.size());
    std::size_t open = events.size();
    std::exception_ptr failure;
    asio::steady_timer all_done(run.network.executor, TimePoint::max());
    for (std::size_t i = 0; i < events.size(); ++i) {
      asio::co_spawn(run.network.executor, post(run, events[i]),
                     [&, i](const std::exception_ptr& thrown, Receipt receipt) {
                       receipts[i] = std::move(receipt);
                       failure = thrown ? thrown : failure;
                       if (--open == 0) {
                         all_done.cancel();
                       }
                     });
    }
    while (open > 0) {
      co_await all_done.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (failure) {
      std::rethrow_exception(failure);
    }
    co_return receipts;
  }

  std::size_t most_at_once() const noexcept override { return options_.parallel; }
  bool one_per_check() const noexcept override { return true; }
  Duration timeout() const noexcept override { return client_.options().timeout; }

 private:
  asio::awaitable<Receipt> post(SinkRun run, Delivery delivery) {
    Receipt receipt;
    receipt.how = Receipt::How::retry;
    auto message = message_for(run, delivery);
    if (!message) {
      receipt.why = "this host refuses to compute HMAC-SHA256 with this secret";
      co_return receipt;
    }
    const auto response = co_await client_.send(run, std::move(*message));
    if (!response) {
      receipt.why = response.error();
      co_return receipt;
    }
    co_return client_.receipt_of(*response, run.network.clock);
  }

  /// Nothing if it can't be signed.
  std::optional<HttpMessage> message_for(const SinkRun& run, const Delivery& delivery) const {
    const event::Event& event = delivery.event;
    HttpMessage message;
    message.method = options_.method;
    message.body =
        options_.body
            ? options_.body->fill(event, delivery.json,
                                  link_to(run.external_url, event.check ? &*event.check : nullptr))
            : std::string(delivery.json);
    // Fresh with every attempt, so that the receiver may refuse what is old: a replay.
    const auto timestamp = std::to_string(
        std::chrono::floor<std::chrono::seconds>(run.network.clock.wall_now().time_since_epoch())
            .count());
    message.headers = {{"Content-Type", options_.content_type},
                       {"X-Reachd-Event", std::string(event::to_string(event.kind))},
                       {"X-Reachd-Delivery", event.id},
                       {"Idempotency-Key", event.id},
                       {"X-Reachd-Timestamp", timestamp}};
    if (!options_.secret.empty()) {
      const auto signature = hmac_sha256(options_.secret, timestamp + "." + message.body);
      if (!signature) {
        return std::nullopt;
      }
      message.headers.emplace_back("X-Reachd-Signature", "sha256=" + *signature);
    }
    return message;
  }

  const WebhookOptions options_;
  HttpClient client_;
};

/// The text of `template` or of the file that `template_file` names.
std::optional<std::string> read_template(Reader& params) {
  const bool inline_text = params.has("template");
  const auto file = params.readable_file("template_file");
  if (inline_text && file) {
    params.error("template_file", "template and template_file exclude each other");
  }
  if (!file) {
    return inline_text ? std::optional(params.required_text("template")) : std::nullopt;
  }
  std::ifstream stream(*file, std::ios::binary);
  std::string text(kLongestTemplate + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

/// What values are written into, by its media type (RFC 9110, 8.3.1).
std::optional<Template::Content> content_of(std::string_view type) {
  const std::string_view essence = type.substr(0, type.find_first_of("; "));
  if (same_word(essence, "application/json") || essence.ends_with("+json")) {
    return Template::Content::json;
  }
  if (same_word(essence, "application/x-www-form-urlencoded")) {
    return Template::Content::form;
  }
  return same_word(essence, "text/plain") ? std::optional(Template::Content::text) : std::nullopt;
}

void read_body(Reader& params, WebhookOptions& options) {
  options.content_type = params.text("content_type", "application/json");
  const auto content = content_of(options.content_type);
  const bool printable =
      std::ranges::all_of(options.content_type, [](char c) { return c >= ' ' && c < 0x7f; });
  if (!content || !printable) {
    params.error("content_type",
                 "content_type is application/json (or another type +json), "
                 "application/x-www-form-urlencoded or text/plain: others have rules of their own "
                 "for values");
  }
  const auto text = read_template(params);
  const char* key = params.has("template_file") ? "template_file" : "template";
  if (!text) {
    if (content && *content != Template::Content::json) {
      params.error("content_type", "without a template the body is JSON");
    }
    return;
  }
  if (text->size() > kLongestTemplate) {
    params.error(key, std::string(key) + " is larger than 64 KiB");
    return;
  }
  auto parsed = Template::parse(*text, content.value_or(Template::Content::text));
  if (parsed) {
    options.body = std::move(*parsed);
  } else {
    params.error(key, std::string(key) + ": " + parsed.error());
  }
}

MadeSink make(Reader& params) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kMethods{
      {{"POST", "POST"}, {"PUT", "PUT"}}};
  WebhookOptions options;
  // The path is what many receivers know their senders by, so all of it may come from a file.
  const auto url_text = params.secret("url");
  std::vector<Target> urls;
  if (auto url = parse_url(url_text.value_or(Secret{}).reveal())) {
    urls.push_back(std::move(*url));
  } else if (url_text) {
    params.error("url", "url " + url.error());
  } else if (!params.has("url") && !params.has("url_file")) {
    params.error("url", "url is missing");
  }
  options.method = params.choice<std::string_view>("method", "POST", kMethods);
  const auto secret = params.secret("secret");
  if (secret && secret->empty()) {
    params.error("secret", "secret is empty");
  }
  options.secret = secret.value_or(Secret{});
  options.parallel = static_cast<std::size_t>(params.integer("parallel", 4, 1, 32));
  read_body(params, options);
  auto http = std::make_shared<const HttpOptions>(read_http_options(params, urls));
  MadeSink made;
  if (!urls.empty()) {
    made.events = std::make_shared<Webhook>(std::move(options), std::move(http), urls.front());
  }
  return made;
}

}  // namespace

SinkType webhook_sink() noexcept { return {.name = "webhook", .calls_people = true, .make = make}; }

}  // namespace reachd::alert
