#include "probes/net/linux/socket_owner.hpp"

#include <gtest/gtest.h>

namespace reachd::net {
namespace {

TEST(SocketOwner, TheInnermostUnitOwnsTheSocket) {
  EXPECT_EQ(unit_of("/sys/fs/cgroup/system.slice/nginx.service"), "nginx.service");
  EXPECT_EQ(unit_of("/sys/fs/cgroup/system.slice/docker-1.scope/inner"), "docker-1.scope");
  EXPECT_EQ(unit_of("/sys/fs/cgroup/user.slice/user-1.slice/user@1.service/app.slice/a.service"),
            "a.service");
  EXPECT_EQ(unit_of("/sys/fs/cgroup/user.slice"), "");
  EXPECT_EQ(unit_of(""), "");
}

TEST(SocketOwner, AnAccountWithoutANameIsANumber) {
  EXPECT_EQ(user_name(0), "root");
  EXPECT_EQ(user_name(4123456789u), "uid 4123456789");
}

TEST(SocketOwner, ASocketThatNobodyHoldsHasNoProcess) { EXPECT_TRUE(processes_of(0, "").empty()); }

}  // namespace
}  // namespace reachd::net
