#include "daemon/json/event.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <cmath>

#include "daemon/json/json.hpp"
#include "daemon/json/time.hpp"
#include "daemon/json/tree.hpp"
#include "daemon/json/words.hpp"
#include "daemon/json/writer.hpp"

namespace reachd::json {
namespace {

using boost::json::value;

std::optional<WallTime> time_at(const value& object, std::string_view name) {
  return parse_rfc3339(text_at(object, name));
}

std::vector<std::string> texts_at(const value& object, std::string_view name) {
  std::vector<std::string> texts;
  if (const auto* list = list_at(object, name)) {
    for (const value& item : *list) {
      texts.push_back(text_of(&item));
    }
  }
  return texts;
}

std::size_t count_at(const value& object, std::string_view name) {
  return static_cast<std::size_t>(std::max<std::int64_t>(integer_at(object, name), 0));
}

void write_identity(Writer& out, const std::optional<event::Identity>& check,
                    std::string_view address) {
  out.key("check");
  if (!check) {
    out.null();
    return;
  }
  out.begin_object().member("id", check->id).member("name", check->name);
  out.member("product", check->product);
  out.key("requirement").value_or_null(check->requirement);
  out.member("necessity", check->necessity).member("direction", check->direction);
  out.member("target", check->target);
  out.key("host").value_or_null(check->host);
  out.key("address").value_or_null(address);
  out.member("port", check->port != 0 ? std::optional(check->port) : std::nullopt);
  out.member("transport", check->transport).member("probe", check->probe);
  out.key("device").value_or_null(check->device);
  out.key("labels").begin_object();
  for (const auto& [name, text] : check->labels) {
    out.member(name, text);
  }
  out.end_object().end_object();
}

std::optional<event::Identity> read_identity(const value& object) {
  const value* check = member(object, "check");
  if (check == nullptr || !check->is_object()) {
    return std::nullopt;
  }
  event::Identity identity;
  identity.id = text_at(*check, "id");
  identity.name = text_at(*check, "name");
  identity.product = text_at(*check, "product");
  identity.requirement = text_at(*check, "requirement");
  identity.necessity = text_at(*check, "necessity");
  identity.direction = text_at(*check, "direction");
  identity.target = text_at(*check, "target");
  identity.host = text_at(*check, "host");
  identity.port = static_cast<std::uint16_t>(integer_at(*check, "port"));
  identity.transport = text_at(*check, "transport");
  identity.probe = text_at(*check, "probe");
  identity.device = text_at(*check, "device");
  const value* labels = member(*check, "labels");
  if (labels != nullptr && labels->is_object()) {
    for (const auto& [name, text] : labels->get_object()) {
      identity.labels.emplace_back(name, text_of(&text));
    }
  }
  return identity;
}

void write_attempts(Writer& out, const event::Evidence& evidence) {
  out.key("attempts").begin_array();
  for (const event::Evidence::Attempt& attempt : evidence.attempts) {
    out.begin_object().member("time", attempt.time);
    out.key("address").value_or_null(attempt.address);
    out.member("reason", attempt.reason).key("phase").value_or_null(attempt.phase);
    out.member("errno",
               attempt.error_number != 0 ? std::optional(attempt.error_number) : std::nullopt);
    // Durations are written as seconds: a thousand of them are milliseconds.
    out.member("milliseconds", attempt.duration * 1000).end_object();
  }
  out.end_array();
}

std::vector<event::Evidence::Attempt> read_attempts(const value& evidence) {
  std::vector<event::Evidence::Attempt> attempts;
  const auto* list = list_at(evidence, "attempts");
  if (list == nullptr) {
    return attempts;
  }
  for (const value& item : *list) {
    event::Evidence::Attempt attempt;
    attempt.time = time_at(item, "time").value_or(WallTime());
    attempt.address = text_at(item, "address");
    attempt.reason = text_at(item, "reason");
    attempt.phase = text_at(item, "phase");
    attempt.error_number = static_cast<int>(integer_at(item, "errno"));
    boost::system::error_code ignored;
    const value* milliseconds = member(item, "milliseconds");
    const double number = milliseconds == nullptr ? 0 : milliseconds->to_number<double>(ignored);
    constexpr double kMost = 1e9;  // eleven days
    attempt.duration = std::chrono::nanoseconds(std::llround(std::clamp(number, 0.0, kMost) * 1e6));
    attempts.push_back(std::move(attempt));
  }
  return attempts;
}

void write_evidence(Writer& out, const event::Evidence& evidence) {
  out.key("evidence").begin_object();
  write_attempts(out, evidence);
  out.key("offender").value_or_null(evidence.offender).key("path");
  if (evidence.path) {
    write_path(out, *evidence.path);
  } else {
    out.null();
  }
  out.key("certificate");
  if (evidence.tls && !evidence.tls->chain.empty()) {
    write_certificate(out, evidence.tls->chain.front(), "leaf");
  } else {
    out.null();
  }
  out.key("process").value_or_null(evidence.process).end_object();
}

void write_texts(Writer& out, std::string_view key, const std::vector<std::string>& texts) {
  out.key(key).begin_array();
  for (const std::string& text : texts) {
    out.value(text);
  }
  out.end_array();
}

template <typename Word>
void write_word(Writer& out, std::string_view key, const std::optional<Word>& word) {
  out.key(key).value_or_null(word ? to_string(*word) : std::string_view());
}

/// The object of a text; nothing if it is no JSON object.
std::optional<value> parse_object(std::string_view text) {
  boost::system::error_code ec;
  value root = boost::json::parse(text, ec);
  return !ec && root.is_object() ? std::optional(std::move(root)) : std::nullopt;
}

}  // namespace

std::string event_text(const event::Event& event) {
  std::string text;
  text.reserve(1024);
  Writer out(text);
  const auto& attempts = event.evidence.attempts;
  out.begin_object().member("id", event.id).member("time", event.time);
  out.member("kind", to_string(event.kind)).member("severity", to_string(event.severity));
  out.member("vantage", event.vantage);
  write_identity(out, event.check,
                 attempts.empty() ? std::string_view() : attempts.front().address);
  write_word(out, "from", event.from);
  write_word(out, "to", event.to);
  out.member("since", event.since);
  write_word(out, "reason", event.reason);
  out.key("phase").value_or_null(to_string(event.phase));
  out.member("message", event.message);
  write_evidence(out, event.evidence);
  out.key("suppressed_by").value_or_null(to_string(event.suppressed_by));
  out.key("parent").value_or_null(event.parent);
  write_texts(out, "affected", event.affected);
  out.member("affected_count", event.affected_count);
  write_texts(out, "also_for", event.also_for);
  out.end_object();
  return text;
}

std::expected<event::Event, std::string> read_event(std::string_view text) {
  const auto root = parse_object(text);
  const auto kind = root ? event::parse_kind(text_at(*root, "kind")) : std::nullopt;
  if (!kind) {
    return std::unexpected("this is no event of a kind that is known here");
  }
  event::Event event;
  event.id = text_at(*root, "id");
  event.time = time_at(*root, "time").value_or(WallTime());
  event.kind = *kind;
  event.severity = word_at(*root, "severity", kSeverities).value_or(config::Severity::info);
  event.vantage = text_at(*root, "vantage");
  event.check = read_identity(*root);
  event.from = word_at(*root, "from", kVerdicts);
  event.to = word_at(*root, "to", kVerdicts);
  event.since = time_at(*root, "since");
  event.reason = parse_reason(text_at(*root, "reason"));
  event.phase = word_at(*root, "phase", kPhases).value_or(Phase::none);
  event.message = text_at(*root, "message");
  if (const value* evidence = member(*root, "evidence")) {
    event.evidence.attempts = read_attempts(*evidence);
    event.evidence.offender = text_at(*evidence, "offender");
    event.evidence.process = text_at(*evidence, "process");
  }
  event.suppressed_by =
      word_at(*root, "suppressed_by", kModifiers).value_or(engine::Modifier::none);
  event.parent = text_at(*root, "parent");
  event.affected = texts_at(*root, "affected");
  event.affected_count = count_at(*root, "affected_count");
  event.also_for = texts_at(*root, "also_for");
  return event;
}

std::string alert_text(const event::Alert& alert) {
  std::string text;
  text.reserve(768);
  Writer out(text);
  out.begin_object().member("key", alert.key).member("name", to_string(alert.name));
  out.member("severity", to_string(alert.severity)).member("vantage", alert.vantage);
  write_identity(out, alert.check, alert.address);
  out.member("since", alert.since).member("ended", alert.ended);
  out.member("reason", alert.reason).member("phase", alert.phase);
  out.member("message", alert.message).member("address", alert.address);
  out.member("offender", alert.offender).member("path", alert.path);
  write_texts(out, "affected", alert.affected);
  out.member("affected_count", alert.affected_count);
  write_texts(out, "also_for", alert.also_for);
  out.member("flapping", alert.flapping).end_object();
  return text;
}

std::expected<event::Alert, std::string> read_alert(std::string_view text) {
  const auto root = parse_object(text);
  const auto name = root ? event::parse_alert_name(text_at(*root, "name")) : std::nullopt;
  if (!name) {
    return std::unexpected("this is no alert of a name that is known here");
  }
  event::Alert alert;
  alert.key = text_at(*root, "key");
  alert.name = *name;
  alert.severity = word_at(*root, "severity", kSeverities).value_or(config::Severity::info);
  alert.vantage = text_at(*root, "vantage");
  alert.check = read_identity(*root);
  alert.since = time_at(*root, "since").value_or(WallTime());
  alert.ended = time_at(*root, "ended");
  alert.reason = text_at(*root, "reason");
  alert.phase = text_at(*root, "phase");
  alert.message = text_at(*root, "message");
  alert.address = text_at(*root, "address");
  alert.offender = text_at(*root, "offender");
  alert.path = text_at(*root, "path");
  alert.affected = texts_at(*root, "affected");
  alert.affected_count = count_at(*root, "affected_count");
  alert.also_for = texts_at(*root, "also_for");
  alert.flapping = flag_at(*root, "flapping");
  return alert;
}

}  // namespace reachd::json
