#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace reachd::cli {

/// Rows of text in aligned columns for a person. Widths count UTF-8 code points.
class Table {
 public:
  explicit Table(std::vector<std::string> heads);
  /// As many cells as there are heads. `colour`: an SGR sequence for the whole row, or empty.
  void add(std::vector<std::string> cells, std::string_view colour = {});
  bool empty() const noexcept { return rows_.empty(); }
  /// Columns parted by two spaces, the last one not padded; colours only if asked for.
  std::string to_string(bool coloured) const;

 private:
  struct Row {
    std::vector<std::string> cells;
    std::string_view colour;
  };
  std::vector<std::string> heads_;
  std::vector<Row> rows_;
};

/// RFC 4180: quoted where needed, lines end in CRLF. A cell that a spreadsheet would take for a
/// formula begins with an apostrophe.
std::string csv_line(const std::vector<std::string>& cells);
/// A row of a Markdown table; pipes, line breaks and markup are made harmless.
std::string markdown_line(const std::vector<std::string>& cells);

/// Control characters of text that came from outside become '?', so that they can't play with a
/// terminal.
std::string printable(std::string_view text);

}  // namespace reachd::cli
