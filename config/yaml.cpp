#include "config/yaml.hpp"

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <spanstream>
#include <unordered_map>
#include <unordered_set>

#include "config/encoding.hpp"

namespace reachd::config {
namespace {

constexpr std::size_t kMostDepth = 64;
constexpr std::size_t kMostNodes = 4'000'000;
constexpr std::size_t kMostExpansion = 64u << 20;  ///< bytes that copies of anchors may take
constexpr std::size_t kFewMembers = 16;            ///< up to here a linear search is faster

constexpr std::string_view kBinary = "tag:yaml.org,2002:binary";
constexpr std::string_view kKeyIsText = "a key is plain text, not a list or a map";

/// Ends the parse of a file whose problem is reported already; never leaves this file.
struct Stop {};

/// What yaml-cpp's words for the usual mistakes mean to the person who made them.
std::string explain(const std::string& message, std::string_view line) {
  namespace words = YAML::ErrorMsg;
  const std::size_t indentation = std::min(line.find_first_not_of(" \t"), line.size());
  if (line.substr(0, indentation).contains('\t')) {
    return "a tab indents this line; YAML takes blanks only";
  }
  if (message == words::MAP_VALUE) {
    return "a value can't begin here; a text that holds a colon and a blank needs quotes";
  }
  if (message == words::END_OF_MAP || message == words::END_OF_SEQ) {
    return "wrong indentation: this line belongs to no level above it";
  }
  if (message == words::END_OF_SEQ_FLOW) {
    return "a bracket [ is not closed";
  }
  if (message == words::END_OF_MAP_FLOW) {
    return "a brace { is not closed";
  }
  if (message == words::EOF_IN_SCALAR) {
    return "a quote is not closed";
  }
  return message;
}

std::string_view line_at(std::string_view text, std::uint32_t line) {
  for (; line > 1; --line) {
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  }
  return text.substr(0, text.find('\n'));
}

std::size_t cost(const Value& value) {
  std::size_t sum = sizeof(Value) + value.scalar.size();
  for (const Value& item : value.items) {
    sum += cost(item);
  }
  for (const Value::Member& member : value.members) {
    sum += sizeof(Value::Member) - sizeof(Value) + member.key.size() + cost(member.value);
  }
  return sum;
}

/// Builds our tree from yaml-cpp's events and refuses what YAML allows and nobody means.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, std::shared_ptr<const std::string> file,
              Diagnostics& diagnostics, YamlTexts texts)
      : text_(text),
        texts_(texts),
        ascii_(std::ranges::all_of(text, [](char c) { return c >= 0; })),
        file_(std::move(file)),
        diagnostics_(diagnostics) {}

  Value take() { return std::move(root_); }

  Place place(const YAML::Mark& mark) const {
    if (mark.is_null()) {
      return {file_, 0, 0};
    }
    auto column = static_cast<std::uint32_t>(mark.column);
    if (!ascii_) {
      // yaml-cpp counts bytes; people count characters.
      const auto end = std::min(static_cast<std::size_t>(mark.pos), text_.size());
      const auto begin = end - std::min<std::size_t>(column, end);
      const std::string_view before = text_.substr(begin, end - begin);
      column -= static_cast<std::uint32_t>(
          std::ranges::count_if(before, [](char c) { return (c & 0xc0) == 0x80; }));
    }
    return {file_, static_cast<std::uint32_t>(mark.line) + 1, column + 1};
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) {
      stop(place(mark),
           "the document has ended before this line: a second document, or wrong indentation");
    }
    root_.place = place(mark);
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Value value;
    // A missing value is where its key or its dash is, not where the next line begins.
    value.place = has_key() ? frames_.back().key_place : dash_before(mark);
    add(std::move(value), anchor, false);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    const bool is_binary = texts_ == YamlTexts::any_bytes && tag == kBinary;
    check_tag(mark, is_binary ? std::string() : tag);
    if (texts_ == YamlTexts::plain && text.contains('\0')) {
      diagnostics_.error(place(mark), "a text can't hold a NUL character (\\0)");
    }
    auto bytes = is_binary ? decode_base64(text) : text;
    if (!bytes) {
      diagnostics_.error(place(mark), "what follows !!binary is not base64");
    }
    Value value = Value::text(std::move(bytes).value_or(""), place(mark));
    value.quoted = is_binary || tag == "!";
    add(std::move(value), anchor, true);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      stop(place(mark), "an alias stands inside of what it refers to");
    }
    charge(mark, found->second.cost);
    Value copy = found->second.value;
    const bool can_be_key = copy.kind == Value::Kind::scalar;
    add(std::move(copy), YAML::NullAnchor, can_be_key);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Value::Kind::list);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Value::Kind::map);
  }
  void OnMapEnd() override {
    merge(frames_.back());
    close();
  }

 private:
  struct Frame {
    Value value;
    YAML::anchor_t anchor = YAML::NullAnchor;
    std::optional<std::string> key;  ///< of a map, once read and until its value is complete
    Place key_place;
    bool key_is_merge = false;
    std::unordered_set<std::string> keys;  ///< used from kFewMembers on
    std::vector<Value> merges;             ///< values of the key <<
  };
  struct Anchored {
    Value value;
    std::size_t cost = 0;
  };

  [[noreturn]] void stop(Place at, std::string message) {
    diagnostics_.error(std::move(at), std::move(message));
    throw Stop{};
  }

  bool has_key() const { return !frames_.empty() && frames_.back().key.has_value(); }
  bool wants_key() const {
    return !frames_.empty() && frames_.back().value.kind == Value::Kind::map && !has_key();
  }

  /// The place of the dash of an empty item, where only blank space stands behind it.
  Place dash_before(const YAML::Mark& mark) const {
    const auto end = std::min(static_cast<std::size_t>(mark.pos), text_.size());
    const std::string_view before = text_.substr(0, end);
    const std::size_t dash = before.find_last_not_of(" \t\n#");
    if (dash == std::string_view::npos || before[dash] != '-') {
      return place(mark);
    }
    const std::size_t line_begin = before.rfind('\n', dash) + 1;
    const auto lines = std::ranges::count(before.substr(dash), '\n');
    return {file_, static_cast<std::uint32_t>(mark.line + 1 - lines),
            static_cast<std::uint32_t>(dash - line_begin + 1)};
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      diagnostics_.error(place(mark), "tags (" + tag.substr(0, 60) + ") have no meaning here");
    }
  }

  void charge(const YAML::Mark& mark, std::size_t bytes) {
    expansion_ += bytes;
    if (expansion_ > kMostExpansion) {
      stop(place(mark), "aliases make the file larger than 64 MiB");
    }
  }

  void count_node(const Place& at) {
    if (++nodes_ > kMostNodes) {
      stop(at, "more than 4000000 values in one file");
    }
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            Value::Kind kind) {
    check_tag(mark, tag);
    const Place at = place(mark);
    if (wants_key()) {
      stop(at, std::string(kKeyIsText) + "; is a bracket or a brace left open?");
    }
    if (frames_.size() >= kMostDepth) {
      stop(at, "nested deeper than 64 levels");
    }
    count_node(at);
    Frame frame;
    frame.value.kind = kind;
    frame.value.place = at;
    frame.anchor = anchor;
    frames_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    attach(std::move(frame.value), frame.anchor);
  }

  void add(Value value, YAML::anchor_t anchor, bool can_be_key) {
    count_node(value.place);
    if (!wants_key()) {
      attach(std::move(value), anchor);
      return;
    }
    if (!can_be_key) {
      stop(value.place, value.kind == Value::Kind::null
                            ? std::string("a key is missing; quote it if it is the word null")
                            : std::string(kKeyIsText));
    }
    Frame& frame = frames_.back();
    frame.key_is_merge = value.scalar == "<<" && !value.quoted;
    frame.key_place = value.place;
    frame.key = value.scalar;
    remember(value, anchor);
  }

  /// Puts a complete value where it belongs.
  void attach(Value value, YAML::anchor_t anchor) {
    remember(value, anchor);
    if (frames_.empty()) {
      root_ = std::move(value);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.value.kind == Value::Kind::list) {
      frame.value.items.push_back(std::move(value));
      return;
    }
    std::string key = std::move(*frame.key);
    frame.key.reset();
    if (frame.key_is_merge) {
      frame.merges.push_back(std::move(value));
    } else if (!insert_key(frame, key)) {
      const auto first = std::ranges::find(frame.value.members, key, &Value::Member::key);
      diagnostics_.error(frame.key_place, "the key \"" + key.substr(0, 60) +
                                              "\" stands here twice, first in line " +
                                              std::to_string(first->place.line));
    } else {
      frame.value.members.push_back({std::move(key), frame.key_place, std::move(value)});
    }
  }

  /// False if the map has the key already.
  static bool insert_key(Frame& frame, const std::string& key) {
    const auto& members = frame.value.members;
    if (members.size() < kFewMembers) {
      return std::ranges::find(members, key, &Value::Member::key) == members.end();
    }
    if (frame.keys.empty()) {
      for (const Value::Member& member : members) {
        frame.keys.insert(member.key);
      }
    }
    return frame.keys.insert(key).second;
  }

  /// `<<: *base` (YAML 1.1): what the map does not say itself comes from the others, the first one
  /// that has it.
  void merge(Frame& frame) {
    const auto take = [&](Value& source) {
      if (source.kind != Value::Kind::map) {
        stop(source.place, "<< takes a map or a list of maps");
      }
      for (Value::Member& member : source.members) {
        if (insert_key(frame, member.key)) {
          frame.value.members.push_back(std::move(member));
        }
      }
    };
    for (Value& merged : frame.merges) {
      if (merged.kind != Value::Kind::list) {
        take(merged);
      }
      for (Value& source : merged.items) {
        take(source);
      }
    }
  }

  void remember(const Value& value, YAML::anchor_t anchor) {
    if (anchor == YAML::NullAnchor) {
      return;
    }
    const std::size_t bytes = cost(value);
    expansion_ += bytes;
    if (expansion_ > kMostExpansion) {
      stop(value.place, "aliases make the file larger than 64 MiB");
    }
    anchors_[anchor] = {value, bytes};
  }

  std::string_view text_;
  YamlTexts texts_;
  bool ascii_;
  std::shared_ptr<const std::string> file_;
  Diagnostics& diagnostics_;
  Value root_;
  std::vector<Frame> frames_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  std::size_t documents_ = 0;
  std::size_t nodes_ = 0;
  std::size_t expansion_ = 0;
};

}  // namespace

std::optional<Value> parse_yaml(std::string_view text, const std::string& name,
                                Diagnostics& diagnostics, YamlTexts texts) {
  const auto file = std::make_shared<const std::string>(name);
  const std::size_t errors_before = diagnostics.count();
  auto decoded = decode_text(text, file, diagnostics);
  if (!decoded) {
    return std::nullopt;
  }
  // yaml-cpp takes a quote for closed where the text ends with a line end, so it ends with a
  // comment.
  *decoded += decoded->empty() || decoded->ends_with('\n') ? "#" : "\n#";
  TreeBuilder builder(*decoded, file, diagnostics, texts);
  try {
    std::ispanstream stream{std::span<const char>(*decoded)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& problem) {
    Place place = builder.place(problem.mark);
    std::string message = explain(problem.msg, line_at(*decoded, place.line));
    diagnostics.error(std::move(place), "not valid YAML: " + std::move(message));
  } catch (const Stop&) {
    return std::nullopt;
  }
  if (diagnostics.count() > errors_before) {
    return std::nullopt;
  }
  return builder.take();
}

}  // namespace reachd::config
