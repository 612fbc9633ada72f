#!/usr/bin/env python3
"""Renders assets/icon/sightline.svg to PNG files in the same folder. Needs resvg-py (pip install resvg-py)."""

import pathlib

import resvg_py

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "assets" / "icon"


def main():
    svg = (FOLDER / "sightline.svg").read_text(encoding="utf-8")
    for size in (32, 64, 128, 256, 512):
        png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size))
        (FOLDER / f"sightline-{size}.png").write_bytes(png)


if __name__ == "__main__":
    main()
