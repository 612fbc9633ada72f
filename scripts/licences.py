#!/usr/bin/env python3
"""Checks every dependency against deny.toml: its licence, its source, and what is banned by name.

It reads the same lists as `cargo deny check licenses bans sources`, which takes longer to build than Sightline, and
understands this part of them: [licenses] allow, exceptions; [bans] deny, wildcards; [sources] allow-registry.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def allows(expression, allowed):
    """Whether an SPDX expression can be met with the licences allowed. `A/B` is the old way to write `A OR B`."""
    tokens = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))

    def either():
        met = both()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            met = both() or met
        return met

    def both():
        met = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            met = one() and met
        return met

    def one():
        if not tokens:
            raise ValueError(f"{expression!r} is no licence expression")
        token = tokens.pop(0)
        if token == "(":
            met = either()
            if not tokens or tokens.pop(0) != ")":
                raise ValueError(f"{expression!r} lacks a parenthesis")
            return met
        if tokens and tokens[0] == "WITH":
            tokens.pop(0)
            if not tokens:
                raise ValueError(f"{expression!r} ends after WITH")
            token = f"{token} WITH {tokens.pop(0)}"
        return token in allowed

    met = either()
    if tokens:
        raise ValueError(f"{expression!r} is no licence expression")
    return met


def problems(packages, rules):
    """What is wrong with the packages of `cargo metadata`, a sentence each."""
    found = []
    allowed = set(rules["licenses"]["allow"])
    exceptions = {e["name"]: set(e["allow"]) for e in rules["licenses"].get("exceptions", [])}
    banned = {b["name"]: b.get("reason", "no reason given") for b in rules["bans"].get("deny", [])}
    registries = {f"registry+{address}" for address in rules["sources"]["allow-registry"]}
    for package in packages:
        name = f"{package['name']} {package['version']}"
        if package["name"] in banned:
            found.append(f"{name} is banned: {banned[package['name']]}")
        if package["source"] is not None and package["source"] not in registries:
            found.append(f"{name} comes from {package['source']}, which isn't allowed")
        if package["source"] is None and rules["bans"].get("wildcards") == "deny":
            for dependency in package["dependencies"]:
                if dependency["req"] == "*":
                    found.append(f"{name} takes any version of {dependency['name']}; name one")
        licence = package["license"]
        if not licence:
            found.append(f"{name} names no licence")
            continue
        try:
            if not allows(licence, allowed | exceptions.get(package["name"], set())):
                found.append(f"{name} has the licence {licence}, which deny.toml doesn't allow")
        except ValueError as error:
            found.append(f"{name}: {error}")
    return found


def main():
    try:
        import tomllib
    except ImportError:
        print("error: this check needs Python 3.11 or newer (for tomllib).", file=sys.stderr)
        return 1
    rules = tomllib.loads((ROOT / "deny.toml").read_text(encoding="utf-8"))
    asked = subprocess.run(
        ["cargo", "metadata", "--locked", "--format-version=1"], cwd=ROOT, stdout=subprocess.PIPE, check=False
    )
    if asked.returncode != 0:
        print("error: cargo can't list the dependencies (above).", file=sys.stderr)
        return 1
    packages = json.loads(asked.stdout)["packages"]
    found = problems(packages, rules)
    for problem in found:
        print(f"error: {problem}.", file=sys.stderr)
    print(f"{len(packages)} packages checked, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
