// What the server answers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "tests/daemon/web_client.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using test::Client;
using test::get;
using test::local;
using test::start;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(WebServer, AnswersAndKeepsTheConnection) {
  const auto server = start();
  Client client(server->endpoints().front());
  for (int round = 0; round < 3; ++round) {
    client.send(get("/-/healthy"));
    EXPECT_THAT(client.read_to("healthy.\n"), StartsWith("HTTP/1.1 200 OK\r\nDate: "));
  }
  client.send(get("/-/healthy", "Connection: close\r\n"));
  EXPECT_THAT(client.read_all(), HasSubstr("Connection: close\r\n"));
}

TEST(WebServer, PipelinedRequestsAreAnsweredInOrder) {
  const auto server = start();
  Client client(server->endpoints().front());
  client.send(get("/-/healthy") + get("/nowhere") + get("/-/ready", "Connection: close\r\n"));
  const std::string answers = client.read_all();
  const auto healthy = answers.find("is healthy");
  const auto nowhere = answers.find("404 Not Found");
  const auto ready = answers.find("is ready");
  EXPECT_LT(healthy, nowhere);
  EXPECT_LT(nowhere, ready);
  EXPECT_NE(ready, std::string::npos);
}

TEST(WebServer, HeadHasTheHeadersOnly) {
  const auto server = start();
  Client client(server->endpoints().front());
  client.send(get("/-/healthy", "Connection: close\r\n", "HEAD"));
  const std::string answer = client.read_all();
  EXPECT_THAT(answer, HasSubstr("Content-Length: 19\r\n"));
  EXPECT_THAT(answer, testing::EndsWith("\r\n\r\n"));
}

TEST(WebServer, OnLoopbackAnswersForItsOwnNamesOnly) {
  web::Callbacks callbacks = test::well(test::small_board());
  callbacks.names = {"monitor.example.com"};
  const auto server = start(std::move(callbacks));
  for (const char* path : {"/", "/metrics", "/-/healthy", "/api/v1/stream"}) {
    Client stranger(server->endpoints().front());
    stranger.send("GET " + std::string(path) +
                  " HTTP/1.1\r\nHost: evil.example:9790\r\nConnection: close\r\n\r\n");
    const std::string answer = stranger.read_all();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 421 Misdirected Request\r\n")) << path;
    EXPECT_THAT(answer, Not(HasSubstr("beacon-1"))) << path;
  }
  Client reloader(server->endpoints().front());
  reloader.send("POST /-/reload HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(reloader.read_all(), StartsWith("HTTP/1.1 421 "));
  for (const char* host : {"127.0.0.1", "localhost:9790", "monitor.example.com"}) {
    Client friendly(server->endpoints().front());
    friendly.send("GET /-/healthy HTTP/1.1\r\nHost: " + std::string(host) +
                  "\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(friendly.read_all(), StartsWith("HTTP/1.1 200 OK\r\n")) << host;
  }
}

TEST(WebServer, WhatABrowserHasIsNotSentAgain) {
  const auto server = start();
  Client client(server->endpoints().front());
  client.send(get("/page/style.css"));
  const std::string head = client.read_to("\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(head, HasSubstr("Cache-Control: no-cache\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("no-store")));
  const auto begin = head.find("ETag: ") + 6;
  const std::string tag = head.substr(begin, head.find("\r\n", begin) - begin);
  Client again(server->endpoints().front());
  again.send(get("/page/style.css", "If-None-Match: " + tag + "\r\n") +
             get("/-/healthy", "Connection: close\r\n"));
  const std::string answers = again.read_all();
  EXPECT_THAT(answers, StartsWith("HTTP/1.1 304 Not Modified\r\n"));
  EXPECT_THAT(answers, HasSubstr("reachd is healthy."));
  EXPECT_THAT(answers, Not(HasSubstr("color-scheme")));
}

TEST(WebServer, MetricsComeInChunksAndEndWithTheLast) {
  const auto server = start(test::well(test::large_board(2000)));
  Client client(server->endpoints().front());
  client.send(get("/metrics"));
  const std::string answer = client.read_to("\r\n0\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(answer, HasSubstr("own 1\n"));
  client.send(get("/metrics", "Accept-Encoding: gzip\r\n"));
  const std::string compressed = client.read_to("\r\n0\r\n\r\n");
  EXPECT_THAT(compressed, HasSubstr("Content-Encoding: gzip\r\n"));
  EXPECT_LT(compressed.size(), answer.size() / 5);
}

TEST(WebServer, AnOldClientGetsNoChunks) {
  const auto server = start(test::well(test::large_board(1000)));
  Client client(server->endpoints().front());
  client.send("GET /metrics HTTP/1.0\r\n\r\n");
  const std::string answer = client.read_all();
  EXPECT_THAT(answer, Not(HasSubstr("chunked")));
  EXPECT_THAT(answer, testing::EndsWith("own 1\n"));
}

TEST(WebServer, WrongMethodsAndPathsAreTold) {
  const auto server = start();
  Client client(server->endpoints().front());
  client.send(get("/metrics", {}, "DELETE"));
  EXPECT_THAT(client.read_to("HEAD.\n"), HasSubstr("405 Method Not Allowed"));
  client.send(get("/-/reload"));
  EXPECT_THAT(client.read_to("POST.\n"), HasSubstr("Allow: POST\r\n"));
  client.send(get("/../../etc/passwd"));
  EXPECT_THAT(client.read_to("there is.\n"), StartsWith("HTTP/1.1 404"));
  client.send(get("/%2e%2e/%2e%2e/etc/passwd"));
  EXPECT_THAT(client.read_to("there is.\n"), StartsWith("HTTP/1.1 404"));
  client.send(get("/api/v1/checks/custom%2Fweb", "Connection: close\r\n"));
  EXPECT_THAT(client.read_all(), HasSubstr("\"check\":\"custom/web\""));
}

TEST(WebServer, AsksForTheBodyOfThoseWhoWaitToBeAsked) {
  const auto server = start();
  Client client(server->endpoints().front());
  client.send(get("/-/reload", "Expect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n",
                  "POST"));
  EXPECT_EQ(client.read_to("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("{}");
  EXPECT_THAT(client.read_all(), HasSubstr("was reloaded"));
}

TEST(WebServer, ReloadTellsWhatTheAppTells) {
  auto callbacks = test::well(test::small_board());
  std::vector<std::jthread> threads;
  callbacks.reload = [&](std::function<void(std::optional<std::string>)> done) {
    threads.emplace_back([done = std::move(done)] { done("reachd.yaml:1:1: bad"); });
  };
  const auto server = start(callbacks);
  Client client(server->endpoints().front());
  client.send(get("/-/reload", "Connection: close\r\n", "POST"));
  const std::string answer = client.read_all();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(answer, HasSubstr("reachd.yaml:1:1: bad"));
}

TEST(WebServer, APageOfAnotherSiteMayNotReload) {
  const auto server = start();
  Client client(server->endpoints().front());
  client.send(get("/-/reload", "Origin: https://evil.example.com\r\n", "POST"));
  EXPECT_THAT(client.read_to("configuration.\n"), StartsWith("HTTP/1.1 403"));
  client.send(get("/-/reload", "Origin: http://localhost\r\nConnection: close\r\n", "POST"));
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 200"));
}

TEST(WebServer, BeyondLoopbackOnlyScrapesAndHealthAreOpen) {
  Target any = local();
  any.host = "0.0.0.0";
  const auto server = start(test::well(test::small_board()), {}, any);
  Endpoint endpoint = server->endpoints().front();
  const auto beyond = test::own_address_beyond_loopback();
  if (!beyond) {
    GTEST_SKIP() << "this host has loopback only";
  }
  endpoint.address = *beyond;
  Client client(endpoint);
  client.send(get("/api/v1/checks"));
  EXPECT_THAT(client.read_to("open there.\n"), StartsWith("HTTP/1.1 403"));
  client.send(get("/-/reload", {}, "POST"));
  EXPECT_THAT(client.read_to("open there.\n"), StartsWith("HTTP/1.1 403"));
  client.send(get("/metrics"));
  EXPECT_THAT(client.read_to("own 1\n"), StartsWith("HTTP/1.1 200"));
}

TEST(WebServer, OverLoopbackEverythingIsOpenWhateverElseIsListenedOn) {
  Target any = local();
  any.host = "0.0.0.0";
  const auto server = start(test::well(test::small_board()), {}, any);
  Endpoint endpoint = server->endpoints().front();
  endpoint.address = IpAddress::parse("127.0.0.1").value();
  Client client(endpoint);
  client.send(get("/api/v1/checks"));
  EXPECT_THAT(client.read_to("\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  Client stranger(endpoint);
  stranger.send(
      "GET /api/v1/checks HTTP/1.1\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(stranger.read_all(), StartsWith("HTTP/1.1 421"));
}

TEST(WebServer, APortInUseIsNamed) {
  const auto server = start();
  const Endpoint taken = server->endpoints().front();
  const auto second = web::start_server({local(taken.port)}, test::well(test::small_board()));
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error(), StartsWith(taken.to_string() + ": "));
}

TEST(WebServer, ListensOnEveryAddressThatIsNamed) {
  Target six = local();
  six.host = "::1";
  auto server = web::start_server({local(), six}, test::well(test::small_board()));
  if (!server) {
    GTEST_SKIP() << "no IPv6 here: " << server.error();
  }
  for (const Endpoint& endpoint : (*server)->endpoints()) {
    Client client(endpoint);
    client.send(get("/-/ready"));
    EXPECT_THAT(client.read_to("ready.\n"), StartsWith("HTTP/1.1 200")) << endpoint.to_string();
  }
}

}  // namespace
}  // namespace reachd
