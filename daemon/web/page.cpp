#include "daemon/web/page.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/version.hpp"
#include "daemon/web/glance.hpp"
#include "daemon/web/html.hpp"
#include "daemon/web/page_parts.hpp"
#include "daemon/web/query.hpp"
#include "page_files.hpp"
#include "probes/core/decimal.hpp"
#include "probes/core/words.hpp"

namespace reachd::web {
namespace {

using engine::Verdict;

constexpr std::size_t kMostCertificates = 50;
constexpr std::size_t kMostProducts = 12;
constexpr std::size_t kMostWords = 16;
/// More than any plan has.
constexpr std::size_t kMostPages = 1'000'000;

/// Nothing but this server's own files; texts can't become markup even if a script tried
/// (W3C CSP 3, Trusted Types).
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

constexpr std::array kStates = {Verdict::down, Verdict::degraded, Verdict::unknown, Verdict::up};

struct View {
  std::string words;                 ///< as asked for
  std::vector<std::string> needles;  ///< in lower case
  std::optional<Verdict> state;
  std::size_t page = 1;
  std::string check;
};

View view_of(const Request& request) {
  View view;
  for (const auto& [key, value] : request.query) {
    if (key == "q") {
      view.words = value.substr(0, 200);
    } else if (key == "state") {
      for (const Verdict verdict : kStates) {
        view.state = value == to_string(verdict) ? verdict : view.state;
      }
    } else if (key == "page") {
      view.page = std::clamp<std::size_t>(parse_number(value).value_or(1), 1, kMostPages);
    } else if (key == "check") {
      view.check = value;
    }
  }
  std::string word;
  for (const char c : lower(view.words) + ' ') {
    if (c != ' ') {
      word += c;
    } else if (!word.empty() && view.needles.size() < kMostWords) {
      view.needles.push_back(std::exchange(word, {}));
    }
  }
  return view;
}

/// What the filter looks at; the script looks at the same (model.js).
std::string haystack(const Glance& glance) {
  const config::Check& check = *glance.check;
  return lower(
      join(std::array<std::string_view, 9>{check.id, check.name, *check.product, check.device,
                                           config::purpose(check), glance.spec->target.text,
                                           to_string(glance.status.verdict), reason_word(glance),
                                           explanation(glance)},
           " "));
}

bool is_shown(const View& view, const Glance& glance) {
  if (view.state && glance.status.verdict != *view.state) {
    return false;
  }
  if (view.needles.empty()) {
    return true;
  }
  const std::string text = haystack(glance);
  return std::ranges::all_of(view.needles,
                             [&](const std::string& needle) { return text.contains(needle); });
}

/// "/?q=a&state=down&page=2"
std::string link_to(const View& view, std::size_t page) {
  std::string link = "/?";
  if (!view.words.empty()) {
    link += "q=" + query_encoded(view.words) + "&amp;";
  }
  if (view.state) {
    link += "state=" + std::string(to_string(*view.state)) + "&amp;";
  }
  link += "page=" + std::to_string(page);
  return link;
}

using Counts = std::array<std::size_t, 4>;  ///< by Verdict

std::string states_html(const Counts& counts) {
  std::string out;
  for (const Verdict verdict : kStates) {
    const std::string_view word = to_string(verdict);
    out += "<li><a class=\"state ";
    out += word;
    out += "\" href=\"/?state=";
    out += word;
    out += "\" data-state=\"";
    out += word;
    out += "\"><b>" + std::to_string(counts[static_cast<std::size_t>(verdict)]) + "</b> ";
    out += word;
    out += "</a></li>";
  }
  return out;
}

/// The products with trouble first.
std::string products_html(const std::vector<Glance>& glances) {
  std::vector<std::pair<std::string_view, Counts>> products;
  std::map<std::string_view, std::size_t> places;
  for (const Glance& glance : glances) {
    const auto [place, fresh] = places.emplace(*glance.check->product, products.size());
    if (fresh) {
      products.emplace_back(*glance.check->product, Counts{});
    }
    ++products[place->second].second[static_cast<std::size_t>(glance.status.verdict)];
  }
  std::string out;
  for (std::size_t i = 0; i < std::min(products.size(), kMostProducts); ++i) {
    const auto& [name, counts] = products[i];
    out += "<li><a href=\"/?q=" + query_encoded(name) + "\"><b>" + escaped(name) + "</b>";
    for (const Verdict verdict : kStates) {
      if (const std::size_t count = counts[static_cast<std::size_t>(verdict)]; count > 0) {
        out += " <span class=\"" + std::string(to_string(verdict)) + "\">" + std::to_string(count) +
               " " + std::string(to_string(verdict)) + "</span>";
      }
    }
    out += "</a></li>";
  }
  return out;
}

std::string options_html(const View& view) {
  std::string out = "<option value=\"\">any</option>";
  for (const Verdict verdict : kStates) {
    const std::string word(to_string(verdict));
    out += "<option" + std::string(view.state == verdict ? " selected" : "") + ">" + word +
           "</option>";
  }
  return out;
}

std::string count_text(const View& view, std::size_t shown, std::size_t total) {
  if (view.needles.empty() && !view.state) {
    return std::to_string(total) + (total == 1 ? " check" : " checks");
  }
  return std::to_string(shown) + " of " + std::to_string(total) + " checks";
}

std::string pages_html(const View& view, std::size_t shown) {
  const std::size_t last = (shown + kPageRows - 1) / kPageRows;
  if (last < 2) {
    return {};
  }
  std::string out = "<nav id=\"pages\" aria-label=\"Pages\">";
  if (view.page > 1) {
    out += "<a rel=\"prev\" href=\"" + link_to(view, view.page - 1) + "\">Previous</a> ";
  }
  out += "<span>Page " + std::to_string(view.page) + " of " + std::to_string(last) + "</span>";
  if (view.page < last) {
    out += " <a rel=\"next\" href=\"" + link_to(view, view.page + 1) + "\">Next</a>";
  }
  return out + "</nav>";
}

std::string certificates_html(const std::vector<Glance>& glances, WallTime now) {
  std::vector<std::pair<WallTime, const Glance*>> ends;
  for (const Glance& glance : glances) {
    if (const auto end = certificate_end(glance)) {
      ends.emplace_back(*end, &glance);
    }
  }
  const std::size_t count = std::min(ends.size(), kMostCertificates);
  std::ranges::partial_sort(
      ends, ends.begin() + static_cast<std::ptrdiff_t>(count), {}, [](const auto& entry) {
        return std::pair(entry.first, std::string_view(entry.second->check->id));
      });
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    append_certificate(out, *ends[i].second, ends[i].first, now);
  }
  return out.empty() ? "<li class=\"note\">No check has seen a certificate.</li>\n" : out;
}

/// Replaces {{name}} by what `content` has for it; what comes in is not looked at again.
std::string fill(std::string_view form, const std::map<std::string_view, std::string>& content) {
  std::string out;
  for (;;) {
    const auto begin = form.find("{{");
    out += form.substr(0, begin);
    if (begin == std::string_view::npos) {
      return out;
    }
    const auto end = form.find("}}", begin);
    out += content.at(form.substr(begin + 2, end - begin - 2));
    form.remove_prefix(end + 2);
  }
}

const EmbeddedFile* find_file(std::string_view name) {
  const auto files = embedded::page_files();
  const auto found = std::ranges::find(files, name, &EmbeddedFile::name);
  return found != files.end() ? &*found : nullptr;
}

std::string_view type_of(std::string_view name) {
  return name.ends_with(".js")    ? "text/javascript; charset=utf-8"
         : name.ends_with(".css") ? "text/css; charset=utf-8"
                                  : "image/svg+xml";
}

/// Weak, because gzip changes the bytes (RFC 9110, 8.8.1). FNV-1a: it only tells versions apart.
std::string tag_of(std::string_view content) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : content) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  return "W/\"" + std::to_string(hash) + "\"";
}

void add_guards(Response& response) {
  response.headers.emplace_back("Content-Security-Policy", kPolicy);
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  response.headers.emplace_back("Vary", "Accept-Encoding");
}

}  // namespace

Response status_page(const engine::Board* board, const Request& request, WallTime now) {
  const View view = view_of(request);
  const std::vector<Glance> glances =
      board != nullptr ? worst_first(*board) : std::vector<Glance>();
  Counts counts{};
  std::string rows;
  std::size_t shown = 0;
  const Glance* before = nullptr;
  const std::size_t first = (view.page - 1) * kPageRows;
  for (const Glance& glance : glances) {
    ++counts[static_cast<std::size_t>(glance.status.verdict)];
    if (!is_shown(view, glance)) {
      continue;
    }
    if (shown >= first && shown - first < kPageRows) {
      append_group(rows, before, glance);
      append_row(rows, glance, now);
      before = &glance;
    }
    ++shown;
  }
  if (rows.empty()) {
    rows = "<tr role=\"row\" class=\"empty\"><td role=\"cell\" colspan=\"6\">" +
           std::string(board == nullptr ? "There is no plan yet." : "No check fits.") +
           "</td></tr>\n";
  }
  Response response;
  response.content_type = "text/html; charset=utf-8";
  std::string detail =
      "<section id=\"detail\" aria-label=\"The chosen check\" tabindex=\"-1\" hidden></section>";
  if (!view.check.empty()) {
    const auto found = std::ranges::find(glances, view.check,
                                         [](const Glance& glance) { return glance.check->id; });
    response.status = found != glances.end() ? 200 : 404;
    detail = found != glances.end() ? detail_html(board->plan(), *found, now)
                                    : "<section id=\"detail\" aria-label=\"The chosen check\" "
                                      "tabindex=\"-1\"><p>No check has this id.</p></section>";
  }
  const std::size_t down = counts[static_cast<std::size_t>(Verdict::down)];
  const std::string vantage = escaped(board != nullptr ? board->plan().vantage : std::string());
  response.text =
      fill(find_file("index.html")->content,
           {{"title", (down > 0 ? std::to_string(down) + " down - " : "") + vantage + " - reachd"},
            {"vantage", vantage},
            {"now", utc_text(now)},
            {"states", states_html(counts)},
            {"products", products_html(glances)},
            {"detail", std::move(detail)},
            {"words", escaped(view.words)},
            {"state_options", options_html(view)},
            {"count", count_text(view, shown, glances.size())},
            {"rows", std::move(rows)},
            {"pages", pages_html(view, shown)},
            {"certificates", certificates_html(glances, now)},
            {"version", escaped(build_facts().version)}});
  add_guards(response);
  return response;
}

Response page_file(std::string_view name, const Request& request) {
  const EmbeddedFile* const file = name != "index.html" ? find_file(name) : nullptr;
  if (file == nullptr) {
    return plain(404, "There is nothing here; / says what there is.");
  }
  Response response;
  const std::string tag = tag_of(file->content);
  response.content_type = type_of(name);
  response.headers.emplace_back("Cache-Control", "no-cache");
  response.headers.emplace_back("ETag", tag);
  add_guards(response);
  if (request.if_none_match.contains(tag)) {
    response.status = 304;
  } else {
    response.text = file->content;
  }
  return response;
}

}  // namespace reachd::web
