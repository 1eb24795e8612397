#include "daemon/alert/template.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "config/labels.hpp"
#include "daemon/alert/links.hpp"
#include "daemon/json/reader.hpp"
#include "daemon/json/time.hpp"
#include "daemon/json/writer.hpp"
#include "probes/core/utf8.hpp"
#include "probes/core/words.hpp"

namespace reachd::alert {

namespace {

/// What the fields are taken from.
struct Source {
  const event::Event& event;
  const event::Identity& check;  ///< an empty one for events about the daemon
  std::string_view json;
  const std::string& url;
};

std::string verdict_of(const std::optional<engine::Verdict>& verdict) {
  return verdict ? std::string(engine::to_string(*verdict)) : std::string();
}

std::string address_of(const event::Event& event) {
  for (const auto& attempt : event.evidence.attempts) {
    if (!attempt.address.empty()) {
      return attempt.address;
    }
  }
  return {};
}

}  // namespace

struct Template::Field {
  std::string_view name;
  std::string (*value)(const Source& source);
};

namespace {

constexpr std::string_view kEvent = "event";
constexpr std::string_view kLabels = "check.labels.";

constexpr std::array kFields = {
    Template::Field{"address", [](const Source& s) { return address_of(s.event); }},
    Template::Field{"affected", [](const Source& s) { return join(s.event.affected, ", "); }},
    Template::Field{"affected_count",
                    [](const Source& s) { return std::to_string(s.event.affected_count); }},
    Template::Field{"check.device", [](const Source& s) { return s.check.device; }},
    Template::Field{"check.direction", [](const Source& s) { return s.check.direction; }},
    Template::Field{"check.host", [](const Source& s) { return s.check.host; }},
    Template::Field{"check.id", [](const Source& s) { return s.check.id; }},
    Template::Field{"check.name", [](const Source& s) { return s.check.name; }},
    Template::Field{"check.necessity", [](const Source& s) { return s.check.necessity; }},
    Template::Field{"check.port", [](const Source& s) { return std::to_string(s.check.port); }},
    Template::Field{"check.probe", [](const Source& s) { return s.check.probe; }},
    Template::Field{"check.product", [](const Source& s) { return s.check.product; }},
    Template::Field{"check.requirement", [](const Source& s) { return s.check.requirement; }},
    Template::Field{"check.target", [](const Source& s) { return s.check.target; }},
    Template::Field{"check.transport", [](const Source& s) { return s.check.transport; }},
    Template::Field{kEvent, [](const Source& s) { return std::string(s.json); }},
    Template::Field{"from", [](const Source& s) { return verdict_of(s.event.from); }},
    Template::Field{"id", [](const Source& s) { return s.event.id; }},
    Template::Field{"kind",
                    [](const Source& s) { return std::string(event::to_string(s.event.kind)); }},
    Template::Field{"message", [](const Source& s) { return s.event.message; }},
    Template::Field{"offender", [](const Source& s) { return s.event.evidence.offender; }},
    Template::Field{"parent", [](const Source& s) { return s.event.parent; }},
    Template::Field{"phase", [](const Source& s) { return std::string(to_string(s.event.phase)); }},
    Template::Field{"process", [](const Source& s) { return s.event.evidence.process; }},
    Template::Field{"reason",
                    [](const Source& s) {
                      return s.event.reason ? std::string(to_string(*s.event.reason))
                                            : std::string();
                    }},
    Template::Field{
        "severity",
        [](const Source& s) { return std::string(config::to_string(s.event.severity)); }},
    Template::Field{"since",
                    [](const Source& s) {
                      return s.event.since ? json::rfc3339(*s.event.since) : std::string();
                    }},
    Template::Field{"suppressed_by",
                    [](const Source& s) {
                      return s.event.suppressed_by == engine::Modifier::none
                                 ? std::string()
                                 : std::string(engine::to_string(s.event.suppressed_by));
                    }},
    Template::Field{"time", [](const Source& s) { return json::rfc3339(s.event.time); }},
    Template::Field{"to", [](const Source& s) { return verdict_of(s.event.to); }},
    Template::Field{"url", [](const Source& s) { return s.url; }},
    Template::Field{"vantage", [](const Source& s) { return s.event.vantage; }},
};

std::string label_of(const event::Identity& check, std::string_view name) {
  const auto found = std::ranges::find(check.labels, name, &config::Labels::value_type::first);
  return found == check.labels.end() ? std::string() : found->second;
}

std::string escaped(const std::string& value, Template::Content content) {
  if (content == Template::Content::form) {
    return percent_encoded(repair_utf8(value));
  }
  if (content == Template::Content::text) {
    return repair_utf8(value);
  }
  std::string quoted;
  json::Writer(quoted).value(value);
  return quoted.substr(1, quoted.size() - 2);
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

/// An event that has a text for every field.
event::Event sample() {
  event::Event event;
  for (std::string* text : {&event.id, &event.vantage, &event.message, &event.parent}) {
    *text = "x";
  }
  event.from = engine::Verdict::up;
  event.to = engine::Verdict::down;
  event.since = WallTime();
  event.reason = Reason::timeout;
  event.phase = Phase::connect;
  event.affected = {"x"};
  event.evidence.offender = "x";
  event::Identity& check = event.check.emplace();
  for (std::string* text : {&check.id, &check.name, &check.product, &check.requirement,
                            &check.necessity, &check.direction, &check.target, &check.host,
                            &check.transport, &check.probe, &check.device}) {
    *text = "x";
  }
  check.port = 443;
  return event;
}

std::string unknown_field(std::string_view name) {
  std::vector<std::string_view> names;
  names.reserve(kFields.size());
  for (const Template::Field& field : kFields) {
    names.push_back(field.name);
  }
  return "there is no field \"" + std::string(name.substr(0, 60)) + "\"" +
         did_you_mean(name, names);
}

}  // namespace

std::expected<Template, std::string> Template::parse(std::string_view text, Content content) {
  Template made;
  made.content_ = content;
  while (!text.empty()) {
    const std::size_t open = text.find("{{");
    Piece piece{std::string(text.substr(0, open)), nullptr, {}};
    if (open == std::string_view::npos) {
      made.pieces_.push_back(std::move(piece));
      break;
    }
    const std::size_t close = text.find("}}", open);
    if (close == std::string_view::npos) {
      return std::unexpected("a {{ is not closed by }}");
    }
    const std::string_view name = trimmed(text.substr(open + 2, close - open - 2));
    if (name.starts_with(kLabels) && config::is_label_name(name.substr(kLabels.size()))) {
      piece.label = name.substr(kLabels.size());
    } else {
      const auto* const found = std::ranges::find(kFields, name, &Field::name);
      if (found == kFields.end()) {
        return std::unexpected(unknown_field(name));
      }
      piece.field = &*found;
    }
    made.pieces_.push_back(std::move(piece));
    text.remove_prefix(close + 2);
  }
  if (content == Content::json) {
    // Filled with nothing and with something: quotes may be missing around a text, or stand around
    // the event.
    for (const bool filled : {false, true}) {
      const std::string trial = filled ? made.fill(sample(), R"({"id":"x"})", "https://x/")
                                       : made.fill(event::Event{}, "{}", {});
      if (const auto complaint = json::complaint(trial)) {
        return std::unexpected("with its fields filled it is no JSON: " + *complaint);
      }
    }
  }
  return made;
}

std::string Template::fill(const event::Event& event, std::string_view json,
                           const std::string& url) const {
  static const event::Identity kNone{};
  const Source source{event, event.check ? *event.check : kNone, json, url};
  std::string text;
  for (const Piece& piece : pieces_) {
    text += piece.text;
    if (piece.field != nullptr) {
      const std::string value = piece.field->value(source);
      const bool whole = piece.field->name == kEvent && content_ == Content::json;
      text += whole ? value : escaped(value, content_);
    } else if (!piece.label.empty()) {
      text += escaped(label_of(source.check, piece.label), content_);
    }
  }
  return text;
}

}  // namespace reachd::alert
