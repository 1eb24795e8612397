#include "daemon/json/reader.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/stream_parser.hpp>

#include "daemon/json/tree.hpp"

namespace reachd::json {
namespace {

namespace json = boost::json;

std::string offender_of(const json::value& result) {
  const json::value* attempts = member(result, "attempts");
  const json::array* list = attempts == nullptr ? nullptr : attempts->if_array();
  if (list != nullptr) {
    for (const json::value& attempt : *list) {
      std::string offender = text_of(member(attempt, "offender"));
      if (!offender.empty()) {
        return offender;
      }
    }
  }
  return {};
}

}  // namespace

std::expected<VerdictPage, std::string> read_verdicts(std::string_view text) {
  boost::system::error_code ec;
  const json::value root = json::parse(text, ec);
  const json::value* checks = ec ? nullptr : member(root, "checks");
  if (checks == nullptr || !checks->is_array()) {
    return std::unexpected("the answer is not what /api/v1/checks says");
  }
  VerdictPage page;
  for (const json::value& row : checks->get_array()) {
    LastVerdict verdict;
    verdict.state = text_of(member(row, "state"));
    if (const json::value* result = member(row, "result")) {
      verdict.reason = text_of(member(*result, "reason"));
      verdict.offender = offender_of(*result);
    }
    page.verdicts.emplace(text_of(member(row, "check")), std::move(verdict));
  }
  const json::value* next = member(root, "next_offset");
  if (next != nullptr && next->is_int64() && next->get_int64() > 0) {
    page.next_offset = static_cast<std::size_t>(next->get_int64());
  }
  return page;
}

std::optional<std::string> complaint(std::string_view text) {
  boost::system::error_code ec;
  json::stream_parser parser;
  const std::size_t read = parser.write_some(text, ec);
  if (!ec) {
    parser.finish(ec);
  }
  if (!ec && text.find_first_not_of(" \t\r\n", read) == std::string_view::npos) {
    return std::nullopt;
  }
  return (ec ? ec.message() : "something follows its end") + ", at character " +
         std::to_string(read + 1);
}

}  // namespace reachd::json
