"""What `check-catalog.py --online` finds out about addresses, asked of a server on this computer."""

import hashlib
import importlib.util
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent
spec = importlib.util.spec_from_file_location("check_catalog", ROOT / "scripts" / "check-catalog.py")
check = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check)

MODEL = b"\x08\x08\x12\x07pytorch" + bytes(range(256)) * 400
SHA256 = hashlib.sha256(MODEL).hexdigest()
SMALL = b"\x08\x08\x12\x07pytorch\xff"
PAGE = b"<!DOCTYPE html><html><title>Sign in</title></html>"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"


class Handler(BaseHTTPRequestHandler):
    """Each path is a server with a habit of its own."""

    asked = {}

    def log_message(self, *arguments):
        pass

    def reply(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def file(self, body):
        """Answers a range as servers do."""
        if self.command == "GET" and self.headers["Range"]:
            part = body[: check.HEAD]
            return self.reply(206, part, Content_Range=f"bytes 0-{len(part) - 1}/{len(body)}")
        return self.reply(200, body)

    def do_GET(self):
        path = self.path
        nth = self.asked[path] = self.asked.get(path, 0) + 1
        if path == "/whole.onnx":
            return self.file(MODEL)
        if path == "/small.onnx":
            return self.file(SMALL)
        if path.startswith("/hub/"):
            # Hugging Face: the redirect names size and hash of the file behind it.
            digest = SHA256 if path == "/hub/right.onnx" else "0" * 64
            return self.reply(
                302, Location="/whole.onnx", X_Linked_Size=str(len(MODEL)), X_Linked_Etag=f'"{digest}"'
            )
        if path == "/get-only.onnx":
            return self.file(MODEL) if self.command == "GET" else self.reply(405)
        if path == "/busy.onnx":
            return self.reply(503) if nth == 1 else self.file(MODEL)
        bodies = {"/page.onnx": PAGE, "/pointer.onnx": POINTER, "/longer.onnx": MODEL + b"x"}
        if path in bodies:
            return self.file(bodies[path])
        return self.reply(404, b"nothing here")

    do_HEAD = do_GET


class Online(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.base = f"http://127.0.0.1:{cls.server.server_port}"

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def setUp(self):
        Handler.asked.clear()
        for name, value in (("sleep", lambda _: None),):
            patch = mock.patch.object(check.time, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def look(self, path, **fields):
        return check.look({"id": "a", "sha256": SHA256, "bytes": len(MODEL), **fields}, self.base + path)

    def test_a_right_file_is_alive(self):
        self.assertEqual(self.look("/whole.onnx"), (None, None))
        self.assertEqual(self.look("/get-only.onnx"), (None, None))
        self.assertEqual(self.look("/busy.onnx"), (None, None))

    def test_a_hash_on_the_first_redirect_is_compared(self):
        self.assertEqual(self.look("/hub/right.onnx"), (None, SHA256))
        self.assertIn("hash 0000", self.look("/hub/wrong.onnx")[0])
        self.assertEqual(self.look("/hub/wrong.onnx", sha256="unverified"), (None, "0" * 64))
        self.assertEqual(self.look("/hub/wrong.onnx", sha256="unverified", known=["0" * 64, SHA256]), (None, "0" * 64))

    def test_a_file_that_fits_into_the_beginning_is_hashed(self):
        right = hashlib.sha256(SMALL).hexdigest()
        self.assertEqual(self.look("/small.onnx", bytes=len(SMALL), sha256=right), (None, right))
        self.assertIn("has the hash", self.look("/small.onnx", bytes=len(SMALL))[0])

    def test_dead_addresses_and_other_files_are_named(self):
        for path, words in (
            ("/gone.onnx", "answers 404"),
            ("/longer.onnx", f"has {len(MODEL) + 1} bytes, not {len(MODEL)}"),
        ):
            self.assertIn(words, self.look(path)[0])
        self.assertIn("page or a text", self.look("/page.onnx", bytes=len(PAGE))[0])
        self.assertIn("LFS pointer", self.look("/pointer.onnx", bytes=len(POINTER))[0])
        self.assertIn("no archive", self.look("/whole.onnx", member="a.onnx")[0])
        nobody = {"id": "a", "sha256": SHA256}
        self.assertIn("can't be asked", check.look(nobody, "http://127.0.0.1:9/a.onnx")[0])

    def test_every_address_is_asked_and_the_dead_are_printed(self):
        def entry(name, *paths, sha256=SHA256):
            url, *mirrors = [self.base + path for path in paths]
            return {"id": name, "sha256": sha256, "bytes": len(MODEL), "url": url, "mirrors": mirrors}

        lines = []
        catalog = {
            "model": [
                entry("one", "/hub/right.onnx", "/gone.onnx"),
                entry("two", "/hub/right.onnx", sha256="unverified"),
                entry("three", "/gone-too.onnx"),
            ]
        }
        self.assertEqual(check.online(catalog, lines.append), 2)
        self.assertEqual(
            lines,
            [
                f"dead: one: {self.base}/gone.onnx answers 404",
                f"hash: two: {self.base}/hub/right.onnx names {SHA256}; the entry has none",
                f"dead: three: {self.base}/gone-too.onnx answers 404",
                "no address of these is alive: three",
                "3 entries, 4 addresses asked: 2 dead, 1 hashes compared",
            ],
        )
        self.assertEqual(check.online({"model": [entry("one", "/whole.onnx")]}, lines.append), 0)


if __name__ == "__main__":
    unittest.main()
