"""What does not belong into the files of this project, whoever writes them."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.test_pages import name, tracked

# Split, so that this file does not contain what it looks for.
PLACES = re.compile(
    "|".join(
        [
            "/wo" + r"rk/(?:main|shared|contract)",
            "/ho" + "me/[a-z]",
            "/ro" + "ot/",
            r"\bCLAU" + "DE\\b",
            r"\bfar" + r"m-[a-z]",
            r"\bhelp" + r"er [A-Z]\b",
            r"\bwork" + r"ing contract\b",
        ]
    )
)
ADDRESSES = re.compile(
    "|".join(
        [
            "py" + "pi.org",
            "files.python" + "hosted.org",
            "registry.npm" + "js.org",
            "registry.yarn" + "pkg.com",
            "proxy.go" + "lang.org",
            "sum.go" + "lang.org",
            r"index-url[ =]+\S*://",
            "extra-index" + "-url",
        ]
    )
)
SECRETS = re.compile(
    "|".join(
        [
            "-----BEGIN [A-Z ]*PRIVATE" + " KEY-----",
            r"AccountKey=[A-Za-z0-9+/]{80,}",
            r"client_secret[\"']?\s*[:=]\s*[\"'][A-Za-z0-9~._-]{30,}[\"']",
        ]
    )
)
FILES = tracked()
TEXTS = [path for path in FILES if b"\0" not in path.read_bytes()[:4096]]


def hits(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    return [
        f"{name(path)}: {match[0]}"
        for path in files
        for match in pattern.finditer(path.read_text())
    ]


def test_no_file_names_the_place_where_it_was_written() -> None:
    assert hits(PLACES, TEXTS) == []


def test_no_file_names_where_packages_are_to_be_had() -> None:
    """That is each person's own setting."""
    assert hits(ADDRESSES, TEXTS) == []


def test_no_file_holds_a_secret() -> None:
    assert hits(SECRETS, TEXTS) == []


def test_the_patterns_find_what_they_look_for() -> None:
    """One that finds nothing anywhere would pass for ever."""
    for pattern, text in [
        (PLACES, "see /wo" + "rk/main/x"),
        (ADDRESSES, "https://py" + "pi.org/simple"),
        (SECRETS, "-----BEGIN RSA PRIVATE" + " KEY-----"),
    ]:
        assert pattern.search(text)
