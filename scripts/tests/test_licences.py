"""The licence check: what it lets through and what not."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from licences import allows, problems  # noqa: E402

ALLOWED = {"MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"}
INDEX = "https://github.com/rust-lang/crates.io-index"
RULES = {
    "licenses": {"allow": list(ALLOWED), "exceptions": [{"name": "odd", "allow": ["MPL-2.0"]}]},
    "bans": {"deny": [{"name": "mozjpeg", "reason": "it panics"}], "wildcards": "deny"},
    "sources": {"allow-registry": [INDEX]},
}


def package(name="plain", licence="MIT", source=f"registry+{INDEX}", dependencies=()):
    return {
        "name": name,
        "version": "1.0.0",
        "license": licence,
        "source": source,
        "dependencies": [{"name": n, "req": r} for n, r in dependencies],
    }


class Expressions(unittest.TestCase):
    def test_one_side_of_or_is_enough(self):
        for text in ("MIT", "MIT OR GPL-3.0", "GPL-3.0/MIT", "(GPL-3.0 OR MIT) AND Unicode-3.0"):
            self.assertTrue(allows(text, ALLOWED), text)

    def test_both_sides_of_and_are_needed(self):
        for text in ("GPL-3.0", "MIT AND GPL-3.0", "MIT AND (GPL-3.0 OR AGPL-3.0)", "GPL-2.0 WITH LLVM-exception"):
            self.assertFalse(allows(text, ALLOWED), text)

    def test_an_exception_is_part_of_its_licence(self):
        self.assertTrue(allows("Apache-2.0 WITH LLVM-exception OR GPL-3.0", ALLOWED))

    def test_nonsense_is_named(self):
        for text in ("", "(MIT", "MIT MIT", "MIT OR", "MIT WITH"):
            with self.assertRaises(ValueError, msg=text):
                allows(text, ALLOWED)


class Packages(unittest.TestCase):
    def test_what_is_allowed_passes(self):
        ours = package("sightline", "MIT OR Apache-2.0", None, [("plain", "^1")])
        self.assertEqual(problems([ours, package(), package("odd", "MPL-2.0")], RULES), [])

    def test_each_fault_is_reported(self):
        faults = {
            "which deny.toml doesn't allow": package(licence="AGPL-3.0"),
            "names no licence": package(licence=None),
            "which isn't allowed": package(source="git+https://example.org/x"),
            "banned: it panics": package("mozjpeg"),
            "any version of plain": package("sightline", source=None, dependencies=[("plain", "*")]),
        }
        for words, wrong in faults.items():
            found = problems([wrong], RULES)
            self.assertEqual(len(found), 1, found)
            self.assertIn(words, found[0])


if __name__ == "__main__":
    unittest.main()
