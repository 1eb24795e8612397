#include "daemon/web/page_parts.hpp"

#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include "daemon/json/time.hpp"
#include "daemon/web/html.hpp"
#include "probes/core/decimal.hpp"
#include "probes/core/words.hpp"

namespace reachd::web {
namespace {

using namespace std::chrono_literals;

void append_time(std::string& out, WallTime time, WallTime now) {
  out += "<time datetime=\"" + json::rfc3339(time) + "\" title=\"" + utc_text(time) + "\">" +
         rough_duration(now - time) + "</time>";
}

void append_badge(std::string& out, engine::Verdict verdict) {
  const std::string word(to_string(verdict));
  out += "<span class=\"badge " + word + "\">" + word + "</span>";
}

void append_modifiers(std::string& out, const Glance& glance) {
  for (const engine::Modifier modifier : engine::held_by(glance.status.modifiers)) {
    out += " <span class=\"tag\">" + std::string(to_string(modifier)) + "</span>";
  }
}

std::string link_to(const config::Check& check) { return "/?check=" + query_encoded(check.id); }

/// What stands small below the name.
std::string second_line(const config::Check& check) {
  const std::string_view requirement = config::requirement_id(check);
  std::string text(requirement.empty() ? std::string_view(check.id) : requirement);
  if (!check.device.empty()) {
    text += " · " + check.device;
  }
  return text;
}

void append_fact(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) {
    out += "<div><dt>";
    out += name;
    out += "</dt><dd>";
    append_escaped(out, value);
    out += "</dd></div>\n";
  }
}

std::string milliseconds(Duration duration) {
  std::string text;
  append_integer(text, std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
  return text + " ms";
}

void append_attempts(std::string& out, const Outcome& outcome) {
  out += "<h3>Addresses</h3>\n<ul class=\"attempts\">\n";
  for (const Attempt& attempt : outcome.attempts) {
    out += "<li>";
    out += attempt.endpoint ? attempt.endpoint->to_string() : std::string("by name");
    out += ": ";
    out += to_string(attempt.reason);
    out += " after " + milliseconds(attempt.duration);
    if (attempt.offender) {
      out += ", answered by " + attempt.offender->to_string();
    }
    out += "</li>\n";
  }
  out += "</ul>\n";
}

std::string days_left(WallTime end, WallTime now) {
  if (end <= now) {
    return "ended";
  }
  const auto days = std::chrono::floor<std::chrono::days>(end - now).count();
  return std::to_string(days) + (days == 1 ? " day" : " days");
}

}  // namespace

std::string rough_duration(Duration duration) {
  constexpr std::array<std::pair<std::string_view, std::chrono::seconds>, 4> kUnits{
      {{"d", 24h}, {"h", 1h}, {"min", 1min}, {"s", 1s}}};
  auto left = std::chrono::floor<std::chrono::seconds>(duration);
  std::string text;
  int units = 0;
  for (const auto& [unit, length] : kUnits) {
    const auto count = left / length;
    if (count > 0 && units < 2) {
      text += (text.empty() ? "" : " ") + std::to_string(count) + " " + std::string(unit);
      left -= count * length;
    }
    units += text.empty() ? 0 : 1;
  }
  return text.empty() ? "0 s" : text;
}

void append_group(std::string& out, const Glance* before, const Glance& glance) {
  const std::string& product = *glance.check->product;
  if (before != nullptr && before->status.verdict == glance.status.verdict &&
      *before->check->product == product) {
    return;
  }
  out +=
      "<tr role=\"row\" class=\"group\"><th role=\"rowheader\" scope=\"rowgroup\" colspan=\"6\">";
  append_escaped(out, product);
  out += " <span>";
  out += to_string(glance.status.verdict);
  out += "</span></th></tr>\n";
}

void append_row(std::string& out, const Glance& glance, WallTime now) {
  const config::Check& check = *glance.check;
  out += "<tr role=\"row\" class=\"check " + std::string(to_string(glance.status.verdict)) +
         "\"><td role=\"cell\" class=\"c-state\">";
  append_badge(out, glance.status.verdict);
  out += "</td><th role=\"rowheader\" scope=\"row\" class=\"c-name\"><a href=\"" + link_to(check) +
         "\">";
  append_escaped(out, check.name);
  out += "</a>";
  append_modifiers(out, glance);
  out += "<small>";
  append_escaped(out, second_line(check));
  out += "</small></th><td role=\"cell\" class=\"c-target\">";
  append_escaped(out, glance.spec->target.text);
  out += "</td><td role=\"cell\" class=\"c-why\">";
  if (const std::string_view reason = reason_word(glance); !reason.empty() && reason != "ok") {
    out += "<b>";
    out += reason;
    out += "</b> ";
  }
  out += "<small>";
  append_escaped(out, explanation(glance));
  out += "</small></td><td role=\"cell\" class=\"c-since\">";
  append_time(out, glance.status.last_change, now);
  out += "</td><td role=\"cell\" class=\"c-day\"></td></tr>\n";
}

void append_certificate(std::string& out, const Glance& glance, WallTime end, WallTime now) {
  out += "<li><b class=\"" +
         std::string(end - now < 7 * 24h    ? "down"
                     : end - now < 30 * 24h ? "degraded"
                                            : "up") +
         "\">" + days_left(end, now) + "</b> <a href=\"" + link_to(*glance.check) + "\">";
  append_escaped(out, glance.check->name);
  out += "</a> <span>";
  append_escaped(out, glance.spec->target.text);
  out += "</span></li>\n";
}

std::string detail_html(const config::Plan& plan, const Glance& glance, WallTime now) {
  const config::Check& check = *glance.check;
  std::string out =
      "<section id=\"detail\" aria-labelledby=\"detail-title\" tabindex=\"-1\">\n"
      "<h2 id=\"detail-title\">";
  append_escaped(out, check.name);
  out += "</h2>\n<p>";
  append_badge(out, glance.status.verdict);
  append_modifiers(out, glance);
  out += " since " + utc_text(glance.status.last_change) + ", for ";
  append_time(out, glance.status.last_change, now);
  out += "</p>\n<p>";
  append_escaped(out, explanation(glance));
  out += "</p>\n";
  if (const std::string words = FirewallWords(plan).of(glance); !words.empty()) {
    out += "<h3>For the firewall team</h3>\n<pre class=\"firewall\">";
    append_escaped(out, words);
    out += "</pre>\n";
  }
  out += "<dl>\n";
  append_fact(out, "Target", glance.spec->target.text);
  append_fact(out, "Reason", reason_word(glance));
  append_fact(out, "Product", *check.product);
  append_fact(out, "Requirement", config::requirement_id(check));
  append_fact(out, "Purpose", config::purpose(check));
  append_fact(out, "Necessity", to_string(check.necessity));
  append_fact(out, "Port known from", to_string(check.evidence));
  append_fact(out, "Severity", to_string(glance.severity));
  append_fact(out, "Device", check.device);
  append_fact(out, "Note", check.note);
  append_fact(out, "Depends on", join(check.depends_on, ", "));
  if (const auto end = certificate_end(glance)) {
    append_fact(out, "Certificate", days_left(*end, now) + ", until " + utc_text(*end));
  }
  out += "</dl>\n";
  if (glance.status.last && !glance.status.last->attempts.empty()) {
    append_attempts(out, *glance.status.last);
  }
  out += "<p><a href=\"/api/v1/checks/" + query_encoded(check.id) +
         "\">As JSON</a> · <a href=\"/\">All checks</a></p>\n</section>";
  return out;
}

}  // namespace reachd::web
