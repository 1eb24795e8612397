#include "probes/net/listeners.hpp"

#include <gtest/gtest.h>

namespace reachd::net {
namespace {

TEST(Listener, TellsItsOwnerAsFarAsItIsKnown) {
  Listener listener;
  EXPECT_EQ(listener.owner(), "");
  listener.processes = {"nginx", "nginx: worker"};
  EXPECT_EQ(listener.owner(), "nginx, nginx: worker");
  listener.user = "root";
  listener.unit = "nginx.service";
  EXPECT_EQ(listener.owner(), "nginx, nginx: worker (unit nginx.service, user root)");
  listener.processes.clear();
  EXPECT_EQ(listener.owner(), "unit nginx.service, user root");
}

TEST(Listener, IsHeldByAProcessOfThatName) {
  Listener listener;
  EXPECT_EQ(listener.held_by("nginx"), std::nullopt);
  listener.processes = {"W3wp.exe"};
  EXPECT_EQ(listener.held_by("w3wp.exe"), true);
  EXPECT_EQ(listener.held_by("w3wp"), true);
  EXPECT_EQ(listener.held_by("w3"), false);
  listener.processes = {"nginx"};
  EXPECT_EQ(listener.held_by("nginx.exe"), false);
}

TEST(Listener, WhatTheSystemTakesForOthersMayBeAnybodys) {
  Listener listener;
  listener.processes = {"System"};
  listener.for_others = true;
  EXPECT_EQ(listener.held_by("system"), true);
  EXPECT_EQ(listener.held_by("w3wp.exe"), std::nullopt);
}

}  // namespace
}  // namespace reachd::net
