// Socket activation as sd_listen_fds(3) tells it, with descriptors of this process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include "daemon/platform/passed_sockets.hpp"

namespace reachd::platform {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A socket that this process has from here on.
class Descriptor {
 public:
  Descriptor(int family, int type) : number_(::socket(family, type, 0)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { ::close(number_); }

  Descriptor& listening() {
    EXPECT_EQ(::listen(number_, 5), 0);
    return *this;
  }
  int number() const { return number_; }

 private:
  int number_;
};

void tell(const std::string& pid, const std::string& count, const std::string& names = {}) {
  ::setenv("LISTEN_PID", pid.c_str(), 1);
  ::setenv("LISTEN_FDS", count.c_str(), 1);
  ::setenv("LISTEN_FDNAMES", names.c_str(), 1);
}

std::string own_pid() { return std::to_string(::getpid()); }

TEST(PassedSockets, AreTheListeningOnesThatThisProcessWasGiven) {
  Descriptor first(AF_INET, SOCK_STREAM);
  Descriptor second(AF_INET6, SOCK_STREAM);
  ASSERT_EQ(second.number(), first.number() + 1);
  first.listening();
  second.listening();
  tell(own_pid(), "2", "web:web6");
  const auto taken = take_passed_sockets(first.number());
  ASSERT_TRUE(taken) << taken.error();
  EXPECT_THAT(*taken, ElementsAre(first.number(), second.number()));
}

TEST(PassedSockets, AreTakenOnce) {
  Descriptor socket(AF_INET, SOCK_STREAM);
  socket.listening();
  tell(own_pid(), "1", "web");
  ASSERT_TRUE(take_passed_sockets(socket.number()));
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
    EXPECT_EQ(std::getenv(name), nullptr) << name;
  }
  EXPECT_THAT(take_passed_sockets(socket.number()).value(), IsEmpty());
}

TEST(PassedSockets, OfAnotherProcessAreNotTaken) {
  Descriptor socket(AF_INET, SOCK_STREAM);
  socket.listening();
  for (const char* pid : {"1", "", "nobody"}) {
    tell(pid, "1");
    EXPECT_THAT(take_passed_sockets(socket.number()).value(), IsEmpty()) << pid;
    EXPECT_EQ(std::getenv("LISTEN_FDS"), nullptr);
  }
}

TEST(PassedSockets, ThatDoNotListenForTcpAreRefusedByNumberAndName) {
  Descriptor silent(AF_INET, SOCK_STREAM);
  tell(own_pid(), "1", "web");
  EXPECT_THAT(take_passed_sockets(silent.number()).error(),
              HasSubstr("descriptor " + std::to_string(silent.number()) + " (web) was passed"));
  Descriptor datagrams(AF_INET, SOCK_DGRAM);
  tell(own_pid(), "1");
  EXPECT_THAT(take_passed_sockets(datagrams.number()).error(), HasSubstr("no listening TCP"));
  Descriptor local(AF_UNIX, SOCK_STREAM);
  tell(own_pid(), "1");
  EXPECT_THAT(take_passed_sockets(local.number()).error(), HasSubstr("no listening TCP"));
}

TEST(PassedSockets, AreAtLeastOpen) {
  Descriptor socket(AF_INET, SOCK_STREAM);
  socket.listening();
  tell(own_pid(), "1000", "only-one");
  EXPECT_THAT(take_passed_sockets(socket.number()).error(), HasSubstr("no listening TCP socket"));
}

TEST(PassedSockets, AreCountedByANumber) {
  for (const char* count : {"many", "-1", "1x", "2147483648", "5000"}) {
    tell(own_pid(), count);
    EXPECT_THAT(take_passed_sockets(3).error(), HasSubstr("LISTEN_FDS")) << count;
  }
}

}  // namespace
}  // namespace reachd::platform
