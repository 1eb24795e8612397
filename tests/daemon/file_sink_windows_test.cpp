#include <gmock/gmock.h>
#include <windows.h>

#include "tests/daemon/file_sink_fixture.hpp"

namespace reachd::alert {
namespace {

using test::down_event;
using test::line;
using test::read_file;
using testing::HasSubstr;

class FileSinkWindows : public test::FileSinkTest {};

/// Opens the file as another program would; closed at the end.
class Opened {
 public:
  Opened(const std::filesystem::path& path, DWORD access, DWORD share)
      : handle_(::CreateFileW(path.c_str(), access, share, nullptr, OPEN_EXISTING,
                              FILE_ATTRIBUTE_NORMAL, nullptr)) {
    EXPECT_NE(handle_, INVALID_HANDLE_VALUE) << ::GetLastError();
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  ~Opened() { ::CloseHandle(handle_); }

 private:
  HANDLE handle_;
};

TEST_F(FileSinkWindows, AFileThatAnotherKeepsToItselfIsTriedAgain) {
  test::write_file(path, "");
  {
    const Opened other(path, GENERIC_READ, 0);
    EXPECT_EQ(deliver({down_event(1)}), "retry");
    EXPECT_THAT(why, HasSubstr("another program keeps it to itself (error 32)"));
  }
  EXPECT_EQ(deliver({down_event(1)}), "delivered");
  EXPECT_EQ(read_file(path), line(down_event(1)));
}

TEST_F(FileSinkWindows, OthersMayReadItMeanwhile) {
  deliver({down_event(1)});
  const Opened reader(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE);
  EXPECT_EQ(deliver({down_event(2)}), "delivered") << why;
  EXPECT_EQ(read_file(path), line(down_event(1)) + line(down_event(2)));
}

TEST_F(FileSinkWindows, ADeletedFileIsMadeAgain) {
  deliver({down_event(1)});
  std::filesystem::remove(path);
  EXPECT_EQ(deliver({down_event(2)}), "delivered") << why;
  EXPECT_EQ(read_file(path), line(down_event(2)));
}

TEST_F(FileSinkWindows, AMissingFolderIsSaidInOurWords) {
  sink = make(folder / "later" / "events.jsonl");
  EXPECT_EQ(deliver({down_event(1)}), "retry");
  EXPECT_THAT(why, HasSubstr("there is no such folder (error 3)"));
}

TEST_F(FileSinkWindows, AFolderIsNoFile) {
  sink = make(folder);
  EXPECT_EQ(deliver({down_event(1)}), "retry");
  EXPECT_THAT(why, HasSubstr("access is denied (error 5)"));
}

TEST_F(FileSinkWindows, ItsNameMayHaveAnyLetter) {
  path = folder / L"\u00e9v\u00e9nements \u4e8b\u4ef6.jsonl";
  sink = make(path);
  EXPECT_EQ(deliver({down_event(1)}), "delivered") << why;
  EXPECT_EQ(read_file(path), line(down_event(1)));
}

TEST_F(FileSinkWindows, ADeviceIsWrittenTo) {
  sink = make(R"(\\.\NUL)");
  EXPECT_EQ(deliver({down_event(1)}), "delivered") << why;
}

}  // namespace
}  // namespace reachd::alert
