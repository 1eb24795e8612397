#include "daemon/alert/sinks/file.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>

#include "tests/daemon/delivery_lab.hpp"

namespace reachd::alert {
namespace {

using namespace std::chrono_literals;
using test::down_event;
using test::params;
using test::text;
using test::up_event;
using testing::HasSubstr;

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string line(const event::Event& event) { return json::event_text(event) + "\n"; }

class FileSink : public testing::Test {
 protected:
  FileSink() {
    std::string name = testing::TempDir() + "reachd-file-sink-XXXXXX";
    folder = ::mkdtemp(name.data());
    path = folder / "events.jsonl";
    sink = make(path);
  }
  ~FileSink() override { std::filesystem::remove_all(folder); }

  std::shared_ptr<Sink> make(const std::filesystem::path& to) {
    return lab.make(file_sink(), params({{"path", text(to.string())}}));
  }
  std::string deliver(const std::vector<event::Event>& events) {
    const auto receipts = lab.deliver(*sink, events);
    why = receipts.front().why;
    return test::hows(receipts);
  }

  test::DeliveryLab lab;
  std::filesystem::path folder;
  std::filesystem::path path;
  std::shared_ptr<Sink> sink;
  std::string why;
};

TEST_F(FileSink, AppendsALineForEachEvent) {
  EXPECT_EQ(deliver({down_event(1), up_event(2)}), "delivered delivered");
  EXPECT_EQ(deliver({down_event(3)}), "delivered");
  EXPECT_EQ(read(path), line(down_event(1)) + line(up_event(2)) + line(down_event(3)));
}

TEST_F(FileSink, OthersMayNotReadIt) {
  const mode_t before = ::umask(0);
  deliver({down_event()});
  ::umask(before);
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST_F(FileSink, FollowsARotationByRename) {
  deliver({down_event(1)});
  std::filesystem::rename(path, folder / "events.jsonl.1");
  deliver({down_event(2)});
  EXPECT_EQ(read(folder / "events.jsonl.1"), line(down_event(1)));
  EXPECT_EQ(read(path), line(down_event(2)));
  // And where the new file was made already, as logrotate's `create` does.
  std::filesystem::rename(path, folder / "events.jsonl.2");
  std::ofstream(path).close();
  deliver({down_event(3)});
  EXPECT_EQ(read(path), line(down_event(3)));
}

TEST_F(FileSink, GoesOnAfterItWasCutShort) {
  deliver({down_event(1)});
  std::filesystem::resize_file(path, 0);
  deliver({down_event(2)});
  EXPECT_EQ(read(path), line(down_event(2))) << "copytruncate leaves no hole";
}

TEST_F(FileSink, EndsALineThatACrashTore) {
  std::ofstream(path) << "{\"id\":\"01KA";
  deliver({down_event()});
  EXPECT_EQ(read(path), "{\"id\":\"01KA\n" + line(down_event()));
}

TEST_F(FileSink, AMissingFolderIsTriedAgain) {
  const auto late = folder / "later";
  sink = make(late / "events.jsonl");
  EXPECT_EQ(deliver({down_event()}), "retry");
  EXPECT_THAT(why, HasSubstr("can't open"));
  EXPECT_THAT(why, HasSubstr("No such file"));
  std::filesystem::create_directory(late);
  EXPECT_EQ(deliver({down_event()}), "delivered");
  EXPECT_EQ(read(late / "events.jsonl"), line(down_event()));
}

TEST_F(FileSink, AFullDiskIsTriedAgain) {
  sink = make("/dev/full");
  EXPECT_EQ(deliver({down_event(), up_event()}), "retry retry");
  EXPECT_THAT(why, HasSubstr("No space left"));
}

TEST_F(FileSink, HalfOfALineIsTakenBack) {
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
  EXPECT_EQ(read(path), line(down_event(1)));
  EXPECT_EQ(deliver({down_event(2)}), "delivered");
  EXPECT_EQ(read(path), line(down_event(1)) + line(down_event(2)));
  std::signal(SIGXFSZ, handler);
}

/// A disk that answers when it is told to.
class SlowFile final : public platform::AppendFile {
 public:
  struct Control {
    std::mutex mutex;
    std::condition_variable changed;
    bool open = false;
    std::string content;
  };
  explicit SlowFile(std::shared_ptr<Control> control) : control_(std::move(control)) {}

  std::expected<void, std::string> append(std::string_view text) override {
    std::unique_lock lock(control_->mutex);
    control_->changed.wait(lock, [&] { return control_->open; });
    control_->content += text;
    return {};
  }

 private:
  std::shared_ptr<Control> control_;
};

TEST_F(FileSink, ADiskThatHangsHoldsNobodyElse) {
  const auto control = std::make_shared<SlowFile::Control>();
  sink = make_file_sink(std::make_unique<SlowFile>(control));
  const auto receipts = lab.deliver(*sink, {down_event(1)}, 20ms);
  ASSERT_EQ(test::hows(receipts), "retry");
  EXPECT_EQ(receipts[0].why, "the disk does not answer");
  EXPECT_EQ(test::hows(lab.deliver(*sink, {down_event(1)}, 20ms)), "retry")
      << "no second write begins before the first has ended";
  {
    const std::scoped_lock lock(control->mutex);
    control->open = true;
  }
  control->changed.notify_all();
  EXPECT_EQ(deliver({down_event(1)}), "delivered");
  const std::scoped_lock lock(control->mutex);
  EXPECT_EQ(control->content, line(down_event(1)) + line(down_event(1)))
      << "at least once: nobody knew that the first would get through";
}

TEST_F(FileSink, NeedsAPath) {
  EXPECT_THAT(test::DeliveryLab::problems(file_sink(), params({})), HasSubstr("path"));
  EXPECT_THAT(
      test::DeliveryLab::problems(file_sink(), params({{"path", text("a")}, {"x", text("")}})),
      HasSubstr("x"));
}

}  // namespace
}  // namespace reachd::alert
