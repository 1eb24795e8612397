#include "daemon/alert/settings.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <unordered_map>
#include <utility>

#include "config/parts.hpp"
#include "probes/core/duration.hpp"
#include "probes/core/target.hpp"

namespace reachd::alert {
namespace {

using namespace std::chrono_literals;
using config::Severity;

constexpr std::size_t kMostReminders = 10;
constexpr std::size_t kLongestTitle = 200;
constexpr std::string_view kWindowsOnly = "windows_event_log";

constexpr std::array<std::pair<std::string_view, Severity>, 3> kSeverities{
    {{"info", Severity::info}, {"warning", Severity::warning}, {"critical", Severity::critical}}};

const Value& section(Reader& reader, std::string_view key) {
  static const Value kNothing;
  const Value* value = reader.raw(key);
  return value == nullptr ? kNothing : *value;
}

std::string read_external_url(Reader& reader) {
  std::string url = reader.text("external_url");
  if (url.empty()) {
    return url;
  }
  const auto target = parse_target(url);
  if (!target) {
    reader.error("external_url", "external_url: " + target.error());
    return {};
  }
  if ((target->scheme != "http" && target->scheme != "https") || url.contains('?')) {
    reader.error("external_url",
                 "external_url is where people reach reachd, such as "
                 "https://reachd.example.com:9790/, without a query");
    return {};
  }
  if (!url.ends_with('/')) {
    url += '/';
  }
  return url;
}

Flapping read_flapping(const Value& value, Diagnostics& diagnostics) {
  Reader reader(value, diagnostics, "flapping");
  Flapping flapping;
  // Down and up again are two: fewer than three would silence every single outage.
  flapping.changes =
      static_cast<std::uint16_t>(reader.integer("changes", flapping.changes, 3, 1000));
  flapping.within = reader.duration("within", flapping.within, 1s, 24h * 7);
  reader.done();
  return flapping;
}

OutboxLimits read_outbox(const Value& value, Diagnostics& diagnostics) {
  Reader reader(value, diagnostics, "outbox");
  OutboxLimits limits;
  limits.max_events = static_cast<std::size_t>(
      reader.integer("max_events", static_cast<std::int64_t>(limits.max_events), 1, 10'000'000));
  limits.max_age = reader.duration("max_age", limits.max_age, 1s, 24h * 365);
  reader.done();
  return limits;
}

std::vector<Duration> read_reminders(Reader& reader) {
  constexpr std::string_view kKey = "certificate_expiring";
  if (!reader.has(kKey)) {
    return {24h * 30, 24h * 7};
  }
  std::vector<Duration> reminders;
  for (const Value& text : config::placed_texts(reader, kKey)) {
    const auto wrong = [&](const std::string& why) {
      reader.diagnostics().error(text.place, reader.what() + ": " + std::string(kKey) + why);
    };
    const auto before = parse_duration(text.scalar);
    if (!before) {
      wrong(": " + before.error());
    } else if (*before < 1h || *before > 24h * 3650) {
      wrong(" is from 1h to 3650d, not \"" + text.scalar + "\"");
    } else if (std::ranges::find(reminders, *before) != reminders.end()) {
      wrong(" has " + text.scalar + " twice");
    } else {
      reminders.push_back(*before);
    }
  }
  if (reminders.size() > kMostReminders) {
    reader.error(kKey,
                 std::string(kKey) + " has at most " + std::to_string(kMostReminders) + " times");
  }
  std::ranges::sort(reminders, std::greater());
  return reminders;
}

/// The row of the table that `type` names; what is wrong with the word is reported.
const SinkType* read_type(Reader& reader, std::span<const SinkType> types) {
  const bool written = reader.has("type");
  if (!written || reader.text("type").empty()) {
    static_cast<void>(reader.required_text("type"));
    return nullptr;
  }
  std::vector<std::pair<std::string_view, const SinkType*>> words;
  for (const SinkType& type : types) {
    words.emplace_back(type.name, &type);
  }
  const auto is_windows = [](const auto& word) { return word.first == kWindowsOnly; };
  if (reader.text("type") == kWindowsOnly && std::ranges::none_of(words, is_windows)) {
    reader.error("type",
                 std::string(kWindowsOnly) + " is there on Windows only; elsewhere syslog serves");
    return nullptr;
  }
  return reader.choice<const SinkType*>("type", nullptr, words);
}

SinkSettings read_sink(const Value& value, Diagnostics& diagnostics,
                       std::span<const SinkType> types) {
  SinkSettings sink;
  Reader naming(value, diagnostics, "an entry of sinks");
  if (value.kind != Value::Kind::map) {
    if (value.kind == Value::Kind::null) {
      naming.error({}, "it is empty");
    }
    return sink;
  }
  sink.name = naming.required_text("name");
  Reader reader(value, diagnostics,
                sink.name.empty() ? "a sink" : "sink " + sink.name.substr(0, kLongestTitle));
  reader.raw("name");
  config::check_name(reader, "name", sink.name);
  sink.min_severity = reader.choice<Severity>("min_severity", Severity::info, kSeverities);
  sink.match = config::read_selectors(reader, "match");
  const SinkType* type = read_type(reader, types);
  sink.suppressed = reader.boolean("suppressed", type != nullptr && !type->calls_people);
  if (type == nullptr) {
    return sink;  // whose keys the others are is not known
  }
  sink.type = type->name;
  sink.made = type->make(reader);
  if (!sink.made.states.empty() && reader.has("suppressed")) {
    reader.error("suppressed",
                 "suppressed has no effect here: what is held back never becomes an alert");
  }
  reader.done();
  return sink;
}

std::vector<SinkSettings> read_sinks(Reader& reader, std::span<const SinkType> types) {
  std::vector<SinkSettings> sinks;
  std::unordered_map<std::string, Place> names;
  for (const Value& item : reader.list("sinks")) {
    SinkSettings sink = read_sink(item, reader.diagnostics(), types);
    if (!sink.name.empty()) {
      const Place place = item.find("name")->place;
      const auto [first, fresh] = names.emplace(sink.name, place);
      if (!fresh) {
        reader.diagnostics().error(place, "sink " + sink.name.substr(0, kLongestTitle) +
                                              ": the name is taken by the sink at " +
                                              first->second.to_string());
      }
    }
    sinks.push_back(std::move(sink));
  }
  return sinks;
}

bool is_for(const SinkSettings& sink, const std::optional<event::Identity>& check,
            Severity severity, const std::vector<std::string>& also_for) {
  if (severity < sink.min_severity) {
    return false;
  }
  if (sink.match.empty() || std::ranges::find(also_for, sink.name) != also_for.end()) {
    return true;
  }
  return check && std::ranges::any_of(sink.match, [&](const config::Selector& selector) {
           return selector.matches(event::fields_of(*check));
         });
}

}  // namespace

bool SinkSettings::wants(const event::Event& event) const {
  const bool held_back = event.suppressed_by != engine::Modifier::none;
  return (suppressed || !held_back) && is_for(*this, event.check, event.severity, event.also_for);
}

bool SinkSettings::wants(const event::Alert& alert) const {
  return is_for(*this, alert.check, alert.severity, alert.also_for);
}

Alerting read_alerting(const Value& value, Diagnostics& diagnostics,
                       std::span<const SinkType> types) {
  Reader reader(value, diagnostics, "alerting");
  Alerting alerting;
  alerting.external_url = read_external_url(reader);
  alerting.resend = reader.duration("resend", alerting.resend, 1s, 1h);
  alerting.flapping = read_flapping(section(reader, "flapping"), diagnostics);
  alerting.certificate_expiring = read_reminders(reader);
  alerting.outbox = read_outbox(section(reader, "outbox"), diagnostics);
  alerting.sinks = read_sinks(reader, types);
  reader.done();
  return alerting;
}

}  // namespace reachd::alert
