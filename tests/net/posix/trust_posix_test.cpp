#include "probes/net/trust.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>

#include "tests/support/process.hpp"
#include "tests/support/test_ca.hpp"

namespace reachd::net {
namespace {

using testing::HasSubstr;

/// Sets a variable of the environment for as long as it lives.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) {
      before_ = before;
    }
    test::set_environment(name, value);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() { test::set_environment(name_, before_); }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

/// A host whose authorities are where the test puts them.
class Trust : public testing::Test {
 protected:
  Trust() { std::filesystem::create_directory(folder_); }
  ~Trust() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  test::TempFile name_{""};
  std::string folder_ = name_.path() + ".d";
  Environment file_{"SSL_CERT_FILE", folder_ + "/absent.pem"};
  Environment folders_{"SSL_CERT_DIR", folder_ + "/absent:" + folder_};
  TrustStore store_;
  TlsOptions strict_;
};

TEST_F(Trust, AHostWithoutAuthoritiesCantJudgeStrictly) {
  const auto context = store_.context(strict_);
  ASSERT_FALSE(context);
  EXPECT_EQ(context.error().reason, Reason::local_error);
  EXPECT_THAT(context.error().message, HasSubstr("no certificate authorities"));
}

TEST_F(Trust, ObservingNeedsNoAuthorities) {
  EXPECT_FALSE(store_.context(strict_));
  TlsOptions observe;
  observe.verify = TlsOptions::Verify::observe;
  EXPECT_TRUE(store_.context(observe));
}

TEST_F(Trust, AFileOfItsOwnIsEnough) {
  const test::TestCa ca;
  const test::TempFile file(ca.certificate());
  strict_.ca_file = file.path();
  EXPECT_TRUE(store_.context(strict_));
}

TEST_F(Trust, TheSystemsFileIsEnough) {
  const test::TestCa ca;
  const test::TempFile file(ca.certificate());
  const Environment named("SSL_CERT_FILE", file.path());
  EXPECT_TRUE(store_.context(strict_));
}

TEST_F(Trust, AFolderHasToHoldHashedNames) {
  const test::TestCa ca;
  const test::TempFile file(ca.certificate());
  std::filesystem::copy(file.path(), folder_ + "/ca.pem");
  EXPECT_FALSE(store_.context(strict_));
  std::filesystem::copy(file.path(), folder_ + "/4a6481c9.0");
  EXPECT_FALSE(store_.context(strict_)) << "remembered until clear()";
  store_.clear();
  EXPECT_TRUE(store_.context(strict_));
}

}  // namespace
}  // namespace reachd::net
