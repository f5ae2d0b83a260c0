"""Where a job's inputs came from.

- A fingerprint is of content and names: the same in another place, another one after any change.
- Only inputs that lie on this machine become data assets.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.lineage import commit_of, fingerprint, local_inputs

NAMES = st.from_regex(r"[a-c]{1,2}(/[a-c]{1,2}){0,1}", fullmatch=True)
CONTENTS = st.binary(max_size=6) | st.sampled_from([b"x", b"xb\0y", b"y"])
TREES = st.dictionaries(NAMES, CONTENTS, max_size=4).filter(
    lambda tree: not any(f"{name}/" in other for name in tree for other in tree)
)


def print_of(tree: dict[str, bytes], backwards: bool = False) -> str:
    with tempfile.TemporaryDirectory() as folder:
        for name in sorted(tree, reverse=backwards):
            file = Path(folder) / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(tree[name])
        return fingerprint(Path(folder))


@given(TREES)
def test_it_depends_on_names_and_contents_alone(tree: dict[str, bytes]) -> None:
    assert print_of(tree) == print_of(tree, backwards=True)
    assert re.fullmatch("[0-9a-f]{12}", print_of(tree))


@given(TREES, TREES)
def test_other_trees_have_other_fingerprints(one: dict[str, bytes], two: dict[str, bytes]) -> None:
    assert (print_of(one) == print_of(two)) is (one == two)


def test_one_file_does_not_read_like_two() -> None:
    assert print_of({"a": b"x", "b": b"y"}) != print_of({"a": b"xb\0y"})


@given(st.binary(max_size=20))
def test_a_file_counts_by_its_content_wherever_it_lies(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        one, two = Path(folder) / "one.csv", Path(folder) / "two.csv"
        one.write_bytes(content)
        shutil.copy(one, two)
        assert fingerprint(one) == fingerprint(two)
        two.write_bytes(content + b"x")
        assert fingerprint(one) != fingerprint(two)


def test_a_file_larger_than_a_block(tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(b"a" * (1 << 20) + b"b")
    before = fingerprint(large)
    large.write_bytes(b"a" * (1 << 20) + b"c")
    assert fingerprint(large) != before


@pytest.mark.parametrize(
    ("path", "local"),
    [
        ("data/days.csv", True),
        ("../data", True),
        ("azureml:days:1", False),
        ("azureml://datastores/data/paths/days", False),
        ("https://example.org/days.csv", False),
        ("/subscriptions/s/resourceGroups/g", False),
    ],
)
def test_only_what_is_on_this_machine_is_local(path: str, local: bool) -> None:
    declared = {"inputs": {"data": {"path": path}, "rate": 0.1, "none": None}}
    assert list(local_inputs(declared)) == (["data"] if local else [])


def test_a_job_may_have_no_inputs() -> None:
    assert local_inputs({}) == local_inputs({"inputs": None}) == {}


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=n", "-c", "user.email=e@example.org")
    command = ["git", *identity, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_commit_says_when_the_folder_differs_from_it(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == "", "outside of a repository"
    git(tmp_path, "init", "-q")
    (tmp_path / "a").write_text("a")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-q", "-m", "one")
    git(tmp_path, "tag", "-a", "v1", "-m", "a tag is not a commit")
    head = git(tmp_path, "rev-parse", "HEAD")
    assert commit_of(tmp_path) == head
    (tmp_path / "a").write_text("b")
    assert commit_of(tmp_path) == f"{head}-dirty"
