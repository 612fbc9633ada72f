#!/usr/bin/env python3
"""Checks models/catalog.toml against its schema (docs/catalog.md) and against the program's own lists.

    scripts/check-catalog.py           all of it; ends with 1 and a line for each problem where there is one
    scripts/check-catalog.py --table   prints the counts that docs/catalog.md shows
    scripts/check-catalog.py --write   puts these counts into docs/catalog.md
    scripts/check-catalog.py --online  asks every address for the file's size, hash and first 64 KiB; ends with 1 and a
                                       line for each address that is dead or has another file
"""

import hashlib
import re
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
CATALOG = ROOT / "models" / "catalog.toml"
PAGE = ROOT / "docs" / "catalog.md"
BEGIN = "<!-- counts: written by scripts/check-catalog.py --write -->"
END = "<!-- end of counts -->"

TASKS = ("detect", "segment", "semantic", "matte", "pose", "obb", "depth", "classify", "stylize", "action")
PRECISIONS = ("fp32", "fp16", "int8")
# From what allows most to what allows least: the order of entries within a task, too.
PERMITS = ("commercial", "copyleft", "non-commercial", "unstated")
PERMISSIVE = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-3.0", "CC-BY-4.0", "CC0-1.0", "ISC", "MIT",
    "Unlicense", "Zlib",
}  # fmt: skip
COPYLEFT = re.compile(r"(A|L)?GPL-[23]\.[01](-only|-or-later)?|MPL-2\.0|CC-BY-SA-[34]\.0")
NON_COMMERCIAL = re.compile(r"CC-BY-NC(-SA|-ND)?-[1-4]\.\d")
UNSTATED = "LicenseRef-unstated"
ARCHIVES = (".zip", ".whl")
# Storage that its owners have closed: downloads of the ONNX model zoo's Git LFS files ended on 1 July 2025 (its README).
# The files are at huggingface.co/onnxmodelzoo/legacy_models, with the same hashes.
CLOSED = re.compile(
    r"https://(media\.githubusercontent\.com/media/onnx/models/"
    r"|raw\.githubusercontent\.com/onnx/models/|github\.com/onnx/models/(?!releases/))",
    re.IGNORECASE,
)

# How --online asks: bytes of the beginning, seconds of patience, attempts, addresses at once.
HEAD = 64 << 10
PATIENCE = 30
ATTEMPTS = 3
AT_ONCE = 8

REQUIRED = {
    "id": str, "name": str, "task": str, "family": str, "file": str, "source": str, "url": str, "sha256": str,
    "licence": str, "permits": str, "precision": str, "note": str, "note-zh": str,
}  # fmt: skip
OPTIONAL = {
    "name-zh": str, "mirrors": list, "member": str, "bytes": int, "input": list, "group": str,
    "accuracy": dict, "member-sha256": str,
    "labels": str, "read": dict, "known": list, "starter": bool, "classic": dict,
}  # fmt: skip
KINDS = {str: "text", int: "a whole number", list: "a list", dict: "a table", bool: "true or false"}

# What a read table may say beside families, tasks and labels, and the keys that go with each way of fitting.
WORDS = {"layout": ("nchw", "nhwc"), "order": ("rgb", "bgr"), "resample": ("opencv", "bilinear", "bicubic")}
FITS = {"letterbox": {"pad": int, "centred": bool, "rounded": bool}, "stretch": {}, "centre-crop": {"resize": int}}


class Lists:
    """What the program knows: families with their tasks, a sidecar's fields, bundled label lists."""

    def __init__(self, families, fields, labels):
        self.families = families
        self.fields = fields
        self.labels = labels

    @classmethod
    def of(cls, root):
        files = sorted((root / "src" / "model" / "families").glob("*.rs"))
        found = [family(path.read_text(encoding="utf-8")) for path in files]
        sidecar = (root / "src" / "model" / "sidecar.rs").read_text(encoding="utf-8")
        labels = {path.stem for path in (root / "assets" / "labels").glob("*.tsv")}
        return cls(dict(filter(None, found)), fields(sidecar), labels)


def body(source, head):
    """What stands between the braces after `head` in Rust source."""
    found = re.search(re.escape(head) + r"[^{]*\{(.*?)^\s*\}$", source, re.DOTALL | re.MULTILINE)
    if not found:
        raise ValueError(f"{head!r} is nowhere in the source")
    return found.group(1)


def family(source):
    """Id and tasks of a family, of its file in src/model/families; None for a file that defines none."""
    found = re.search(r"const FAMILY: Definition = Definition \{(.*?)^\};", source, re.DOTALL | re.MULTILINE)
    if not found:
        return None
    name = re.search(r'^    id: "([\w-]+)",', found.group(1), re.MULTILINE)
    tasks = re.search(r"^    tasks: &\[(.*?)\],", found.group(1), re.DOTALL | re.MULTILINE)
    if not name or not tasks:
        raise ValueError("a family without an id or tasks")
    return name.group(1), {task.lower() for task in re.findall(r"Task::(\w+)", tasks.group(1))}


def fields(source):
    """The fields of a sidecar, of src/model/sidecar.rs."""
    names = re.findall(r"^    pub (\w+):", body(source, "pub struct Sidecar"), re.MULTILINE)
    return {name.replace("_", "-") for name in names}


def permits(licence):
    """What a licence permits: of `OR` the best, of `AND` the worst. None where that isn't known."""

    def one(name):
        if name in PERMISSIVE:
            return "commercial"
        if COPYLEFT.fullmatch(name):
            return "copyleft"
        if name == UNSTATED:
            return "unstated"
        # Terms of its own are listed only where they forbid commercial use; others are looked at by a person first.
        if NON_COMMERCIAL.fullmatch(name) or re.fullmatch(r"LicenseRef-[A-Za-z0-9.-]+", name):
            return "non-commercial"
        return None

    sides = []
    for side in licence.split(" OR "):
        parts = [one(part) for part in side.split(" AND ")]
        if None in parts:
            return None
        sides.append(max(parts, key=PERMITS.index))
    return min(sides, key=PERMITS.index)


def is_a(value, kind):
    """Whether a value is of a type; true and false are no numbers."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def number(value):
    return is_a(value, int) or is_a(value, float)


def address(text):
    """What is wrong with an address; None if nothing."""
    if not isinstance(text, str):
        return "is no text"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return "is no address"
    if parts.scheme != "https":
        return "isn't https"
    if not re.fullmatch(r"[!-~]+", text):
        return "has a blank or a letter beyond ASCII in it"
    host = parts.hostname or ""
    if "." not in host or parts.username is not None or port is not None or parts.fragment:
        return "isn't a plain address of a host and a path"
    return None


def reading(read, lists):
    """What is wrong with a read table, a clause each."""
    for key in read:
        if key not in lists.fields:
            yield f"read has an unknown field {key!r}"
    for key, words in WORDS.items():
        if key in read and read[key] not in words:
            yield f"read.{key} is {read[key]!r}, not one of {', '.join(words)}"
    if "task" in read and read["task"] not in TASKS:
        yield f"read.task is {read['task']!r}, which is no task"
    if "family" in read and read["family"] not in lists.families:
        yield f"read.family is {read['family']!r}, which is no family"
    if "range" in read:
        span = read["range"]
        triple = lambda n: isinstance(n, list) and len(n) == 3 and all(map(number, n))  # noqa: E731
        triples = isinstance(span, dict) and triple(span.get("mean")) and triple(span.get("std"))
        if not triples or set(span) != {"scale", "mean", "std"} or not number(span["scale"]):
            yield "read.range isn't a scale, three means and three deviations"
        elif span["scale"] == 0 or 0 in span["std"]:
            yield "read.range divides by zero"
    if "fit" in read:
        fit = read["fit"]
        kind = FITS.get(fit.get("kind")) if isinstance(fit, dict) and isinstance(fit.get("kind"), str) else None
        if kind is None:
            yield f"read.fit has no kind of {', '.join(FITS)}"
        elif set(fit) != {"kind", *kind} or not all(is_a(fit[key], of) for key, of in kind.items()):
            yield f"read.fit of the kind {fit['kind']} needs {', '.join(kind) or 'nothing else'}"
        elif not 0 <= fit.get("pad", 0) <= 255 or fit.get("resize", 1) < 1:
            yield "read.fit has a number out of its range"
    if "anchors" in read:
        anchors = read["anchors"]
        pair = lambda a: isinstance(a, list) and len(a) == 2 and all(number(n) and n > 0 for n in a)  # noqa: E731
        if not isinstance(anchors, list) or not anchors or not all(map(pair, anchors)):
            yield "read.anchors isn't a list of widths and heights"
    if "labels" in read:
        labels = read["labels"]
        if not isinstance(labels, list) or not labels or not all(isinstance(name, str) and name for name in labels):
            yield "read.labels isn't a list of names"


def entry(model, lists):
    """What is wrong with one entry by itself, a clause each."""
    for key, kind in REQUIRED.items():
        if key not in model:
            yield f"lacks {key}"
    for key, value in model.items():
        kind = REQUIRED.get(key) or OPTIONAL.get(key)
        if kind is None:
            yield f"has an unknown field {key!r}"
        elif not is_a(value, kind):
            yield f"has a {key} that isn't {KINDS[kind]}"
        elif kind is str and (not value.strip() or value != value.strip() or not value.isprintable()):
            yield f"has a {key} that is empty, or has blanks at its ends or control characters in it"

    def text(key):
        value = model.get(key)
        return value if isinstance(value, str) else None

    for key in ("id", "group"):
        if text(key) and not re.fullmatch(r"[a-z0-9.-]+", text(key)):
            yield f"has the {key} {text(key)!r}: only a-z, 0-9, dots and hyphens go"
    for key, words in (("task", TASKS), ("precision", PRECISIONS), ("permits", PERMITS)):
        if text(key) and text(key) not in words:
            yield f"has the {key} {text(key)!r}, not one of {', '.join(words)}"
    if text("family"):
        if text("family") not in lists.families:
            yield f"has the family {text('family')!r}, which src/model/spec.rs doesn't have"
        elif text("task") in TASKS and text("task") not in lists.families[text("family")]:
            yield f"is for {text('task')}, which its family {text('family')} doesn't do"
    if text("file") and not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._+-]*\.onnx", text("file")):
        yield f"is stored as {text('file')!r}, which isn't a plain name that ends in .onnx"

    yield from where_from(model, text)

    size = model.get("bytes")
    if is_a(size, int) and size < 1:
        yield f"has {size} bytes"
    if text("sha256") and text("sha256") != "unverified" and not re.fullmatch(r"[0-9a-f]{64}", text("sha256")):
        yield 'has a sha256 that is neither 64 small hex digits nor "unverified"'
    if "member-sha256" in model and not ("member" in model and re.fullmatch(r"[0-9a-f]{64}", text("member-sha256") or "")):
        yield "has a member-sha256 that isn't 64 small hex digits, or no member"
    hashes = model.get("known")
    if isinstance(hashes, list):
        if text("sha256") != "unverified" or len(hashes) < 2:
            yield "has known hashes, which are for an unverified file of several contents"
        if not all(isinstance(h, str) and re.fullmatch(r"[0-9a-f]{64}", h) for h in hashes):
            yield "has known hashes that aren't all 64 small hex digits"
    if text("licence"):
        known = permits(text("licence"))
        if known is None:
            yield f"has the licence {text('licence')!r}, which this check doesn't know"
        elif text("permits") in PERMITS and text("permits") != known:
            yield f"says {text('permits')}, but {text('licence')} is {known}"
    shape = model.get("input")
    if isinstance(shape, list) and (len(shape) != 2 or not all(is_a(n, int) and 1 <= n <= 16384 for n in shape)):
        yield "has an input that isn't a width and a height"
    accuracy = model.get("accuracy")
    if isinstance(accuracy, dict):
        metric = accuracy.get("metric")
        if set(accuracy) != {"metric", "value", "source"} or not isinstance(metric, str) or not metric.strip():
            yield "has an accuracy that isn't a metric, a value and a source"
        elif not number(accuracy["value"]) or not 0 < accuracy["value"] <= 100:
            yield "has an accuracy that isn't a percentage"
        elif wrong := address(accuracy["source"]):
            yield f"has an accuracy whose source {wrong}"
    if isinstance(model.get("classic"), dict):
        yield from course(model["classic"])
    if model.get("starter") is True:
        if text("permits") != "commercial":
            yield "is a starter, but not free for any use"
        if text("sha256") == "unverified" and not hashes or not is_a(size, int):
            yield "is a starter without a hash or a size"
    if text("labels") and text("labels") not in lists.labels:
        yield f"has the labels {text('labels')!r}, which assets/labels doesn't have"
    if text("note") and not re.fullmatch(r".{8,120}\.", text("note")):
        yield "has a note that isn't one short sentence"
    if text("note-zh") and not re.fullmatch(r"(?=.*[\u4e00-\u9fff])[^,;:!?]{2,80}。", text("note-zh")):
        yield "has a note-zh that isn't one short Chinese sentence with Chinese punctuation"
    if text("name-zh") and not re.search(r"[\u4e00-\u9fff]", text("name-zh")):
        yield "has a name-zh without a Chinese character"
    if isinstance(model.get("read"), dict):
        yield from reading(model["read"], lists)
        if "labels" in model and "labels" in model["read"]:
            yield "gives its labels twice"


def course(classic):
    """What is wrong with a classic's table, a clause each."""
    if not {"order", "year", "paper"} <= set(classic) <= {"order", "year", "paper", "parameters"}:
        yield "has a classic that isn't an order, a year, a paper and perhaps parameters"
        return
    if not is_a(classic["order"], int) or classic["order"] < 1:
        yield "has a classic whose order isn't a number from 1"
    if not is_a(classic["year"], int) or not 1980 <= classic["year"] <= 2100:
        yield "has a classic whose year isn't one"
    if wrong := address(classic["paper"]):
        yield f"has a classic whose paper {wrong}"
    if "parameters" in classic and not (number(classic["parameters"]) and classic["parameters"] >= 1):
        yield "has a classic whose parameters aren't a number"


def where_from(model, text):
    """What is wrong with the addresses of an entry, a clause each."""
    mirrors = model.get("mirrors") if isinstance(model.get("mirrors"), list) else []
    if "mirrors" in model and not mirrors:
        yield "has an empty list of mirrors"
    files = ([text("url")] if text("url") else []) + mirrors
    for what, value in [("source", text("source")), *(("address", file) for file in files)]:
        wrong = address(value) if value is not None else None
        if wrong:
            yield f"has the {what} {value!r}, which {wrong}"
        elif what == "address":
            if CLOSED.match(value):
                yield f"has an address in the model zoo's closed storage: {value}"
            archive = urlsplit(value).path.endswith(ARCHIVES)
            if archive and "member" not in model:
                yield f"names no member of the archive {value}"
            elif not archive and "member" in model:
                yield f"names a member, but {value} is no archive"
            elif not archive and not urlsplit(value).path.endswith(".onnx"):
                yield f"has an address that doesn't end in .onnx: {value}"
    if len(set(map(str, files))) != len(files):
        yield "has an address twice"
    member = text("member")
    steps = member.split("/") if member else []
    if member and (not member.endswith(".onnx") or "\\" in member or not all(steps) or ".." in steps):
        yield f"has the member {member!r}, which isn't a path to an .onnx file inside"


def problems(catalog, lists):
    """What is wrong with the catalogue, a sentence each."""
    found = []
    for key in sorted(set(catalog) - {"version", "model"}):
        found.append(f"the catalogue has an unknown field {key!r}")
    if not is_a(catalog.get("version"), int) or catalog["version"] != 1:
        found.append("the catalogue's version isn't 1")
    models = catalog.get("model")
    if not isinstance(models, list) or not models or not all(isinstance(model, dict) for model in models):
        return [*found, "the catalogue has no entries"]

    def called(index):
        name = models[index].get("id")
        return name if isinstance(name, str) and name else f"entry {index + 1}"

    for index, model in enumerate(models):
        found += [f"{called(index)} {clause}" for clause in entry(model, lists)]

    # What must not be there twice. File names differ by more than capitals: some file systems don't tell them apart.
    seen = {}
    for index, model in enumerate(models):
        file = model.get("file")
        keys = {"id": model.get("id"), "file": file.lower() if isinstance(file, str) else None}
        keys["url and member"] = (model["url"], str(model.get("member"))) if isinstance(model.get("url"), str) else None
        classic = model.get("classic")
        order = classic.get("order") if isinstance(classic, dict) else None
        keys["place among the classics"] = str(order) if is_a(order, int) else None
        keys["sha256"] = None if model.get("sha256") == "unverified" else model.get("sha256")
        for what, value in keys.items():
            if isinstance(value, (str, tuple)):
                first = seen.setdefault((what, value), index)
                if first != index:
                    other = f"entry {first + 1}" if what == "id" else called(first)
                    found.append(f"{called(index)} has the same {what} as {other}")

    groups = {}
    for index, model in enumerate(models):
        if isinstance(model.get("group"), str):
            groups.setdefault(model["group"], []).append(index)
    for group, members in groups.items():
        if len(members) < 2:
            found.append(f"{called(members[0])} is alone in its group {group}")
        for key in ("name", "task", "family", "licence", "labels"):
            if len({str(models[index].get(key)) for index in members}) > 1:
                found.append(f"the entries of the group {group} differ in their {key}")
        if len({str(models[index].get("precision")) for index in members}) < len(members):
            found.append(f"the group {group} has a precision twice")

    def rank(model):
        task, grant = model.get("task"), model.get("permits")
        return (TASKS.index(task), PERMITS.index(grant)) if task in TASKS and grant in PERMITS else None

    highest = None
    for index, model in enumerate(models):
        place = rank(model)
        if place and highest and place < highest:
            found.append(f"{called(index)} stands too late: task by task, and in each what permits most comes first")
        elif place:
            highest = place
    return found


def is_hashed(model):
    """Whether a download can be compared with a published hash."""
    return model["sha256"] != "unverified" or bool(model.get("known"))


def table(catalog):
    """The counts of docs/catalog.md."""
    models = catalog["model"]
    cells = Counter((model["task"], model["permits"]) for model in models)
    hashed = Counter(model["task"] for model in models if is_hashed(model))
    lines = [
        f"| Task | {' | '.join(PERMITS)} | all | with a known hash |",
        f"|---|{'---:|' * (len(PERMITS) + 2)}",
    ]
    for task in TASKS:
        row = [cells[task, grant] for grant in PERMITS]
        lines.append(f"| {task} | {' | '.join(map(str, [*row, sum(row), hashed[task]]))} |")
    row = [sum(cells[task, grant] for task in TASKS) for grant in PERMITS]
    lines.append(f"| all | {' | '.join(map(str, [*row, sum(row), sum(hashed.values())]))} |")
    lines += ["", "| Licence | permits | Entries |", "|---|---|---:|"]
    licences = Counter((PERMITS.index(model["permits"]), model["licence"]) for model in models)
    for (grant, licence), count in sorted(licences.items(), key=lambda item: (item[0][0], -item[1], item[0][1])):
        lines.append(f"| {licence} | {PERMITS[grant]} | {count} |")
    lines += ["", "| Unverified, by where they come from | Entries |", "|---|---|"]
    origins = {}
    for model in models:
        if not is_hashed(model):
            parts = urlsplit(model["url"])
            origin = "/".join([parts.hostname, *parts.path.split("/")[1:3]])
            origins.setdefault(origin, []).append(f"`{model['id']}`")
    lines += [f"| {origin} | {', '.join(ids)} |" for origin, ids in sorted(origins.items())]
    return "\n".join(lines)


def with_table(page, counts):
    """The page with these counts between its two marks."""
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise ValueError(f"docs/catalog.md lacks the lines {BEGIN} and {END}")
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n\n{counts}\n\n{END}{rest.split(END)[1]}"


class Trail(urllib.request.HTTPRedirectHandler):
    """Follows redirects and keeps the headers of each step: Hugging Face names size and hash on the first one."""

    def __init__(self):
        self.steps = []

    def redirect_request(self, request, body, code, message, headers, target):
        self.steps.append(headers)
        # As in the program: nobody on the way may replace the file.
        if urlsplit(request.full_url).scheme == "https" and urlsplit(target).scheme != "https":
            raise urllib.error.URLError("it redirects to plain http")
        # The standard handler makes a GET of any redirected request but keeps its headers, among them the range.
        followed = super().redirect_request(request, body, code, message, headers, target)
        if followed is not None:
            followed.method = request.get_method()
        return followed


def request(url, method, headers):
    """Status, headers of every step (the last answer's last) and at most HEAD bytes of the answer."""
    trail = Trail()
    asked = urllib.request.Request(url, method=method, headers={"User-Agent": "sightline-catalogue", **headers})
    with urllib.request.build_opener(trail).open(asked, timeout=PATIENCE) as answer:
        return answer.status, [*trail.steps, answer.headers], answer.read(HEAD) if method == "GET" else b""


def patiently(url, method, headers):
    """As `request`; a server that is overloaded or doesn't answer is asked again."""
    for attempt in range(ATTEMPTS):
        last = attempt + 1 == ATTEMPTS
        try:
            return request(url, method, headers)
        except urllib.error.HTTPError as e:
            if last or e.code not in (408, 425, 429, 500, 502, 503, 504):
                raise
        except (OSError, HTTPException):
            if last:
                raise
        time.sleep(2**attempt)
    raise AssertionError("every attempt returns or raises")


def named(steps, header):
    """The value of a header on the first step that has it."""
    return next((step[header] for step in steps if step and step[header]), None)


def sizes(steps):
    """Every size of the whole file that the answers name, in bytes."""
    found = [named(steps, "X-Linked-Size")]
    last = steps[-1]
    if last["Content-Range"]:
        found.append(last["Content-Range"].rpartition("/")[2])
    elif not last["Content-Encoding"]:
        found.append(last["Content-Length"])
    return {int(size) for size in found if size and size.isdigit()}


def look(model, url):
    """Asks one address for the file of an entry. What is wrong (None if nothing), and the hash that was compared or, for an
    entry that has none, found (None if the server names none)."""
    known = [*model.get("known", []), model["sha256"]]
    known = [h for h in known if h != "unverified"]
    steps = []
    try:
        try:
            _, steps, _ = patiently(url, "HEAD", {})
        except urllib.error.HTTPError as e:
            # Some servers answer GET alone.
            if e.code not in (403, 405, 501):
                raise
        status, more, head = patiently(url, "GET", {"Range": f"bytes=0-{HEAD - 1}", "Accept-Encoding": "identity"})
    except urllib.error.HTTPError as e:
        return f"answers {e.code}", None
    except (OSError, HTTPException, ValueError) as e:
        return f"can't be asked ({getattr(e, 'reason', None) or e})", None

    found = sizes(more) | (sizes(steps) if steps else set())
    expected = model.get("bytes")
    if expected is not None and found - {expected}:
        return f"has {', '.join(map(str, sorted(found - {expected})))} bytes, not {expected}", None
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(b"version https://git-lfs."):
        return "sends a Git LFS pointer", None
    if not head or start.startswith((b"<", b"{", b"[")) or not any(byte > 126 or byte < 9 for byte in head):
        return "sends a page or a text, no model", None
    if "member" in model and not head.startswith(b"PK"):
        return "sends no archive", None

    tag = named([*steps, *more], "X-Linked-Etag") or ""
    served = next(iter(re.findall(r"^(?:W/)?\"?([0-9a-f]{64})\"?$", tag)), None)
    if served is None and found == {len(head)}:
        served = hashlib.sha256(head).hexdigest()
    if served and known and served not in known:
        return f"has the hash {served}, not {' or '.join(known)}", None
    return None, served


def online(catalog, out=print):
    """Asks every address of the catalogue; returns how many are dead or have another file."""
    asked = [(model, url) for model in catalog["model"] for url in (model["url"], *model.get("mirrors", []))]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda pair: look(*pair), asked))
    dead = compared = 0
    alive = set()
    for (model, url), (wrong, served) in zip(asked, answers, strict=True):
        if wrong:
            dead += 1
            out(f"dead: {model['id']}: {url} {wrong}")
            continue
        alive.add(model["id"])
        if served and is_hashed(model):
            compared += 1
        elif served:
            out(f"hash: {model['id']}: {url} names {served}; the entry has none")
    lost = [model["id"] for model in catalog["model"] if model["id"] not in alive]
    if lost:
        out(f"no address of these is alive: {', '.join(lost)}")
    entries = len(catalog["model"])
    out(f"{entries} entries, {len(asked)} addresses asked: {dead} dead, {compared} hashes compared")
    return dead


def main(arguments):
    if arguments not in ([], ["--table"], ["--write"], ["--online"]):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    try:
        import tomllib
    except ImportError:
        print("error: this check needs Python 3.11 or newer (for tomllib).", file=sys.stderr)
        return 1
    try:
        catalog = tomllib.loads(CATALOG.read_text(encoding="utf-8"))
        page = PAGE.read_text(encoding="utf-8")
        found = problems(catalog, Lists.of(ROOT))
        if not found:
            counts = table(catalog)
            current = with_table(page, counts)
    except (OSError, ValueError) as e:
        print(f"error: {e}.", file=sys.stderr)
        return 1
    if not found and arguments == ["--table"]:
        print(counts)
        return 0
    if not found and arguments == ["--online"]:
        return 1 if online(catalog) else 0
    if not found and arguments == ["--write"]:
        PAGE.write_text(current, encoding="utf-8")
    elif not found and page != current:
        found = ["the counts in docs/catalog.md are old; `scripts/check-catalog.py --write` renews them"]
    for problem in found:
        print(f"error: {problem}.", file=sys.stderr)
    print(f"{len(catalog.get('model', []))} entries looked at, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
