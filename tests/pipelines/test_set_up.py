"""The set-up that the other tests leave out: which Pulumi an agent gets, and that it is whole."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

from tests.pipelines import azure_devops
from tests.pipelines.conftest import ROOT

ARCHIVE, LIST = "pulumi-v{}-linux-x64.tar.gz", "pulumi-{}-checksums.txt"
CURL = '#!/bin/sh\nfor last; do :; done\ncp "{}/${{last##*/}}" .\n'


def built() -> str:
    """The version that set-up builds, on which everything is tested."""
    found = re.search(r"pulumi/pkg/v3 v([\d.]+)", (ROOT / "tools/pulumi/go.mod").read_text())
    assert found
    return found[1]


def script() -> str:
    """What an agent of Azure DevOps runs to get Pulumi."""
    steps = azure_devops.written(ROOT, "nightly.yml")
    return next(text for name, text in steps if name.endswith(": Pulumi"))


def test_both_systems_have_the_pulumi_that_is_tested() -> None:
    action = yaml.safe_load((ROOT / ".github/actions/set-up/action.yml").read_text())
    (pulumi,) = (step for step in action["runs"]["steps"] if step["name"] == "Pulumi")
    assert pulumi["with"]["pulumi-version"] == built()
    assert set(re.findall(r"pulumi-v?([\d.]+\d)-", script())) == {built()}


def vendor(folder: Path, listed: bytes) -> None:
    """What the vendor serves: an archive, and a list in which it has the digest of `listed`."""
    program = folder / "program"
    program.write_text("#!/bin/sh\necho pulumi\n")
    program.chmod(0o755)
    with tarfile.open(folder / ARCHIVE.format(built()), "w:gz") as archive:
        archive.add(program, "pulumi/pulumi")
    content = listed or (folder / ARCHIVE.format(built())).read_bytes()
    lines = [f"{hashlib.sha256(content).hexdigest()}  {ARCHIVE.format(built())}"]
    lines.append(f"{'0' * 64}  {ARCHIVE.format(built()).replace('linux', 'darwin')}")
    (folder / LIST.format(built())).write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("listed", [b"", b"another archive"], ids=["whole", "changed"])
def test_an_archive_that_is_not_the_vendors_is_not_unpacked(tmp_path: Path, listed: bytes) -> None:
    served, agent, programs = (tmp_path / name for name in ("served", "agent", "bin"))
    for folder in (served, agent, programs):
        folder.mkdir()
    vendor(served, listed)
    (programs / "curl").write_text(CURL.format(served))
    (programs / "curl").chmod(0o755)
    done = subprocess.run(
        [*azure_devops.BASH, "-c", script()],
        env={"PATH": f"{programs}:{os.environ['PATH']}", "AGENT_TEMPDIRECTORY": str(agent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is (not listed), done.stderr
    assert (agent / "pulumi" / "pulumi").exists() is (not listed)
    assert (f"##vso[task.prependpath]{agent}/pulumi" in done.stdout) is (not listed)
