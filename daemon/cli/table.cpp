#include "daemon/cli/table.hpp"

#include <algorithm>
#include <utility>

namespace reachd::cli {
namespace {

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

void append_row(std::string& out, const std::vector<std::string>& cells,
                const std::vector<std::size_t>& widths) {
  for (std::size_t column = 0; column < cells.size(); ++column) {
    out += cells[column];
    if (column + 1 < cells.size()) {
      out.append(widths[column] - width(cells[column]) + 2, ' ');
    }
  }
  while (out.ends_with(' ')) {
    out.pop_back();
  }
}

}  // namespace

Table::Table(std::vector<std::string> heads) : heads_(std::move(heads)) {}

void Table::add(std::vector<std::string> cells, std::string_view colour) {
  cells.resize(heads_.size());
  rows_.push_back({std::move(cells), colour});
}

std::string Table::to_string(bool coloured) const {
  std::vector<std::size_t> widths;
  widths.reserve(heads_.size());
  for (const std::string& head : heads_) {
    widths.push_back(width(head));
  }
  for (const Row& row : rows_) {
    for (std::size_t column = 0; column < row.cells.size(); ++column) {
      widths[column] = std::max(widths[column], width(row.cells[column]));
    }
  }
  std::string result;
  append_row(result, heads_, widths);
  result += '\n';
  for (const Row& row : rows_) {
    const bool paint = coloured && !row.colour.empty();
    std::string line;
    append_row(line, row.cells, widths);
    result += paint ? std::string(row.colour) + line + "\x1b[0m" : line;
    result += '\n';
  }
  return result;
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string result;
  for (const std::string& cell : cells) {
    if (&cell != &cells.front()) {
      result += ',';
    }
    const bool formula = cell.find_first_of("=+-@\t\r") == 0;
    const std::string_view guard = formula ? "'" : "";
    if (cell.find_first_of(",\"\r\n") == std::string::npos) {
      result += guard;
      result += cell;
      continue;
    }
    result += '"';
    result += guard;
    for (const char c : cell) {
      result += c == '"' ? "\"\"" : std::string(1, c);
    }
    result += '"';
  }
  return result + "\r\n";
}

std::string markdown_line(const std::vector<std::string>& cells) {
  constexpr std::string_view kMarkup = "\\|`*<[";
  std::string result = "|";
  for (const std::string& cell : cells) {
    result += ' ';
    for (const char c : cell) {
      if (kMarkup.contains(c)) {
        result += '\\';
      }
      result += c == '\n' || c == '\r' ? ' ' : c;
    }
    result += " |";
  }
  return result + "\n";
}

std::string printable(std::string_view text) {
  std::string result(text);
  std::ranges::replace_if(
      result, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return result;
}

}  // namespace reachd::cli
