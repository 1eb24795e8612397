"""co_await stands alone (house rule): a whole statement, or the whole right side of an initialisation or assignment of a
named variable, or directly after co_return; its operand holds names, literals, calls and std::move only.

Compilers differ in how well they cope with the rest: g++ 12 destroys temporaries of such expressions twice or loses the
frame, without a warning.
"""

import re

from source import files, finish, read, without_comments_and_strings

EXECUTOR = re.compile(r"co_await\s+(?:\w+::)*this_coro::\w+")
START = re.compile(
    r"""^(?:co_return\s+|(?:return\s+)?
        |(?:\(void\)\s*)
        |(?:[\w:<>,*&\s]+?[\s&*](?:\w+|\[[\w,\s]+\])\s*=\s*)  # a declaration with an initialiser
        |(?:[\w.\->\[\]]+\s*=\s*)                       # an assignment
        )co_await\s""",
    re.VERBOSE,
)


def statements(code):
    """(line, text) of the pieces between ; { } at parenthesis depth 0."""
    depth, start, line, start_line = 0, 0, 1, 1
    for index, character in enumerate(code):
        if character == "\n":
            line += 1
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        if character in ";{}" and depth <= 0:
            yield start_line, code[start:index]
            start, depth = index + 1, 0
            start_line = line
        elif not code[start:index].strip():
            start_line = line


def faults(code):
    for line, piece in statements(code):
        text = EXECUTOR.sub("executor", " ".join(piece.split()))
        if "co_await" not in text:
            continue
        text = re.sub(r"^(?:case [^:]+:|default:|else|do)\s+", "", text)
        operand = text.split("co_await", 1)[1]
        if text.count("co_await") > 1:
            yield line, "two co_await in one statement"
        elif re.match(r"^(?:if|while|switch|for)\b", text):
            yield line, "co_await in a condition"
        elif text.startswith(".") or ", " in re.sub(r"\[[^\]]*\]|\([^()]*(?:\([^()]*\)[^()]*)*\)|<[^<>]*>", "", text):
            yield line, "co_await stands inside a braced initialiser"
        elif not START.match(text):
            yield line, "co_await is part of a larger expression"
        elif re.search(r"\?|&&|\|\||\{|\[[^\]]*\]\s*[({]", operand):
            yield line, "the operand of co_await holds a condition, braces or a lambda"


def main():
    findings = []
    for path in files("probes/*.[ch]pp", "config/*.[ch]pp", "daemon/*.[ch]pp", "tests/*.[ch]pp"):
        code = without_comments_and_strings(read(path))
        # Preprocessor lines end no statement.
        code = re.sub(r"^[ \t]*#[^\n]*", "", code, flags=re.MULTILINE)
        findings += [f"{path}:{line}: {what}" for line, what in faults(code)]
    finish("coroutines", findings)


if __name__ == "__main__":
    main()
