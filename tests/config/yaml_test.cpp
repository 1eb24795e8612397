#include "config/yaml.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "probes/core/file_path.hpp"
#include "tests/support/temporary_folder.hpp"

namespace reachd::config {
namespace {

Value parse(std::string_view text) {
  Diagnostics diagnostics;
  auto value = parse_yaml(text, "t.yaml", diagnostics);
  EXPECT_TRUE(value && diagnostics.ok()) << diagnostics.to_string();
  return value.value_or(Value{});
}

std::string errors_of(std::string_view text) {
  Diagnostics diagnostics;
  EXPECT_FALSE(parse_yaml(text, "t.yaml", diagnostics));
  return diagnostics.to_string();
}

TEST(Yaml, EveryNodeKnowsItsPlace) {
  const Value root = parse("a: 1\nb:\n  - x\n  - {c: 'y'}\n");
  EXPECT_EQ(root.place.to_string(), "t.yaml:1:1");
  EXPECT_EQ(root.find("a")->place.to_string(), "t.yaml:1:4");
  EXPECT_EQ(root.members[1].place.to_string(), "t.yaml:2:1");
  const Value& list = *root.find("b");
  EXPECT_EQ(list.items[0].place.to_string(), "t.yaml:3:5");
  EXPECT_EQ(list.items[1].find("c")->place.to_string(), "t.yaml:4:9");
}

TEST(Yaml, ColumnsCountCharactersNotBytes) {
  const Value root = parse("{ä: ö, ü: x}");
  EXPECT_EQ(root.find("ü")->place.to_string(), "t.yaml:1:11");
}

TEST(Yaml, QuotedScalarsAreMarked) {
  const Value root = parse("a: \"true\"\nb: true\nc: 'x'\n");
  EXPECT_TRUE(root.find("a")->quoted);
  EXPECT_FALSE(root.find("b")->quoted);
  EXPECT_TRUE(root.find("c")->quoted);
}

TEST(Yaml, AnEmptyFileIsNothing) {
  EXPECT_EQ(parse("").kind, Value::Kind::null);
  EXPECT_EQ(parse("# only a comment\n").kind, Value::Kind::null);
  EXPECT_EQ(parse("---\n").kind, Value::Kind::null);
}

TEST(Yaml, AMissingValueIsAtItsKey) {
  const Value root = parse("a:\n\n\nb: 1\n");
  EXPECT_EQ(root.find("a")->kind, Value::Kind::null);
  EXPECT_EQ(root.find("a")->place.to_string(), "t.yaml:1:1");
}

TEST(Yaml, AnAliasIsACopyOfItsAnchor) {
  const Value root = parse("a: &x {k: [1, 2]}\nb: *x\n");
  EXPECT_EQ(root.find("b")->find("k")->items[1].scalar, "2");
  EXPECT_EQ(root.find("b")->place.line, 1u);
}

TEST(Yaml, MergeKeysFillInWhatIsMissing) {
  const Value root = parse("base: &b {x: 1, y: 2}\nc: {y: 3, <<: *b}\nd: {<<: [{x: 9}, *b]}\n");
  const Value& c = *root.find("c");
  EXPECT_EQ(c.find("x")->scalar, "1");
  EXPECT_EQ(c.find("y")->scalar, "3");
  EXPECT_EQ(c.members.size(), 2u);
  EXPECT_EQ(root.find("d")->find("x")->scalar, "9");
  EXPECT_EQ(root.find("d")->find("y")->scalar, "2");
}

TEST(Yaml, MergeKeysTakeMapsOnly) {
  EXPECT_EQ(errors_of("{<<: 5}"), "t.yaml:1:6: << takes a map or a list of maps\n");
  EXPECT_EQ(errors_of("{<<: [5]}"), "t.yaml:1:7: << takes a map or a list of maps\n");
}

TEST(Yaml, DuplicateKeysAreAllReported) {
  EXPECT_EQ(errors_of("a: 1\na: 2\nb: {c: 1, c: 2}\n"),
            "t.yaml:2:1: the key \"a\" stands here twice, first in line 1\n"
            "t.yaml:3:11: the key \"c\" stands here twice, first in line 3\n");
}

TEST(Yaml, DuplicateKeysAreFoundInLongMaps) {
  std::string text;
  for (int key = 0; key < 100; ++key) {
    text += "k" + std::to_string(key) + ": 1\n";
  }
  EXPECT_EQ(parse(text).members.size(), 100u);
  EXPECT_EQ(errors_of(text + "k3: 1\n"),
            "t.yaml:101:1: the key \"k3\" stands here twice, first in line 4\n");
  EXPECT_EQ(errors_of(text + "k99: 1\n"),
            "t.yaml:101:1: the key \"k99\" stands here twice, first in line 100\n");
}

TEST(Yaml, ARecursiveAliasIsRefused) {
  EXPECT_EQ(errors_of("a: &x [1, *x]\n"),
            "t.yaml:1:11: an alias stands inside of what it refers to\n");
}

TEST(Yaml, AnUnknownAliasIsRefused) {
  EXPECT_EQ(errors_of("a: *nobody\n"),
            "t.yaml:1:4: not valid YAML: the referenced anchor is not defined\n");
}

TEST(Yaml, ABombOfAliasesIsDefused) {
  std::string text = "a0: &a0 [xxxxxxxxxx]\n";
  for (int level = 1; level < 12; ++level) {
    const std::string below = "*a" + std::to_string(level - 1);
    text += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [" + below;
    for (int copy = 1; copy < 10; ++copy) {
      text += "," + below;
    }
    text += "]\n";
  }
  EXPECT_TRUE(errors_of(text).ends_with(": aliases make the file larger than 64 MiB\n"));
}

TEST(Yaml, ALongTextManyTimesIsABombToo) {
  std::string text = "a: &a \"" + std::string(1u << 20, 'x') + "\"\nb:\n";
  for (int copy = 0; copy < 100; ++copy) {
    text += "- *a\n";
  }
  EXPECT_TRUE(errors_of(text).ends_with(": aliases make the file larger than 64 MiB\n"));
}

TEST(Yaml, NestedAnchorsAreBoundedToo) {
  std::string text;
  for (int level = 0; level < 60; ++level) {
    text += "[&a" + std::to_string(level) + " ";
  }
  text += "\"" + std::string(2u << 20, 'x') + "\"" + std::string(60, ']');
  EXPECT_TRUE(errors_of(text).ends_with(": aliases make the file larger than 64 MiB\n"));
}

TEST(Yaml, AQuoteThatIsNotClosedIsAnError) {
  EXPECT_TRUE(errors_of("a: \"x\nb: y\n").contains("a quote is not closed"));
  EXPECT_TRUE(errors_of("a: 'x\nb: y").contains("a quote is not closed"));
}

TEST(Yaml, BlockTextKeepsItsEnd) {
  EXPECT_EQ(parse("a: |\n  x\n").find("a")->scalar, "x\n");
  EXPECT_EQ(parse("a: |-\n  x\n").find("a")->scalar, "x");
  EXPECT_EQ(parse("a: |+\n  x\n\n").find("a")->scalar, "x\n\n");
}

TEST(Yaml, DepthIsBounded) {
  EXPECT_EQ(parse(std::string(64, '[') + std::string(64, ']')).kind, Value::Kind::list);
  EXPECT_EQ(errors_of(std::string(65, '[') + std::string(65, ']')),
            "t.yaml:1:65: nested deeper than 64 levels\n");
  EXPECT_TRUE(errors_of(std::string(200'000, '[')).starts_with("t.yaml:1:"));
  EXPECT_TRUE(errors_of(std::string(200'000, '{')).contains("t.yaml:1:"));
  std::string dashes;
  for (int level = 0; level < 100'000; ++level) {
    dashes += "- ";
  }
  EXPECT_TRUE(errors_of(dashes).contains("nested deeper than 64 levels"));
}

TEST(Yaml, TagsAreRefused) {
  EXPECT_EQ(errors_of("a: !!binary aGVsbG8=\nb: !x {}\n"),
            "t.yaml:1:4: tags (tag:yaml.org,2002:binary) have no meaning here\n"
            "t.yaml:2:4: tags (!x) have no meaning here\n");
}

TEST(Yaml, KeysArePlainText) {
  EXPECT_EQ(errors_of("? [a, b]\n: 1\n"),
            "t.yaml:1:3: a key is plain text, not a list or a map; is a bracket or a brace left "
            "open?\n");
  EXPECT_EQ(errors_of("null: 1\n"),
            "t.yaml:1:1: a key is missing; quote it if it is the word null\n");
  EXPECT_EQ(parse("\"null\": 1\n").members[0].key, "null");
}

TEST(Yaml, OnlyOneDocumentStandsInAFile) {
  EXPECT_EQ(errors_of("a: 1\n---\nb: 2\n"),
            "t.yaml:2:1: the document has ended before this line: a second document, or wrong "
            "indentation\n");
}

TEST(Yaml, AFileThatIsNotThereIsAnError) {
  Diagnostics diagnostics;
  EXPECT_FALSE(load_yaml("no-such-file.yaml", diagnostics));
  EXPECT_EQ(diagnostics.to_string(), "no-such-file.yaml: can't read the file: it does not exist\n");
}

TEST(Yaml, AFolderIsNoFile) {
  Diagnostics diagnostics;
  EXPECT_FALSE(load_yaml(".", diagnostics));
  EXPECT_EQ(diagnostics.to_string(), ".: can't read the file: it is a folder\n");
}

TEST(Yaml, FilesAndFoldersMayHaveAnyLetters) {
  const test::TemporaryFolder temporary;
  const std::filesystem::path folder = temporary.path() / u8"B\u00fcro \u4e8b\u4ef6";
  std::filesystem::create_directory(folder);
  std::ofstream(folder / u8"r\u00e9seau.yaml") << "include: \u00e4*.yaml\n";
  std::ofstream(folder / u8"\u00e4u\u00dferes.yaml") << "a: 1\n";
  Diagnostics diagnostics;
  const auto root = load_yaml_with_includes(to_text(folder / u8"r\u00e9seau.yaml"), diagnostics);
  ASSERT_TRUE(root && diagnostics.ok()) << diagnostics.to_string();
  ASSERT_TRUE(root->find("a"));
  EXPECT_EQ(*root->find("a")->place.file, to_text(folder / u8"\u00e4u\u00dferes.yaml"));
}

/// Whatever the bytes are, the parser ends with a tree or with an error that has a place.
TEST(Yaml, MangledTextNeverGoesUnnoticed) {
  const std::string good =
      "a: &x {b: [1, \"two\", 'three'], c: |\n  text\n  more\n}\nd: *x\n? e\n: f\n";
  const std::string bytes = "\t\n -:?,[]{}#&*!|>'\"%@`\\\r\x01\x80\xff";
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char byte : bytes) {
      std::string text = good;
      text[at] = byte;
      Diagnostics diagnostics;
      const auto value = parse_yaml(text, "t.yaml", diagnostics);
      EXPECT_NE(value.has_value(), !diagnostics.ok()) << text;
      for (const Diagnostic& error : diagnostics.errors()) {
        EXPECT_GT(error.place.line, 0u) << text << error.to_string();
      }
    }
  }
}

}  // namespace
}  // namespace reachd::config
