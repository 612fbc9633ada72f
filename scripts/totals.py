#!/usr/bin/env python3
"""Counts the tests of a log of `cargo test` or Python's unittest.

    scripts/totals.py LOG       prints: PASSED FAILED IGNORED LEFT_OUT

LEFT_OUT are tests that failed only because the sample data is missing (tests/common prints a fixed sentence).
"""

import re
import sys

MISSING_DATA = "the sample data is missing"


def totals(log):
    """(passed, failed, ignored, left out) of the log's text."""
    passed = failed = ignored = 0
    for match in re.finditer(r"^test result: \S+ (\d+) passed; (\d+) failed; (\d+) ignored", log, re.MULTILINE):
        passed, failed, ignored = (a + int(b) for a, b in zip((passed, failed, ignored), match.groups()))
    for match in re.finditer(r"^Ran (\d+) tests? in [^\n]*\n+(OK|FAILED)(?: \((.*)\))?$", log, re.MULTILINE):
        counts = dict(part.split("=") for part in (match[3] or "").split(", ") if "=" in part)
        bad = sum(int(counts.get(kind, 0)) for kind in ("failures", "errors", "unexpected successes"))
        skipped = int(counts.get("skipped", 0))
        passed, failed, ignored = passed + int(match[1]) - bad - skipped, failed + bad, ignored + skipped
    # The output of a failed test follows its name, until the next name or the list of failures.
    printed = re.findall(r"^---- [^\n]* stdout ----\n(.*?)(?=^---- |^failures:$)", log, re.MULTILINE | re.DOTALL)
    left_out = sum(MISSING_DATA in text for text in printed)
    return passed, failed - left_out, ignored, left_out


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8", errors="replace") as file:
        print(*totals(file.read()))
