#include "daemon/alert/sinks/file.hpp"

#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>

#include "tests/daemon/file_sink_fixture.hpp"

namespace reachd::alert {
namespace {

using namespace std::chrono_literals;
using test::down_event;
using test::FileSinkTest;
using test::line;
using test::params;
using test::read_file;
using test::text;
using test::up_event;
using testing::HasSubstr;

TEST_F(FileSinkTest, AppendsALineForEachEvent) {
  EXPECT_EQ(deliver({down_event(1), up_event(2)}), "delivered delivered");
  EXPECT_EQ(deliver({down_event(3)}), "delivered");
  EXPECT_EQ(read_file(path), line(down_event(1)) + line(up_event(2)) + line(down_event(3)));
}

TEST_F(FileSinkTest, FollowsARotationByRename) {
  deliver({down_event(1)});
  std::filesystem::rename(path, folder / "events.jsonl.1");
  deliver({down_event(2)});
  EXPECT_EQ(read_file(folder / "events.jsonl.1"), line(down_event(1)));
  EXPECT_EQ(read_file(path), line(down_event(2)));
  // And where the new file was made already, as logrotate's `create` does.
  std::filesystem::rename(path, folder / "events.jsonl.2");
  test::write_file(path, "");
  deliver({down_event(3)});
  EXPECT_EQ(read_file(path), line(down_event(3)));
}

TEST_F(FileSinkTest, GoesOnAfterItWasCutShort) {
  deliver({down_event(1)});
  std::filesystem::resize_file(path, 0);
  deliver({down_event(2)});
  EXPECT_EQ(read_file(path), line(down_event(2))) << "copytruncate leaves no hole";
}

TEST_F(FileSinkTest, EndsALineThatACrashTore) {
  test::write_file(path, "{\"id\":\"01KA");
  deliver({down_event()});
  EXPECT_EQ(read_file(path), "{\"id\":\"01KA\n" + line(down_event()));
}

TEST_F(FileSinkTest, AMissingFolderIsTriedAgain) {
  const auto late = folder / "later";
  sink = make(late / "events.jsonl");
  EXPECT_EQ(deliver({down_event()}), "retry");
  EXPECT_THAT(why, HasSubstr("can't open"));
  std::filesystem::create_directory(late);
  EXPECT_EQ(deliver({down_event()}), "delivered") << why;
  EXPECT_EQ(read_file(late / "events.jsonl"), line(down_event()));
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

TEST_F(FileSinkTest, ADiskThatHangsHoldsNobodyElse) {
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

TEST_F(FileSinkTest, NeedsAPath) {
  EXPECT_THAT(test::DeliveryLab::problems(file_sink(), params({})), HasSubstr("path"));
  EXPECT_THAT(
      test::DeliveryLab::problems(file_sink(), params({{"path", text("a")}, {"x", text("")}})),
      HasSubstr("x"));
}

}  // namespace
}  // namespace reachd::alert
