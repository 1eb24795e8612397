#include "daemon/web/discovery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "daemon/web/api.hpp"
#include "tests/daemon/web_fixture.hpp"

namespace reachd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Query = std::vector<std::pair<std::string, std::string>>;

std::string text_of(web::Response& response) {
  std::string text = response.text;
  bool more = response.body != nullptr;
  while (more) {
    more = response.body->next(text);
  }
  return text;
}

boost::json::array groups(const std::shared_ptr<const engine::Board>& board,
                          const Query& query = {}) {
  web::Response response = web::discovery(board, query);
  EXPECT_EQ(response.status, 200U);
  return boost::json::parse(text_of(response)).as_array();
}

std::vector<std::string> targets(const boost::json::array& groups) {
  std::vector<std::string> result;
  for (const auto& group : groups) {
    for (const auto& target : group.at("targets").as_array()) {
      result.emplace_back(target.as_string());
    }
  }
  return result;
}

TEST(Discovery, EachCheckIsATargetWithWhatIsKnownOfIt) {
  const boost::json::array found = groups(test::small_board());
  EXPECT_THAT(targets(found),
              ElementsAre("beacon.example.com:443", "web.example.com:80", "10.0.0.1"));
  const auto expected = boost::json::parse(R"({
    "__meta_reachd_vantage": "beacon-1",
    "__meta_reachd_check": "flexera.3.batch-server/beacon.example.com",
    "__meta_reachd_name": "Batch server",
    "__meta_reachd_product": "flexera-beacon",
    "__meta_reachd_requirement": "flexera.3.batch-server",
    "__meta_reachd_necessity": "required",
    "__meta_reachd_evidence": "vendor",
    "__meta_reachd_direction": "outbound",
    "__meta_reachd_probe": "tcp",
    "__meta_reachd_transport": "tcp",
    "__meta_reachd_host": "beacon.example.com",
    "__meta_reachd_port": "443",
    "__meta_reachd_purpose": "Uploads to the batch server",
    "__meta_reachd_label_site": "ams",
    "__meta_reachd_label_odd": "a \"quoted\" \\ value\nof two lines"
  })");
  EXPECT_EQ(found.at(0).at("labels"), expected) << boost::json::serialize(found.at(0));
}

TEST(Discovery, WhatIsNotKnownHasNoLabel) {
  const boost::json::array found = groups(test::small_board());
  const auto& web = found.at(1).at("labels").as_object();
  EXPECT_EQ(web.at("__meta_reachd_device").as_string(), "rack-a");
  EXPECT_EQ(web.at("__meta_reachd_device_type").as_string(), "thinksystem");
  EXPECT_FALSE(web.contains("__meta_reachd_requirement"));
  EXPECT_FALSE(found.at(2).at("labels").as_object().contains("__meta_reachd_port"));
}

TEST(Discovery, SelectorsChoose) {
  const auto board = test::small_board();
  EXPECT_THAT(targets(groups(board, {{"product", "flexera-*"}})),
              ElementsAre("beacon.example.com:443"));
  EXPECT_THAT(targets(groups(board, {{"probe", "http"}, {"probe", "icmp"}})),
              ElementsAre("web.example.com:80", "10.0.0.1"));
  EXPECT_THAT(groups(board, {{"label.site", "lon"}}), IsEmpty());
}

TEST(Discovery, AListIsNeitherPartialNorRestless) {
  for (const char* key : {"limit", "offset", "state", "colour"}) {
    web::Response response = web::discovery(test::small_board(), {{key, "1"}});
    EXPECT_EQ(response.status, 400U) << key;
    EXPECT_THAT(text_of(response), HasSubstr(key));
  }
}

TEST(Discovery, WhatListensHereIsNoTargetForOthers) {
  static constexpr ProbeType kListen{.name = "listen",
                                     .summary = "looks who listens",
                                     .transport = Transport::tcp,
                                     .default_port = 0,
                                     .needs_port = true,
                                     .make = nullptr};
  config::Plan plan = test::small_plan();
  plan.probes[1].type = &kListen;
  const auto board =
      std::make_shared<engine::Board>(std::make_shared<const config::Plan>(std::move(plan)));
  EXPECT_THAT(targets(groups(board)), ElementsAre("beacon.example.com:443", "10.0.0.1"));
}

TEST(Discovery, ALongListIsWholeJsonInPieces) {
  web::Response response = web::discovery(test::large_board(3000), {});
  std::string text;
  std::size_t pieces = 0;
  bool more = true;
  while (more) {
    std::string piece;
    more = response.body->next(piece);
    EXPECT_LT(piece.size(), 80U * 1024);
    text += piece;
    ++pieces;
  }
  EXPECT_GT(pieces, 10U);
  EXPECT_EQ(boost::json::parse(text).as_array().size(), 3000U);
}

TEST(Discovery, WithoutAPlanPrometheusKeepsWhatItHas) {
  web::Callbacks callbacks = test::well(nullptr);
  web::Api api(callbacks);
  // Any status but 200 leaves Prometheus with the list of before.
  EXPECT_EQ(api.answer(web::match("GET", "/sd/prometheus", true), {}).status, 503U);
  callbacks.board = [] { return test::small_board(); };
  web::Response response = api.answer(web::match("GET", "/sd/prometheus", true), {});
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.content_type, "application/json");
}

}  // namespace
}  // namespace reachd
