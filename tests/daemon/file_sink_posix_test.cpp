#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

#include "tests/daemon/file_sink_fixture.hpp"

namespace reachd::alert {
namespace {

using test::down_event;
using test::line;
using test::read_file;
using test::up_event;
using testing::HasSubstr;

class FileSinkPosix : public test::FileSinkTest {};

TEST_F(FileSinkPosix, OthersMayNotReadIt) {
  const mode_t before = ::umask(0);
  deliver({down_event()});
  ::umask(before);
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST_F(FileSinkPosix, AFullDiskIsTriedAgain) {
  sink = make("/dev/full");
  EXPECT_EQ(deliver({down_event(), up_event()}), "retry retry");
  EXPECT_THAT(why, HasSubstr("No space left"));
}

TEST_F(FileSinkPosix, HalfOfALineIsTakenBack) {
  deliver({down_event(1)});
  struct rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  struct rlimit tight = before;
  tight.rlim_cur = std::filesystem::file_size(path) + 10;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  const std::string how = deliver({down_event(2)});
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(how, "retry");
  EXPECT_EQ(read_file(path), line(down_event(1)));
  EXPECT_EQ(deliver({down_event(2)}), "delivered");
  EXPECT_EQ(read_file(path), line(down_event(1)) + line(down_event(2)));
  std::signal(SIGXFSZ, handler);
}

TEST_F(FileSinkPosix, AMissingFolderIsSaidInTheSystemsWords) {
  sink = make(folder / "later" / "events.jsonl");
  EXPECT_EQ(deliver({down_event()}), "retry");
  EXPECT_THAT(why, HasSubstr("No such file"));
}

}  // namespace
}  // namespace reachd::alert
