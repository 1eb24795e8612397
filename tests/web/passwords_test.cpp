// Who is let in by a password, what is said to others, and that guessing costs nobody else.

#include <gmock/gmock.h>

#include <array>

#include "probes/net/http.hpp"
#include "tests/web/web_lab.hpp"

namespace reachd {
namespace {

using test::Client;
using test::kRight;
using test::kUsers;
using test::kWrong;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class WebPasswords : public test::WebLab {
 protected:
  /// A hash that takes a while, of no password in particular.
  static std::string slow_user() {
    return "basic_auth_users: {anna: $2b$13$QOauhQNbBCuQDKes6eFzPexcky/.fTxXXRDg19aNXGBnT3EjOZCva}";
  }
  /// anna, and bob, whose hash takes a good part of a second.
  const std::string kTwoUsers =
      "basic_auth_users:\n  anna: " + std::string(test::kCheapHash) +
      "\n  bob: $2b$13$QOauhQNbBCuQDKes6eFzPexcky/.fTxXXRDg19aNXGBnT3EjOZCva\n";
  static std::string guess_of_bob(int number) {
    return "Authorization: Basic " + net::base64("bob:guess " + std::to_string(number)) + "\r\n";
  }
  static Endpoint at(const web::Server& server) {
    return {.address = IpAddress::v4(0x7f000001), .port = server.endpoints().front().port};
  }
};

TEST_F(WebPasswords, OpenEverythingToWhoKnowsOne) {
  const auto server = serve(kUsers);
  for (const char* path : {"/metrics", "/", "/api/v1/plan", "/sd/prometheus", "/-/healthy"}) {
    EXPECT_THAT(ask(*server, path, kRight), StartsWith("HTTP/1.1 200")) << path;
  }
  EXPECT_THAT(ask(*server, "/-/reload", kRight, "POST"), StartsWith("HTTP/1.1 200"));
}

TEST_F(WebPasswords, AreAskedForOnEveryPathAndAddress) {
  for (const char* host : {"0.0.0.0", "127.0.0.1"}) {
    const auto server = serve(kUsers, host);
    for (const char* path : {"/metrics", "/", "/api/v1/plan", "/-/healthy", "/nowhere"}) {
      for (const std::string& header :
           {std::string(), std::string(kWrong), std::string("Authorization: Bearer x\r\n"),
            std::string("Authorization: Basic !\r\n"),
            std::string("Authorization: Basic Ym9iOmZha2VwYXNzd29yZA==\r\n")}) {  // bob
        EXPECT_THAT(ask(*server, path, header),
                    AllOf(StartsWith("HTTP/1.1 401 Unauthorized\r\n"),
                          HasSubstr("\r\nWWW-Authenticate: Basic\r\n"), Not(HasSubstr("own 1"))))
            << path << header;
      }
    }
  }
}

TEST_F(WebPasswords, HealthMayBeExcluded) {
  const auto server = serve(kUsers, "0.0.0.0", {"/-/healthy"});
  EXPECT_THAT(ask(*server, "/-/healthy"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(ask(*server, "/-/ready"), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(ask(*server, "/-/healthy/"), StartsWith("HTTP/1.1 401"));
}

TEST_F(WebPasswords, DoNotLetAPageOfAnotherSiteReload) {
  const auto server = serve(kUsers);
  EXPECT_THAT(
      ask(*server, "/-/reload", std::string(kRight) + "Origin: https://evil.example\r\n", "POST"),
      StartsWith("HTTP/1.1 403"));
}

TEST_F(WebPasswords, ProveWhoAsksWhateverTheHostIsCalled) {
  const auto server = serve(kUsers, "127.0.0.1");
  Client client(at(*server));
  client.send("GET /metrics HTTP/1.1\r\nHost: beacon.example.com\r\nConnection: close\r\n" +
              std::string(kRight) + "\r\n");
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 200"));
}

TEST_F(WebPasswords, AreForgottenWhenTheUserGoes) {
  const auto server = serve(kUsers);
  Client client(at(*server));
  client.send(test::get("/-/healthy", kRight));
  EXPECT_THAT(client.read_to("healthy.\n"), StartsWith("HTTP/1.1 200"));
  write("web.yml", "basic_auth_users: {bob: " + std::string(test::kCheapHash) + "}\n");
  client.send(test::get("/-/healthy", kRight));
  EXPECT_THAT(client.read_to("Unauthorized\n"), StartsWith("HTTP/1.1 401"));
}

TEST_F(WebPasswords, StayInForceWhileTheFileIsBad) {
  const auto server = serve(kUsers);
  for (const char* bad : {"basic_auth_users: {anna: no hash}\n", "usres: {}\n", "[", ""}) {
    write("web.yml", bad);
    if (std::string_view(bad).empty()) {
      std::filesystem::remove(folder.path() / "web.yml");
    }
    EXPECT_THAT(ask(*server, "/metrics"), StartsWith("HTTP/1.1 401")) << bad;
    EXPECT_THAT(ask(*server, "/metrics", kRight), StartsWith("HTTP/1.1 200")) << bad;
  }
  write("web.yml", "{}\n");
  EXPECT_THAT(ask(*server, "/metrics"), StartsWith("HTTP/1.1 200"));
}

TEST_F(WebPasswords, AreNotCheckedOnTheThreadThatAnswers) {
  const auto server = serve(slow_user(), "0.0.0.0", {"/-/healthy"});
  Client guessing(at(*server));
  guessing.send(test::get("/metrics", kWrong));
  // The hash takes a good part of a second; this is answered before it, or the order is wrong.
  std::array<Client, 3> others;
  for (Client& other : others) {
    other.connect(at(*server));
    other.send(test::get("/-/healthy"));
    EXPECT_THAT(other.read_to("healthy.\n"), StartsWith("HTTP/1.1 200"));
  }
  EXPECT_FALSE(guessing.has_received());
  EXPECT_THAT(guessing.read_to("Unauthorized\n"), StartsWith("HTTP/1.1 401"));
}

TEST_F(WebPasswords, ThatManyAskWithAtOnceAreCheckedOnce) {
  limits.look = std::chrono::hours(1);
  const auto server = serve(kTwoUsers);
  Client guessing(at(*server));
  guessing.send(test::get("/metrics", guess_of_bob(0)));
  std::array<Client, 30> scraping;
  for (Client& client : scraping) {
    client.connect(at(*server));
    client.send(test::get("/-/healthy", kRight));
  }
  for (Client& client : scraping) {
    EXPECT_THAT(client.read_to("healthy.\n"), StartsWith("HTTP/1.1 200"));
  }
}

TEST_F(WebPasswords, GetTheirTurnAmongGuessesFromTheSameAddress) {
  std::string users = kTwoUsers;
  users.replace(users.find("$2b$13$"), 7, "$2b$08$");  // none of the guesses takes long
  const auto server = serve(users);
  std::array<Client, 8> guessing;
  for (std::size_t i = 0; i < guessing.size(); ++i) {
    guessing[i].connect(at(*server));
    guessing[i].send(test::get("/metrics", guess_of_bob(static_cast<int>(i))));
  }
  EXPECT_THAT(ask(*server, "/metrics", kRight), StartsWith("HTTP/1.1 200"));
}

TEST_F(WebPasswords, OnceRightAreNotQueuedBehindGuesses) {
  const auto server = serve(kTwoUsers);
  EXPECT_THAT(ask(*server, "/metrics", kRight), StartsWith("HTTP/1.1 200"));
  write("web.yml", kTwoUsers + "http_server_config: {headers: {X-Frame-Options: deny}}\n");
  std::array<Client, 4> guessing;
  for (std::size_t i = 0; i < guessing.size(); ++i) {
    guessing[i].connect(at(*server));
    guessing[i].send(test::get("/metrics", guess_of_bob(static_cast<int>(i))));
  }
  EXPECT_THAT(ask(*server, "/metrics", kRight), StartsWith("HTTP/1.1 200"));
  EXPECT_FALSE(guessing.back().has_received());
}

TEST_F(WebPasswords, AreNotWaitedForLongerThanTheLimit) {
  limits.password = std::chrono::milliseconds(20);
  const auto server = serve(slow_user());
  EXPECT_THAT(ask(*server, "/metrics", kWrong), StartsWith("HTTP/1.1 503"));
}

TEST_F(WebPasswords, TheServerStopsWhileOneIsChecked) {
  limits.drain = std::chrono::milliseconds(20);
  // Some seconds of bcrypt.
  auto server = serve(
      "basic_auth_users: {anna: $2b$16$QOauhQNbBCuQDKes6eFzPexcky/.fTxXXRDg19aNXGBnT3EjOZCva}");
  Client client(at(*server));
  client.send(test::get("/metrics", kWrong));
  EXPECT_THAT(ask(*server, "/metrics"), StartsWith("HTTP/1.1 401"));  // the check has begun
  const auto start = std::chrono::steady_clock::now();
  server.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  EXPECT_TRUE(client.closed());
}

TEST_F(WebPasswords, HeadersAreOnEveryAnswer) {
  const auto server = serve(kUsers +
                            "http_server_config:\n  headers:\n    Strict-Transport-Security: "
                            "max-age=1\n    X-Frame-Options: deny\n    Content-Security-Policy: "
                            "default-src 'none'\n    X-Content-Type-Options: nosniff\n");
  const std::string page = ask(*server, "/", kRight);
  for (const std::string& answer :
       {page, ask(*server, "/metrics", kRight), ask(*server, "/nowhere", kRight),
        ask(*server, "/metrics"), ask(*server, "/%zz")}) {
    EXPECT_THAT(answer, AllOf(HasSubstr("\r\nStrict-Transport-Security: max-age=1\r\n"),
                              HasSubstr("\r\nX-Frame-Options: deny\r\n"),
                              HasSubstr("\r\nContent-Security-Policy: default-src 'none'\r\n")));
    const auto first = answer.find("X-Content-Type-Options");
    EXPECT_EQ(answer.find("X-Content-Type-Options", first + 1), std::string::npos);
  }
  const auto first = page.find("Content-Security-Policy");
  EXPECT_EQ(page.find("Content-Security-Policy", first + 1), std::string::npos) << page;
}

TEST_F(WebPasswords, RequestsBeyondTheRateAreRefused) {
  const auto server = serve("rate_limit: {interval: 1h, burst: 2}\n");
  EXPECT_THAT(ask(*server, "/metrics"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(ask(*server, "/metrics"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(ask(*server, "/metrics"), StartsWith("HTTP/1.1 429 Too Many Requests\r\n"));
}

TEST_F(WebPasswords, WithoutUsersTheFileLeavesTheDoorsAsTheyAre) {
  const auto server = serve("{}\n");
  EXPECT_THAT(ask(*server, "/metrics"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(ask(*server, "/api/v1/plan"), StartsWith("HTTP/1.1 200")) << "from this host";
  const auto beyond = test::own_address_beyond_loopback();
  if (!beyond) {
    GTEST_SKIP() << "this host has loopback only";
  }
  Client other({.address = *beyond, .port = at(*server).port});
  other.send(test::get("/api/v1/plan", "Connection: close\r\n"));
  EXPECT_THAT(other.read_all(), StartsWith("HTTP/1.1 403"));
}

TEST_F(WebPasswords, ABadFileIsNoStart) {
  const web::Access access{.config_file = write("web.yml", "usres: {}\n"), .excluded_paths = {}};
  const auto server = web::start_server({test::local()}, callbacks, limits, {}, access);
  ASSERT_FALSE(server);
  EXPECT_THAT(server.error(), HasSubstr("web.yml:1:1: "));
}

}  // namespace
}  // namespace reachd
