"""The totals: what is counted out of the logs, and what may be skipped."""

import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
from totals import not_run, totals, unlisted  # noqa: E402

CARGO = """
running 3 tests
test a ... ok
test b ... FAILED
test c ... FAILED
test d ... ignored, run by another test

failures:

---- b stdout ----
thread 'b' panicked at tests/cli.rs:1:1:
the sample data is missing: /x has no “models”

---- c stdout ----
thread 'c' panicked at tests/cli.rs:9:1:
assertion failed

failures:
    b
    c

test result: FAILED. 1 passed; 2 failed; 4 ignored; 0 measured; 0 filtered out; finished in 0.10s

running 10 tests
test result: ok. 10 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s
"""

# A test program that is killed by a signal prints no totals.
CRASHED = """
     Running tests/cli.rs (target/debug/deps/cli-0123)

running 2 tests
test a ... ok
error: test failed, to rerun pass `--test cli`

Caused by:
  process didn't exit successfully: `/x/target/debug/deps/cli-0123` (signal: 11, SIGSEGV: invalid memory reference)
"""


class TotalsOfLogs(unittest.TestCase):
    def test_cargo_tests_without_their_data_are_left_out(self):
        self.assertEqual(totals(CARGO), (11, 1, 4, 1, 0))

    def test_tests_that_this_computer_cannot_run_are_left_out(self):
        log = CARGO.replace("assertion failed", "this test can't run here: no disk can be mounted")
        self.assertEqual(totals(log), (11, 0, 4, 2, 0))

    def test_unittest(self):
        self.assertEqual(totals("Ran 12 tests in 0.5s\n\nOK\n"), (12, 0, 0, 0, 0))
        self.assertEqual(totals("Ran 12 tests in 0.5s\n\nFAILED (failures=1, errors=2, skipped=3)\n"), (6, 3, 3, 0, 0))

    def test_a_log_without_tests(self):
        self.assertEqual(totals("error: could not compile"), (0, 0, 0, 0, 0))

    def test_a_crashed_program_is_counted_though_it_prints_no_totals(self):
        self.assertEqual(totals(CARGO + CRASHED), (11, 1, 4, 1, 1))
        before_its_tests = CRASHED.replace("running 2 tests\ntest a ... ok\n", "")
        self.assertEqual(totals(before_its_tests), (0, 0, 0, 0, 1))
        aborted = CRASHED.replace("signal: 11, SIGSEGV: invalid memory reference", "exit status: 3")
        self.assertEqual(totals(aborted).crashed, 1)
        failed = CARGO + "\nCaused by:\n  process didn't exit successfully: `/x/cli-0123` (exit status: 101)\n"
        self.assertEqual(totals(failed).crashed, 0)


class Skips(unittest.TestCase):
    def test_what_did_not_run_is_named(self):
        self.assertEqual(not_run(CARGO), ["d", "b"])
        self.assertEqual(not_run("test_x (test_fetch.Fetch.test_x) ... skipped 'no network'\n"), ["test_x"])

    def test_only_what_has_a_reason_may_be_skipped(self):
        allowed = "# why\na: it is run by another test\ncheck camera*: no machine for it\n"
        self.assertEqual(unlisted(allowed, ["a", "check camera-vm"]), [])
        self.assertEqual(unlisted(allowed, ["a", "b", "check clippy"]), ["b", "check clippy"])
        with self.assertRaises(SystemExit):
            unlisted("a\n", [])

    def test_the_list_of_this_repository_has_a_reason_in_every_line(self):
        self.assertEqual(unlisted((ROOT / "tests/allowed-skips.txt").read_text(), ["not listed"]), ["not listed"])


if __name__ == "__main__":
    unittest.main()
