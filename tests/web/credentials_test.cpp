#include "daemon/web/credentials.hpp"

#include <gtest/gtest.h>

#include "daemon/web/password.hpp"

namespace reachd::web {
namespace {

TEST(Credentials, AreThoseOfTheRfc) {
  const auto read = parse_credentials("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");  // RFC 7617, 2
  ASSERT_TRUE(read);
  EXPECT_EQ(read->user, "Aladdin");
  EXPECT_EQ(read->password.reveal(), "open sesame");
}

TEST(Credentials, MayBeEmptyAndHoldColons) {
  EXPECT_EQ(parse_credentials("basic Og==")->user, "");
  EXPECT_EQ(parse_credentials("BASIC   YTpiOmM=")->password.reveal(), "b:c");
}

TEST(Credentials, RefuseWhatIsNone) {
  for (const char* header :
       {"", "Basic", "Basic ", "Bearer YTpi", "Basic YTpi=", "Basic YTpiOmM", "Basic YT i",
        "Basic ====", "Basic YWI=", "Basic YT=i", "BasicYTpi", "Basic \xff\xff\xff\xff"}) {
    EXPECT_FALSE(parse_credentials(header)) << header;
  }
}

TEST(Password, MatchesItsHashInEveryDialect) {
  EXPECT_TRUE(matches(Secret("fakepassword"),
                      Secret("$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi")));
  EXPECT_TRUE(matches(Secret("U*U"),
                      Secret("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")));
  EXPECT_TRUE(matches(Secret("U*U"),
                      Secret("$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")));
}

TEST(Password, DoesNotMatchAnotherOne) {
  const Secret hash("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW");
  for (const std::string& password :
       {std::string("U*u"), std::string(), std::string("U*U "), std::string("U*U\0x", 5),
        std::string("U*U\0", 4), std::string(100'000, 'x')}) {
    EXPECT_FALSE(matches(Secret(password), hash));
  }
}

TEST(Password, DoesNotMatchWhatIsNoHash) {
  for (const char* hash : {"", "x", "*0", "$2b$05$", "$2b$05$CCCCCCCCCCCCCCCCCCCCC."}) {
    EXPECT_FALSE(matches(Secret("x"), Secret(hash))) << hash;
  }
}

}  // namespace
}  // namespace reachd::web
