#!/usr/bin/env python3
"""Makes assets/fonts/NotoSansSC-Subset.ttf: Noto Sans SC cut down to what Sightline shows.

    npm pack @expo-google-fonts/noto-sans-sc && tar xzf expo-google-fonts-noto-sans-sc-*.tgz
    python3 scripts/subset-font.py package/400Regular/NotoSansSC_400Regular.ttf

Kept: Latin-1, Latin Extended-A, GB2312 (6,763 Chinese characters, Greek, Cyrillic, kana, full-width forms),
the characters of assets/labels, punctuation, arrows, shapes and signs. Needs fonttools. The font is under the SIL Open Font
License 1.1 (assets/fonts/OFL.txt); its reserved name is "Source", which the result doesn't carry.
"""

import pathlib
import sys

from fontTools import subset
from fontTools.ttLib import TTFont

ASSETS = pathlib.Path(__file__).resolve().parent.parent / "assets"
OUT = ASSETS / "fonts" / "NotoSansSC-Subset.ttf"


def gb2312():
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                yield ord(bytes((row, cell)).decode("gb2312"))
            except UnicodeDecodeError:
                pass


def wanted():
    yield from range(0x20, 0x7F)
    yield from range(0xA0, 0x180)  # Latin-1, Latin Extended-A
    yield from range(0x2010, 0x2060)  # dashes, quotation marks, bullets, ellipsis
    yield from range(0x20A0, 0x20C0)  # currency
    yield from range(0x2100, 0x2150)  # letter-like signs
    yield from range(0x2190, 0x2200)  # arrows
    yield from range(0x2200, 0x2270)  # mathematics
    yield from range(0x2300, 0x23FF)  # technical: keys
    yield from range(0x2500, 0x27C0)  # lines, blocks, shapes, signs
    yield from range(0x3000, 0x3040)  # CJK punctuation
    yield from range(0xFF00, 0xFFF0)  # full-width forms
    yield from gb2312()
    # Class names need a few characters that GB2312 lacks.
    for path in (ASSETS / "labels").glob("*.tsv"):
        yield from map(ord, path.read_text(encoding="utf-8"))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    font = TTFont(sys.argv[1], recalcTimestamp=False)  # the same bytes every time
    options = subset.Options()
    options.layout_features = ["kern", "mark", "mkmk", "ccmp", "locl"]
    options.hinting = False
    options.notdef_outline = True
    options.glyph_names = False
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.drop_tables += ["vhea", "vmtx", "BASE", "GDEF", "STAT"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=set(wanted()))
    cutter.subset(font)
    subset.save_font(font, str(OUT), options)
    print(f"{OUT}: {OUT.stat().st_size} bytes, {len(font.getBestCmap())} characters")


if __name__ == "__main__":
    main()
