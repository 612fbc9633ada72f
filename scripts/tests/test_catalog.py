"""The catalogue's check: what it lets through and what not; and the catalogue itself."""

import contextlib
import copy
import importlib.util
import io
import tempfile
import tomllib
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent
spec = importlib.util.spec_from_file_location("check_catalog", ROOT / "scripts" / "check-catalog.py")
check = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check)

LISTS = check.Lists(
    {"yolox": {"detect"}, "ultralytics": {"detect", "pose"}, "depth": {"depth"}},
    {"family", "task", "layout", "order", "range", "fit", "resample", "anchors", "labels"},
    {"coco80"},
)
ENTRY = {
    "id": "yolox-nano",
    "name": "YOLOX-Nano",
    "task": "detect",
    "family": "yolox",
    "file": "yolox_nano.onnx",
    "source": "https://example.org/page",
    "url": "https://example.org/yolox_nano.onnx",
    "sha256": "0123456789abcdef" * 4,
    "licence": "Apache-2.0",
    "permits": "commercial",
    "precision": "fp32",
    "note": "Small and quick.",
    "note-zh": "小而快。",
}
UNIT = {"scale": 0.5, "mean": [0, 0, 0], "std": [1, 1, 1]}
DROP = object()


def changed(**changes):
    """The plain entry with these changes; `note_zh` is `note-zh`, and DROP takes a field out."""
    model = copy.deepcopy(ENTRY)
    model.update({key.replace("_", "-"): value for key, value in changes.items()})
    return {key: value for key, value in model.items() if value is not DROP}


def another(**changes):
    """A second entry that shares nothing with the first."""
    own = {
        "id": "yolox-tiny",
        "file": "yolox_tiny.onnx",
        "url": "https://example.org/yolox_tiny.onnx",
        "sha256": "fedcba9876543210" * 4,
    }
    return changed(**{**own, **changes})


def wrong(*models, **catalogue):
    return check.problems({"version": 1, "model": list(models), **catalogue}, LISTS)


class Entries(unittest.TestCase):
    def assert_wrong(self, part, *models):
        found = wrong(*models)
        self.assertEqual(len(found), 1, (part, found))
        self.assertIn(part, found[0])

    def test_a_plain_entry_is_right(self):
        self.assertEqual(wrong(changed()), [])

    def test_every_optional_field_may_be_there(self):
        model = changed(
            name_zh="小模型",
            mirrors=["https://example.net/a.onnx"],
            bytes=12,
            input=[416, 320],
            accuracy={"metric": "AP", "value": 25.8, "source": "https://example.org/table"},
            labels="coco80",
            starter=True,
            classic={"order": 3, "year": 2021, "paper": "https://example.org/paper", "parameters": 0.9e6},
            read={
                "resample": "bicubic",
                "family": "yolox",
                "task": "detect",
                "layout": "nchw",
                "order": "bgr",
                "range": UNIT,
                "fit": {"kind": "letterbox", "pad": 114, "centred": False, "rounded": False},
                "anchors": [[1, 2.5]],
            },
        )
        self.assertEqual(wrong(model), [])

    def test_several_contents_of_one_address_are_known_by_all_their_hashes(self):
        both = ["0" * 64, "1" * 64]
        self.assertEqual(wrong(changed(sha256="unverified", known=both)), [])
        self.assert_wrong("several contents", changed(known=both))
        self.assert_wrong("several contents", changed(sha256="unverified", known=both[:1]))
        self.assert_wrong("64 small hex", changed(sha256="unverified", known=["A" * 64, "1" * 64]))

    def test_addresses_in_closed_storage_are_refused(self):
        for place in (
            "https://media.githubusercontent.com/media/onnx/models/main/validated/a.onnx",
            "https://github.com/onnx/models/raw/main/validated/a.onnx",
            "https://github.com/onnx/models/blob/main/validated/a.onnx",
            "https://raw.githubusercontent.com/onnx/models/main/validated/a.onnx",
        ):
            self.assert_wrong("closed storage", changed(url=place))
            self.assert_wrong("closed storage", changed(mirrors=[place]))
        for place in (
            "https://media.githubusercontent.com/media/opencv/opencv_zoo/main/a.onnx",
            "https://huggingface.co/onnxmodelzoo/legacy_models/resolve/main/validated/a.onnx",
        ):
            self.assertEqual(wrong(changed(url=place)), [])

    def test_a_starter_is_free_sized_and_hashed(self):
        self.assert_wrong("not free for any use", changed(starter=True, bytes=1, licence="GPL-3.0", permits="copyleft"))
        self.assert_wrong("without a hash or a size", changed(starter=True))
        self.assert_wrong("without a hash or a size", changed(starter=True, bytes=1, sha256="unverified"))
        self.assert_wrong("isn't true or false", changed(starter=1))

    def test_a_classic_has_a_place_a_year_and_a_paper(self):
        right = {"order": 1, "year": 2012, "paper": "https://example.org/a"}
        self.assertEqual(wrong(changed(classic=right)), [])
        self.assert_wrong("classic that isn't", changed(classic={"order": 1, "year": 2012}))
        self.assert_wrong("classic that isn't", changed(classic={**right, "pages": 3}))
        self.assert_wrong("order", changed(classic={**right, "order": 0}))
        self.assert_wrong("year", changed(classic={**right, "year": "2012"}))
        self.assert_wrong("paper isn't https", changed(classic={**right, "paper": "http://example.org/a"}))
        self.assert_wrong("parameters", changed(classic={**right, "parameters": 0}))
        self.assert_wrong("same place among the classics", changed(classic=right), another(classic=right))

    def test_every_required_field_must_be_there(self):
        for key in check.REQUIRED:
            self.assert_wrong(f"lacks {key}", changed(**{key: DROP}))

    def test_fields_have_their_types(self):
        for key, value in (
            ("name", 1),
            ("bytes", "12"),
            ("bytes", True),
            ("bytes", 1.5),
            ("mirrors", "https://example.org/a.onnx"),
            ("input", 416),
            ("accuracy", 25.8),
            ("read", "bgr"),
            ("group", ["a"]),
        ):
            self.assertTrue(any(f"has a {key} that isn't" in line for line in wrong(changed(**{key: value}))), key)

    def test_unknown_fields_are_told(self):
        self.assert_wrong("unknown field 'license'", changed(license="MIT"))
        self.assertIn("the catalogue has an unknown field 'models'", wrong(changed(), models=[]))

    def test_words_come_from_their_lists(self):
        for key, value in (("task", "detection"), ("precision", "bf16"), ("permits", "free")):
            self.assert_wrong(f"the {key} {value!r}", changed(**{key: value}))
        self.assert_wrong("src/model/spec.rs doesn't have", changed(family="YOLOX"))
        self.assert_wrong("assets/labels doesn't have", changed(labels="coco"))
        self.assert_wrong("which its family yolox doesn't do", changed(task="pose"))

    def test_names_are_plain(self):
        for value in ("YOLOX", "a b", "a/b", "a_b"):
            self.assert_wrong("only a-z", changed(id=value))
        for value in ("a.pt", "../a.onnx", "a/b.onnx", ".onnx", ".a.onnx", "a b.onnx", "-a.onnx", "a.onnx.part"):
            self.assert_wrong("isn't a plain name", changed(file=value))
        for value in ("", " YOLOX", "YOLOX\n", "YO\x1bLOX"):
            self.assert_wrong("empty, or has blanks", changed(name=value))

    def test_addresses_are_https(self):
        for value in (
            "http://example.org/a.onnx",
            "file:///a.onnx",
            "example.org/a.onnx",
            "https:///a.onnx",
            "https://example.org:99999/a.onnx",
            "https://user@example.org/a.onnx",
            "https://example.org:8443/a.onnx",
            "https://localhost/a.onnx",
            "https://example.org/a b.onnx",
            "https://example.org/ä.onnx",
        ):
            self.assert_wrong("has the address", changed(url=value))
            self.assert_wrong("has the address", changed(mirrors=[value]))
        self.assert_wrong("has the source", changed(source="http://example.org/page"))
        self.assert_wrong("doesn't end in .onnx", changed(url="https://example.org/a.bin"))
        self.assert_wrong("is no text", changed(mirrors=[1]))
        self.assert_wrong("address twice", changed(mirrors=[ENTRY["url"]]))
        self.assert_wrong("empty list of mirrors", changed(mirrors=[]))

    def test_a_member_goes_with_an_archive(self):
        wheel = "https://example.org/a-1.0-py3-none-any.whl"
        self.assertEqual(wrong(changed(url=wheel, member="a/b.onnx")), [])
        self.assert_wrong("names no member", changed(url=wheel))
        self.assert_wrong("is no archive", changed(member="a/b.onnx"))
        self.assert_wrong("is no archive", changed(url=wheel, member="a/b.onnx", mirrors=["https://example.org/b.onnx"]))
        for value in ("a/b.txt", "/a.onnx", "../a.onnx", "a//b.onnx", "a\\b.onnx"):
            self.assert_wrong("isn't a path", changed(url=wheel, member=value))

    def test_hashes_are_complete_or_marked_unknown(self):
        self.assertEqual(wrong(changed(sha256="unverified")), [])
        for value in ("unknown", "0" * 63, "0" * 65, "G" * 64, "A" * 64):
            self.assert_wrong("has a sha256", changed(sha256=value))

    def test_numbers_are_sensible(self):
        self.assert_wrong("0 bytes", changed(bytes=0))
        for value in ([416], [416, 416, 3], [0, 416], [416, 4.5], [True, 416], [416, 20000]):
            self.assert_wrong("a width and a height", changed(input=value))

    def test_a_figure_is_published_somewhere(self):
        right = {"metric": "AP", "value": 25, "source": "https://example.org/table"}
        self.assertEqual(wrong(changed(accuracy=right)), [])
        self.assert_wrong("a metric, a value and a source", changed(accuracy={"metric": "AP", "value": 25.8}))
        self.assert_wrong("a metric, a value and a source", changed(accuracy={**right, "metric": " "}))
        for value in (0, 101, "25.8", True, float("nan")):
            self.assert_wrong("a percentage", changed(accuracy={**right, "value": value}))
        self.assert_wrong("isn't https", changed(accuracy={**right, "source": "http://example.org"}))

    def test_notes_are_one_sentence_in_their_language(self):
        for value in ("Small and quick", "Short.", "x" * 121 + ".", "Two\nlines of it."):
            self.assertTrue(any("has a note" in line for line in wrong(changed(note=value))), value)
        for value in ("小而快", "Small and quick。", "小,快得很。", "小而快。\n"):
            self.assertTrue(any("has a note-zh" in line for line in wrong(changed(note_zh=value))), value)
        self.assert_wrong("without a Chinese character", changed(name_zh="Mosaic"))

    def test_what_a_file_cannot_tell(self):
        for read, part in (
            ({"colour": "bgr"}, "unknown field 'colour'"),
            ({"order": "BGR"}, "read.order"),
            ({"layout": "chw"}, "read.layout"),
            ({"task": "see"}, "read.task"),
            ({"family": "yolo"}, "read.family"),
            ({"range": 1}, "read.range"),
            ({"range": {"scale": 1, "mean": [0, 0, 0]}}, "read.range"),
            ({"range": {**UNIT, "mean": [0, 0]}}, "read.range"),
            ({"range": {**UNIT, "std": [1, 0, 1]}}, "divides by zero"),
            ({"range": {**UNIT, "max": 1}}, "read.range"),
            ({"fit": "stretch"}, "no kind"),
            ({"fit": {"kind": "crop"}}, "no kind"),
            ({"fit": {"kind": ["stretch"]}}, "no kind"),
            ({"fit": {"kind": "stretch", "pad": 0}}, "nothing else"),
            ({"fit": {"kind": "letterbox", "pad": 114}}, "needs pad, centred, rounded"),
            ({"fit": {"kind": "letterbox", "pad": 256, "centred": True, "rounded": True}}, "out of its range"),
            ({"fit": {"kind": "centre-crop", "resize": True}}, "needs resize"),
            ({"fit": {"kind": "centre-crop", "resize": 0}}, "out of its range"),
            ({"anchors": [[1, 0]]}, "read.anchors"),
            ({"anchors": []}, "read.anchors"),
            ({"labels": [1]}, "read.labels"),
        ):
            self.assert_wrong(part, changed(read=read))
        self.assert_wrong("its labels twice", changed(labels="coco80", read={"labels": ["cat"]}))


class Licences(unittest.TestCase):
    def test_what_they_permit(self):
        for licence, known in (
            ("MIT", "commercial"),
            ("BSD-3-Clause", "commercial"),
            ("AGPL-3.0", "copyleft"),
            ("GPL-3.0-only", "copyleft"),
            ("CC-BY-NC-4.0", "non-commercial"),
            ("CC-BY-NC-SA-4.0", "non-commercial"),
            ("LicenseRef-Studio", "non-commercial"),
            ("LicenseRef-unstated", "unstated"),
            ("GPL-3.0-only OR MIT", "commercial"),
            ("MIT AND CC-BY-NC-4.0", "non-commercial"),
            ("Apache 2.0", None),
            ("free", None),
        ):
            self.assertEqual(check.permits(licence), known, licence)

    def test_an_entry_says_no_more_than_its_licence(self):
        self.assertIn("says commercial, but AGPL-3.0 is copyleft", wrong(changed(licence="AGPL-3.0"))[0])
        self.assertIn("says unstated, but Apache-2.0 is commercial", wrong(changed(permits="unstated"))[0])
        self.assertIn("doesn't know", wrong(changed(licence="Apache 2"))[0])


class Catalogues(unittest.TestCase):
    def test_the_version_is_known(self):
        for value in (0, 2, "1", True, None):
            self.assertIn("the catalogue's version isn't 1", wrong(changed(), version=value))

    def test_there_are_entries(self):
        for value in (None, [], {}, [1]):
            self.assertIn("the catalogue has no entries", check.problems({"version": 1, "model": value}, LISTS))

    def test_nothing_is_there_twice(self):
        self.assertEqual(wrong(changed(), another()), [])
        for key in ("id", "file", "url", "sha256"):
            found = wrong(changed(), another(**{key: ENTRY[key]}))
            self.assertEqual(len(found), 1, found)
            self.assertIn(f"has the same {key}", found[0])
        self.assertIn("the same file", wrong(changed(), another(file="YOLOX_Nano.onnx"))[0])
        self.assertEqual(wrong(changed(sha256="unverified"), another(sha256="unverified")), [])

    def test_two_members_of_one_archive_are_two_files(self):
        wheel = "https://example.org/a.whl"
        self.assertEqual(wrong(changed(url=wheel, member="a.onnx"), another(url=wheel, member="b.onnx")), [])

    def test_a_group_is_one_model_in_several_precisions(self):
        one = changed(group="nano")
        two = another(group="nano", precision="int8")
        self.assertEqual(wrong(one, two), [])
        self.assertIn("alone in its group", wrong(one)[0])
        self.assertIn("a precision twice", wrong(one, {**two, "precision": "fp32"})[0])
        self.assertIn("differ in their name", wrong(one, {**two, "name": "YOLOX-Tiny"})[0])

    def test_tasks_and_permissive_licences_come_first(self):
        copyleft = {"family": "ultralytics", "licence": "AGPL-3.0", "permits": "copyleft"}
        self.assertEqual(wrong(changed(), another(**copyleft)), [])
        self.assertIn("yolox-tiny stands too late", wrong(changed(**copyleft), another())[0])
        depth = {"family": "depth", "task": "depth"}
        self.assertEqual(wrong(changed(**copyleft), another(**depth)), [])
        self.assertIn("yolox-tiny stands too late", wrong(changed(**depth), another())[0])


class Sources(unittest.TestCase):
    def test_a_file_without_a_family_has_none(self):
        self.assertIsNone(check.family("pub fn helper() {}"))

    def test_the_program_is_read(self):
        lists = check.Lists.of(ROOT)
        self.assertEqual(lists.families["yolox"], {"detect"})
        self.assertIn("obb", lists.families["ultralytics"])
        self.assertEqual(lists.families["rfdetr"], {"detect", "segment"})
        self.assertEqual(lists.families["movenet"], {"pose"})
        self.assertLessEqual({"family", "task", "order", "range", "fit"}, lists.fields)
        self.assertIn("coco80", lists.labels)

    def test_other_source_is_refused(self):
        with self.assertRaises(ValueError):
            check.family("pub(super) const FAMILY: Definition = Definition {\n    name: \"A\",\n};\n")


class Page(unittest.TestCase):
    def test_counts(self):
        text = check.table({"model": [changed(), another(sha256="unverified")]})
        self.assertIn("| detect | 2 | 0 | 0 | 0 | 2 | 1 |", text)
        self.assertIn("| all | 2 | 0 | 0 | 0 | 2 | 1 |", text)
        self.assertIn("| Apache-2.0 | commercial | 2 |", text)
        self.assertIn("| example.org/yolox_tiny.onnx | `yolox-tiny` |", text)

    def test_only_what_is_between_the_marks_changes(self):
        page = f"before\n{check.BEGIN}\nold\n{check.END}\nafter\n"
        self.assertEqual(check.with_table(page, "new"), f"before\n{check.BEGIN}\n\nnew\n\n{check.END}\nafter\n")
        for broken in ("no marks", f"{check.END}{check.BEGIN}", page + page):
            with self.assertRaises(ValueError):
                check.with_table(broken, "new")


class Command(unittest.TestCase):
    def run_main(self, arguments, catalogue=None, page=None):
        """main's exit code, output and errors, on these texts in place of the real files."""
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            for name, text, ending in (("CATALOG", catalogue, "toml"), ("PAGE", page, "md")):
                if text is not None:
                    path = Path(folder) / f"catalog.{ending}"
                    path.write_text(text, encoding="utf-8")
                    stack.enter_context(mock.patch.object(check, name, path))
            out = stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
            errors = stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
            code = check.main(arguments)
            written = (Path(folder) / "catalog.md").read_text(encoding="utf-8") if page is not None else None
        return code, out.getvalue(), errors.getvalue(), written

    def test_a_broken_file_is_told_in_a_line(self):
        for text in ("version = ", "version = 1\n"):
            code, _, errors, _ = self.run_main([], catalogue=text)
            self.assertEqual((code, errors.count("\n")), (1, 1), errors)
            self.assertTrue(errors.startswith("error: "))

    def test_old_counts_are_told_and_renewed(self):
        page = f"{check.BEGIN}\nold\n{check.END}\n"
        code, _, errors, written = self.run_main([], page=page)
        self.assertEqual((code, written), (1, page))
        self.assertIn("are old", errors)
        code, _, errors, written = self.run_main(["--write"], page=page)
        self.assertEqual((code, errors), (0, ""))
        self.assertEqual(self.run_main([], page=written)[0], 0)

    def test_unknown_arguments_are_wrong_usage(self):
        self.assertEqual(self.run_main(["--help"])[0], 2)


class TheCatalogue(unittest.TestCase):
    """models/catalog.toml itself."""

    @classmethod
    def setUpClass(cls):
        cls.catalogue = tomllib.loads(check.CATALOG.read_text(encoding="utf-8"))

    def test_it_is_right(self):
        self.assertEqual(check.problems(self.catalogue, check.Lists.of(ROOT)), [])

    def test_the_page_shows_its_counts(self):
        page = check.PAGE.read_text(encoding="utf-8")
        self.assertEqual(page, check.with_table(page, check.table(self.catalogue)))

    def test_every_task_that_can_be_read_has_entries(self):
        tasks = {model["task"] for model in self.catalogue["model"]}
        # No released file of an action recogniser is known.
        self.assertEqual(tasks - {"action"}, set(check.TASKS) - {"action"})


if __name__ == "__main__":
    unittest.main()
