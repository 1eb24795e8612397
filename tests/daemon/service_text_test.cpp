#include "daemon/platform/service_text.hpp"

#include <gtest/gtest.h>

namespace reachd::platform {
namespace {

TEST(ServiceText, NamesNeedNoQuotes) {
  EXPECT_TRUE(is_service_name("reachd"));
  EXPECT_TRUE(is_service_name("reachd-2.east_1"));
  EXPECT_TRUE(is_service_name(std::string(80, 'x')));
  EXPECT_FALSE(is_service_name(std::string(81, 'x')));
  EXPECT_FALSE(is_service_name(""));
  for (const char* bad : {"two words", "a/b", "a\\b", "a\"b", "n\xc3\xa4me", "..\\x"}) {
    EXPECT_FALSE(is_service_name(bad)) << bad;
  }
}

// The cases of "Parsing C command-line arguments", Microsoft Learn, the other way round.
TEST(ServiceText, AnArgumentComesOutAsItWentIn) {
  EXPECT_EQ(quote_argument("C:\\a b\\c.yaml"), R"("C:\a b\c.yaml")");
  EXPECT_EQ(quote_argument("C:\\folder\\"), R"("C:\folder\\")");
  EXPECT_EQ(quote_argument(R"(say "x")"), R"("say \"x\"")");
  EXPECT_EQ(quote_argument(R"(a\"b)"), R"("a\\\"b")");
  EXPECT_EQ(quote_argument(R"(a\\\b)"), R"("a\\\b")");
  EXPECT_EQ(quote_argument(""), R"("")");
}

TEST(ServiceText, TheExecutableIsQuoted) {
  EXPECT_EQ(
      service_command_line("C:\\Program Files\\reachd\\reachd.exe",
                           "C:\\ProgramData\\reachd\\reachd.yaml"),
      R"("C:\Program Files\reachd\reachd.exe" run --service --config "C:\ProgramData\reachd\reachd.yaml")");
}

// The one such identifier that everybody has seen, on the files of Windows itself.
TEST(ServiceText, TheIdentifierFollowsFromTheName) {
  EXPECT_EQ(service_sid("TrustedInstaller"),
            "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464");
  EXPECT_EQ(service_sid("trustedinstaller"), service_sid("TrustedInstaller"));
  EXPECT_NE(service_sid("reachd"), service_sid("reachd2"));
}

TEST(ServiceText, ErrorsSayWhatToDoAndTheCode) {
  EXPECT_EQ(explain_service_error(ServiceAction::start, "reachd", 5),
            "can't start the service reachd: access denied; run this as an administrator "
            "(Windows error 5)");
  EXPECT_EQ(explain_service_error(ServiceAction::look, "x", 1060),
            "can't look at the service x: it is not installed (Windows error 1060)");
  EXPECT_EQ(
      explain_service_error(ServiceAction::install, "reachd", 1073),
      "can't install the service reachd: it is installed already; uninstall it first, or change "
      "it with --update "
      "(Windows error 1073)");
  EXPECT_EQ(explain_service_error(ServiceAction::reload, "reachd", 4711),
            "can't reload the service reachd (Windows error 4711)");
}

TEST(ServiceText, AnEndIsToldByOurExitCode) {
  EXPECT_EQ(explain_service_end(0, 0), "");
  EXPECT_EQ(explain_service_end(1077, 0), "") << "it was never started";
  EXPECT_EQ(explain_service_end(1066, 2), "ended with exit code 2 (bad configuration or usage)");
  EXPECT_EQ(explain_service_end(1066, 9), "ended with exit code 9");
  EXPECT_EQ(explain_service_end(1067, 0), "ended with Windows error 1067");
}

}  // namespace
}  // namespace reachd::platform
