"""What the lints share: the files of the tree and C++ without comments and strings."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def files(*patterns):
    """Tracked and new files that match, relative to the root, in order."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")
    return [pathlib.Path(name) for name in sorted(set(names)) if name and (ROOT / name).is_file()]


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def without_comments_and_strings(text):
    """The code with comments and the insides of literals blanked; every line stays where it is."""

    def blank(match):
        token = match.group(0)
        if token.startswith(("/*", "//")):
            return re.sub(r"[^\n]", " ", token)
        quote = token[0] if token[0] in "\"'" else '"'
        return quote + re.sub(r"[^\n]", " ", token[1:-1]) + quote

    pattern = r'//[^\n]*|/\*.*?\*/|R"\((?:.|\n)*?\)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-zA-Z])\'(?:\\.|[^\'\\\n])+\''
    return re.sub(pattern, blank, text, flags=re.DOTALL)


def finish(what, findings):
    """Prints the findings and ends the process as a test does."""
    for finding in findings:
        print(finding)
    print(f"{what}: {len(findings)} findings")
    sys.exit(1 if findings else 0)
