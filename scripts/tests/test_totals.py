"""The totals: what is counted out of the logs."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from totals import totals  # noqa: E402

CARGO = """
running 3 tests
test a ... ok
test b ... FAILED
test c ... FAILED

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

test result: ok. 10 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s
"""


class Totals(unittest.TestCase):
    def test_cargo_tests_without_their_data_are_left_out(self):
        self.assertEqual(totals(CARGO), (11, 1, 4, 1))

    def test_unittest(self):
        self.assertEqual(totals("Ran 12 tests in 0.5s\n\nOK\n"), (12, 0, 0, 0))
        self.assertEqual(totals("Ran 12 tests in 0.5s\n\nFAILED (failures=1, errors=2, skipped=3)\n"), (6, 3, 3, 0))

    def test_a_log_without_tests(self):
        self.assertEqual(totals("error: could not compile"), (0, 0, 0, 0))


if __name__ == "__main__":
    unittest.main()
