#!/usr/bin/env python3
"""Counts the tests of a log of `cargo test` or Python's unittest, and compares what didn't run with a list of reasons.

    scripts/totals.py LOG                   prints: PASSED FAILED IGNORED LEFT_OUT CRASHED
    scripts/totals.py --not-run LOG         prints the names of tests that were ignored or left out, one a line
    scripts/totals.py --unlisted LIST NAMES prints the lines of the file NAMES that LIST doesn't give a reason for; exit code 1
                                            if there are any

LEFT_OUT are tests that failed only because the sample data is missing, or because this computer can't run them (they print one
of two fixed sentences). CRASHED are test programs that ended without their totals: none of their tests is counted.
"""

import re
import sys
from typing import NamedTuple

# tests/common and tests/downloads.rs print these.
MISSING_DATA = "the sample data is missing"
CANNOT_RUN = "this test can't run here"


class Totals(NamedTuple):
    passed: int
    failed: int
    ignored: int
    left_out: int
    crashed: int


def left_out(log):
    """The names of the tests that were left out."""
    # The output of a failed test follows its name, until the next name or the list of failures.
    printed = re.findall(r"^---- ([^\n]*) stdout ----\n(.*?)(?=^---- |^failures:$|\Z)", log, re.MULTILINE | re.DOTALL)
    return [name for name, text in printed if MISSING_DATA in text or CANNOT_RUN in text]


def totals(log):
    """The totals of the log's text."""
    passed = failed = ignored = 0
    for match in re.finditer(r"^test result: \S+ (\d+) passed; (\d+) failed; (\d+) ignored", log, re.MULTILINE):
        passed, failed, ignored = (a + int(b) for a, b in zip((passed, failed, ignored), match.groups()))
    for match in re.finditer(r"^Ran (\d+) tests? in [^\n]*\n+(OK|FAILED)(?: \((.*)\))?$", log, re.MULTILINE):
        counts = dict(part.split("=") for part in (match[3] or "").split(", ") if "=" in part)
        bad = sum(int(counts.get(kind, 0)) for kind in ("failures", "errors", "unexpected successes"))
        skipped = int(counts.get("skipped", 0))
        passed, failed, ignored = passed + int(match[1]) - bad - skipped, failed + bad, ignored + skipped
    begun = len(re.findall(r"^running \d+ tests?$", log, re.MULTILINE))
    ended = len(re.findall(r"^test result: ", log, re.MULTILINE))
    # A program that crashes before its first test begins none; 101 is the code of a failed test.
    killed = re.findall(r"process didn't exit successfully: [^\n]*\((?!exit status: 101\))[^\n]*\)$", log, re.MULTILINE)
    out = len(left_out(log))
    return Totals(passed, failed - out, ignored, out, max(begun - ended, len(killed)))


def not_run(log):
    """The names of the tests that were ignored or left out."""
    ignored = re.findall(r"^test (\S+)(?: - [^\n]*)? \.\.\. ignored", log, re.MULTILINE)
    skipped = re.findall(r"^(test_\w+) \([^\n]* \.\.\. skipped", log, re.MULTILINE)
    return [*ignored, *skipped, *left_out(log)]


def unlisted(list_text, names):
    """The names that the list gives no reason for. A line of it is `NAME: REASON`; `NAME*` stands for all that begin so."""
    lines = [line for line in list_text.splitlines() if line.strip() and not line.startswith("#")]
    known = []
    for line in lines:
        name, _, reason = line.partition(": ")
        if not reason.strip():
            raise SystemExit(f"error: no reason in: {line}")
        known.append(name.strip())
    listed = lambda name: any(name == k or (k.endswith("*") and name.startswith(k[:-1])) for k in known)
    return [name for name in names if not listed(name)]


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--not-run", path]:
            print(*not_run(read(path)), sep="\n")
        case ["--unlisted", list_path, names_path]:
            missing = unlisted(read(list_path), [name for name in read(names_path).splitlines() if name])
            print(*missing, sep="\n")
            sys.exit(1 if missing else 0)
        case [path]:
            print(*totals(read(path)))
        case _:
            sys.exit(__doc__)
