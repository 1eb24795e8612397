#include "daemon/web/request_reader.hpp"

#include <gtest/gtest.h>

namespace reachd {
namespace {

using State = web::RequestReader::State;

constexpr std::string_view kGet =
    "GET /metrics?a=b HTTP/1.1\r\nHost: h:9790\r\nAccept: text/plain\r\n"
    "Accept-Encoding: gzip\r\nOrigin: http://h:9790\r\n\r\n";
constexpr std::string_view kChunked =
    "POST /-/reload HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3\r\nabc\r\n0\r\n\r\n";

TEST(RequestReader, TellsARequestApart) {
  web::RequestReader reader({});
  EXPECT_EQ(reader.state(), State::empty);
  ASSERT_EQ(reader.put(kGet), State::done);
  const auto request = reader.take();
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, "GET");
  EXPECT_EQ(request->path, "/metrics");
  EXPECT_EQ(request->query.front().second, "b");
  EXPECT_EQ(request->host, "h:9790");
  EXPECT_EQ(request->origin, "http://h:9790");
  EXPECT_EQ(request->accept, "text/plain");
  EXPECT_EQ(request->accept_encoding, "gzip");
  EXPECT_TRUE(request->keep_alive);
  EXPECT_TRUE(request->chunked);
  EXPECT_EQ(reader.state(), State::empty);
}

TEST(RequestReader, ItDoesNotMatterWhereTheBytesAreCut) {
  for (const std::string_view text : {kGet, kChunked}) {
    web::RequestReader reader({});
    for (std::size_t index = 0; index < text.size(); ++index) {
      const auto state = reader.put(text.substr(index, 1));
      ASSERT_TRUE(state) << state.error().message;
      EXPECT_EQ(*state == State::done, index + 1 == text.size()) << index;
    }
    EXPECT_TRUE(reader.take());
  }
}

TEST(RequestReader, AnEmptyBodyInChunksMayBeCutAnywhere) {
  const std::string text =
      "POST /-/reload HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  for (std::size_t first = 1; first < text.size(); ++first) {
    for (std::size_t second = first; second < text.size(); ++second) {
      web::RequestReader reader({});
      ASSERT_TRUE(reader.put(text.substr(0, first)));
      ASSERT_TRUE(reader.put(text.substr(first, second - first)));
      ASSERT_EQ(reader.put(text.substr(second)), State::done) << first << ' ' << second;
    }
  }
}

TEST(RequestReader, ATrailerSaysNothingThatTheHeadHasTo) {
  const std::string text =
      "POST /-/reload HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
      "Host: other\r\nAuthorization: Basic YTpi\r\nOrigin: http://other\r\n\r\n";
  for (const std::size_t piece : {text.size(), std::size_t{1}}) {
    web::RequestReader reader({});
    for (std::size_t at = 0; at < text.size(); at += piece) {
      ASSERT_TRUE(reader.put(text.substr(at, piece))) << at;
    }
    ASSERT_EQ(reader.state(), State::done);
    const auto request = reader.take();
    ASSERT_TRUE(request);
    EXPECT_EQ(request->host, "h");
    EXPECT_EQ(request->authorization, "");
    EXPECT_EQ(request->origin, "");
  }
}

TEST(RequestReader, BoundsWhatTheParserWaitsForWithoutALimit) {
  constexpr std::string_view kHead =
      "POST /-/reload HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string some(std::size_t{16} * 1024, 'a');
  for (const std::string_view begin : {"5;", "0\r\nx: "}) {  // a chunk's extension, a trailer
    web::RequestReader reader({});
    ASSERT_TRUE(reader.put(kHead));
    auto state = reader.put(begin);
    for (int i = 0; i < 100 && state; ++i) {
      state = reader.put(some);
    }
    ASSERT_FALSE(state) << begin;
    EXPECT_EQ(state.error().status, 413U);
  }
}

TEST(RequestReader, KeepsWhatFollowsForTheNext) {
  web::RequestReader reader({});
  ASSERT_EQ(reader.put(std::string(kChunked) + "\r\n" + std::string(kGet)), State::done);
  EXPECT_EQ(reader.take()->path, "/-/reload");
  ASSERT_EQ(reader.put({}), State::done);
  EXPECT_EQ(reader.take()->path, "/metrics");
  EXPECT_EQ(reader.put({}), State::empty);
}

TEST(RequestReader, AnOldClientWantsNoChunksAndTheEnd) {
  web::RequestReader reader({});
  ASSERT_EQ(reader.put("GET / HTTP/1.0\r\n\r\n"), State::done);
  const auto request = reader.take();
  EXPECT_FALSE(request->chunked);
  EXPECT_FALSE(request->keep_alive);
}

TEST(RequestReader, ChunksInAnOldRequestAreAmbiguous) {
  web::RequestReader reader({});
  const auto state = reader.put("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().status, 400u);
}

TEST(RequestReader, AsksOnceForABodyThatWaits) {
  web::RequestReader reader({});
  ASSERT_EQ(reader.put("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                       "Content-Length: 2\r\n\r\n"),
            State::body);
  EXPECT_TRUE(reader.wants_continue());
  EXPECT_FALSE(reader.wants_continue());
  EXPECT_EQ(reader.put("ab"), State::done);
}

TEST(RequestReader, LimitsHoldWhereverTheBytesAreCut) {
  web::RequestReader reader({.head_bytes = 200, .body_bytes = 10});
  auto state = reader.put("GET / HTTP/1.1\r\nHost: h\r\nX: ");
  std::size_t sent = 0;
  while (state && sent < 10'000) {
    state = reader.put("xxxxxxxxxx");
    sent += 10;
  }
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().status, 413u);
  EXPECT_LT(sent, 400u);
}

}  // namespace
}  // namespace reachd
