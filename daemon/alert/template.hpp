#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/event/event.hpp"

namespace reachd::alert {

/// A text with {{field}} where values of an event go. Immutable. The fields are those of the
/// event's JSON (contract, 7) that hold one value, `check.labels.NAME`, `url` (of its page) and
/// `event` (all of it as JSON); config/README.md, "webhook", lists them. What an event does not
/// have is an empty text, 0 for a number.
class Template {
 public:
  /// What the text is, and so how a value is written into it.
  enum class Content : std::uint8_t {
    json,  ///< as inside a string: the quotes are the text's own; `event` as it is
    form,  ///< percent-encoded
    text,  ///< as it is
  };

  /// The error is a sentence: an unknown field, braces that are not closed, a text for
  /// Content::json that is no JSON once its fields are filled.
  static std::expected<Template, std::string> parse(std::string_view text, Content content);

  /// `json` is the event's, `url` may be empty.
  std::string fill(const event::Event& event, std::string_view json, const std::string& url) const;

  struct Field;  ///< a row of the table of fields

 private:
  /// Text, and what comes behind it.
  struct Piece {
    std::string text;
    const Field* field = nullptr;  ///< null: nothing, or `label`
    std::string label;             ///< of check.labels.NAME
  };

  Content content_ = Content::json;
  std::vector<Piece> pieces_;
};

}  // namespace reachd::alert
