#include "daemon/blackbox/query.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/blackbox/blackbox_lab.hpp"
#include "tests/support/loopback_server.hpp"

namespace reachd::blackbox {
namespace {

using config::blackbox::Module;
using config::blackbox::QueryStep;
using test::Peer;

Pattern pattern(std::string_view text) {
  auto compiled = Pattern::compile(text);
  EXPECT_TRUE(compiled) << compiled.error();
  return *compiled;
}

std::string expanded(std::string_view form, std::string_view regexp, std::string_view text) {
  const Pattern compiled = pattern(regexp);
  const auto groups = compiled.match(text);
  EXPECT_TRUE(groups);
  return expand(form, compiled, groups.value_or(std::vector<std::string_view>{}));
}

QueryStep expecting(std::string_view regexp) {
  QueryStep step;
  step.expect = pattern(regexp);
  return step;
}

QueryStep sending(std::string text) {
  QueryStep step;
  step.send = std::move(text);
  return step;
}

/// What a tcp module with these steps says of a server that does what the script says.
struct Dialogues {
  bool probe(std::vector<QueryStep> steps, test::Script script) {
    Module module;
    module.tcp.query_response = std::move(steps);
    const test::LoopbackServer server(lab.context, std::move(script));
    lab.allow_all();
    test::ModuleRun run(lab, module, server.target(), timeout);
    const bool success = test::run(lab.context, probe_tcp(run.run));
    run.samples.render(text);
    log = run.log.lines;
    samples = run.samples;
    return success;
  }

  test::BlackboxLab lab;
  Duration timeout = std::chrono::seconds(4);
  Samples samples;
  std::string text;
  std::string log;
};

TEST(Query, FormsExpandAsInGo) {
  EXPECT_EQ(expanded("PONG ${1}", "PING :([^ ]+)", "PING :abc"), "PONG abc");
  EXPECT_EQ(expanded("$1-$2", "(a)(b)?", "a"), "a-");
  EXPECT_EQ(expanded("$0 $$1 $", "a(b)", "xabx"), "ab $1 $");
  EXPECT_EQ(expanded("${name}!$name!$namex", "(?P<name>b+)", "abba"), "bb!bb!");
  EXPECT_EQ(expanded("$1x ${1}x $9 ${1 ${} $-", "(a)", "a"), " ax  ${1 ${} $-");
}

TEST(Query, ABannerIsFoundAmongTheLines) {
  Dialogues dialogues;
  EXPECT_TRUE(
      dialogues.probe({expecting("^220 (\\S+)")}, test::banner("hello\r\n220 mx.example\r\n")));
  EXPECT_EQ(dialogues.samples.value(Family::failed_due_to_regex), 0);
  EXPECT_TRUE(dialogues.samples.has(Family::failed_due_to_bytes));
}

TEST(Query, ALineIsMatchedWithoutItsEndOfBothBytes) {
  Dialogues dialogues;
  EXPECT_TRUE(dialogues.probe({expecting("^ready$")}, test::banner("ready\r\n")));
}

TEST(Query, AByteThatIsNoUtf8IsACharacterAndIsSentBackAsItCame) {
  Dialogues dialogues;
  QueryStep step = expecting("^hi (.*) there(.*)$");
  step.send = "$1 $2";
  std::string heard;
  const test::Script script = [&](Peer& peer) -> asio::awaitable<void> {
    co_await peer.send("hi Andr\xe9 \xef\xbf\xbd\xff there\xff\r\n");
    heard = co_await peer.read_until("\n");
    co_await peer.send("thanks\r\n");
  };
  EXPECT_TRUE(dialogues.probe({step, expecting("^thanks")}, script)) << dialogues.log;
  EXPECT_EQ(heard, "Andr\xe9 \xef\xbf\xbd\xff \xff\n");
}

TEST(Query, TheLastLineNeedsNoEndOnceTheServerHasClosed) {
  Dialogues dialogues;
  EXPECT_TRUE(dialogues.probe({expecting("^bye$")}, test::hang_up("one\nbye")));
}

TEST(Query, NoLineThatMatchesIsAFailureOfTheRegex) {
  Dialogues dialogues;
  EXPECT_FALSE(dialogues.probe({expecting("^220")}, test::hang_up("554 no\r\n")));
  EXPECT_EQ(dialogues.samples.value(Family::failed_due_to_regex), 1);
}

TEST(Query, SilenceUntilTheDeadlineIsNoFailureOfTheRegex) {
  Dialogues dialogues;
  dialogues.timeout = std::chrono::milliseconds(50);
  EXPECT_FALSE(dialogues.probe({expecting("^220")}, test::banner("220 without an end")));
  EXPECT_EQ(dialogues.samples.value(Family::failed_due_to_regex), 0);
}

TEST(Query, ALineWithoutEndIsNotKeptForEver) {
  Dialogues dialogues;
  EXPECT_FALSE(dialogues.probe({sending("go\r\n\r"), expecting("^220")},
                               test::flood("", std::string(4096, 'x'))));
  EXPECT_THAT(dialogues.log, testing::HasSubstr("64 KiB"));
}

TEST(Query, ManyLinesThatDoNotMatchEndWithTheDeadline) {
  Dialogues dialogues;
  dialogues.timeout = std::chrono::milliseconds(100);
  EXPECT_FALSE(dialogues.probe({sending("go\r\n\r"), expecting("^220")},
                               test::flood("", std::string(4096, '\n'))));
  EXPECT_EQ(dialogues.samples.value(Family::failed_due_to_regex), 0);
}

TEST(Query, WhatIsSentCarriesWhatMatchedAndALineEnd) {
  std::string heard;
  Dialogues dialogues;
  QueryStep pong = expecting("PING :([^ ]+)");
  pong.send = "PONG ${1}";
  const test::Script script = [&heard](Peer& peer) -> asio::awaitable<void> {
    heard = co_await peer.read_until("\n");
    co_await peer.send("PING :abc def\r\n");
    const std::string second = co_await peer.read_until("\n");
    heard += second;
    co_await peer.send(":irc.example 001 hello\r\n");
    co_await peer.wait_until_closed();
  };
  EXPECT_TRUE(dialogues.probe({sending("NICK prober"), pong, expecting("^:\\S+ 001")}, script));
  EXPECT_EQ(heard, "NICK prober\nPONG abc\n");
}

TEST(Query, LabelsCarryWhatMatched) {
  Dialogues dialogues;
  QueryStep step = expecting("^SSH-2.0-([^ -]+)(?: (.*))?$");
  step.labels = {{"ssh_version", "${1}"}, {"ssh_comments", "${2}"}};
  EXPECT_TRUE(dialogues.probe({step}, test::banner("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")));
  EXPECT_THAT(dialogues.text, testing::HasSubstr("probe_expect_info{ssh_comments=\"Debian-2\","
                                                 "ssh_version=\"OpenSSH_9.2p1\"} 1\n"));
}

TEST(Query, TwoStepsMayHaveDifferentLabels) {
  Dialogues dialogues;
  QueryStep first = expecting("^a");
  first.labels = {{"one", "1"}};
  QueryStep second = expecting("^b");
  second.labels = {{"two", "2"}};
  EXPECT_TRUE(dialogues.probe({first, second}, test::banner("a\nb\n")));
  EXPECT_THAT(dialogues.text, testing::HasSubstr("probe_expect_info{one=\"1\"} 1\n"
                                                 "probe_expect_info{two=\"2\"} 1\n"));
}

TEST(Query, BytesAreComparedAsTheyAre) {
  QueryStep step;
  step.expect_bytes = std::string("S\0\n", 3);
  Dialogues dialogues;
  EXPECT_TRUE(dialogues.probe({step}, test::banner(std::string("S\0\nmore", 7))));
  EXPECT_EQ(dialogues.samples.value(Family::failed_due_to_bytes), 0);
  EXPECT_FALSE(dialogues.probe({step}, test::banner("Nope")));
  EXPECT_EQ(dialogues.samples.value(Family::failed_due_to_bytes), 1);
}

TEST(Query, FewerBytesThanExpectedFailWithoutBlamingThem) {
  QueryStep step;
  step.expect_bytes = "SSSS";
  Dialogues dialogues;
  EXPECT_FALSE(dialogues.probe({step}, test::hang_up("SS")));
  EXPECT_EQ(dialogues.samples.value(Family::failed_due_to_bytes), 0);
}

TEST(Query, BytesBehindALineAreNotLost) {
  QueryStep step;
  step.expect_bytes = "rest";
  Dialogues dialogues;
  EXPECT_TRUE(dialogues.probe({expecting("^line$"), step}, test::banner("line\nrest")));
}

}  // namespace
}  // namespace reachd::blackbox
