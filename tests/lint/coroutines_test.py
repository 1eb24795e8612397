"""The scanner itself: what it must flag and what it must let pass."""

import unittest

from coroutines import faults
from source import without_comments_and_strings

BAD = (
    "if (co_await f()) { g(); }",
    "while (!co_await f()) { }",
    "auto r = c ? co_await f() : g();",
    "co_return c ? co_await f() : T();",
    "auto r = co_await f(Opts{.name = n});",
    "co_await run([s] { return s; });",
    "auto r = co_await f({a, 3});",
    "auto r = co_await f(co_await g());",
    "auto ok = co_await f() && co_await g();",
    "h(co_await f());",
    "Opts o{.name = co_await f()};",
    "std::string r = (co_await f()).x;",
)
GOOD = (
    "co_await f();",
    "const auto r = co_await f(x, std::move(y));",
    "auto [ec, n] = co_await op(as_tuple);",
    "result = co_await f();",
    "co_return co_await f();",
    "auto ex = co_await asio::this_coro::executor;",
    "asio::steady_timer timer(co_await asio::this_coro::executor);",
    "// if (co_await f())\nco_await f();",
    'log("co_await { in a text");',
    "const bool ok = co_await f(); if (ok) { }",
)


class Scanner(unittest.TestCase):
    def test_flags_every_bad_case(self):
        for code in BAD:
            self.assertTrue(list(faults(without_comments_and_strings(code))), code)

    def test_lets_every_good_case_pass(self):
        for code in GOOD:
            self.assertEqual(list(faults(without_comments_and_strings(code))), [], code)


if __name__ == "__main__":
    unittest.main()
