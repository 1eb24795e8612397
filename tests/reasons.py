#!/usr/bin/env python3
"""Prints the table reason x platform (reasons.txt) and holds it to the code: every reason of the closed list has a row
for each platform, every named test exists, and what is said to be shown on Windows is not left out under wine."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PLATFORMS = ("linux", "windows")
KINDS = ("real", "injected", "impossible")


def fail(problem):
    sys.exit(f"reasons: {problem}")


def rows():
    for line in (ROOT / "tests/reasons.txt").read_text().splitlines():
        if not line.startswith("#"):
            reason, platforms, how, what = (cell.strip() for cell in line.split("|"))
            yield reason, platforms.split(), how, what


def declared_reasons():
    text = (ROOT / "probes/core/reason.hpp").read_text()
    body = text[text.index("enum class Reason") :]
    return re.findall(r"^  (\w+),$", body[: body.index("};")], re.M)


def defined_tests():
    """{name: folders it is defined in}, for unit tests and e2e files."""
    tests = {}
    for file in (ROOT / "tests").rglob("*_test.cpp"):
        for suite, name in re.findall(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", file.read_text(), re.M):
            tests.setdefault(f"{suite}.{name}", set()).update(file.relative_to(ROOT).parts)
    for file in (ROOT / "tests/e2e").glob("*_test.py"):
        tests[f"e2e.{file.stem}"] = {"posix"}
    return tests


def main():
    table = {reason: {platform: [] for platform in PLATFORMS} for reason in declared_reasons()}
    tests = defined_tests()
    skips = [line.split("\t")[0] for line in (ROOT / "tests/wine_skips.txt").read_text().splitlines()]
    for reason, platforms, how, what in rows():
        if reason not in table or how not in KINDS or not set(platforms) <= set(PLATFORMS):
            fail(f"a row of reasons.txt that means nothing: {reason} {platforms} {how}")
        if how != "impossible" and what not in tests:
            fail(f"{reason}: there is no test {what}")
        for platform in platforms:
            folders = tests.get(what, set())
            elsewhere = {"linux": {"windows"}, "windows": {"posix", "linux"}}[platform]
            if folders & elsewhere and not folders & ({"windows", "posix", "linux"} - elsewhere):
                fail(f"{reason}: {what} does not run on {platform}")
            if platform == "windows" and what in skips:
                fail(f"{reason}: {what} is left out under wine")
            table[reason][platform].append(f"{how}: {what}")
    width = max(len(cell) for cells in table.values() for cell in cells["linux"])
    print(f"{'reason':18} {'linux':{width}} windows")
    for reason, cells in table.items():
        for platform in PLATFORMS:
            if not cells[platform]:
                fail(f"{reason} has no row for {platform}")
        for index in range(max(len(cells[platform]) for platform in PLATFORMS)):
            linux, windows = ((cells[platform][index : index + 1] or [""])[0] for platform in PLATFORMS)
            print(f"{reason if index == 0 else '':18} {linux:{width}} {windows}".rstrip())


main()
