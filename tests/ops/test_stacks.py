"""What the engine did and why it stopped, as a person reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pulumi import automation

from ops import stacks
from ops.failure import Failure
from ops.target import ROOT

OUTPUT = """\
 code: 255
 stdout: Updating (dev):
 @ updating....
     pulumi:pulumi:Stack amlops-dev  error: update failed
Diagnostics:
  azure-native:storage:StorageAccount (st):
    error: the name is taken
    error: the name is taken
  pulumi:pulumi:Stack (amlops-dev):
    error: update failed
Policies:
    - [mandatory] [severity: high]  storage-https-only  (azure-native:storage:StorageAccount: st)
      A storage account takes only HTTPS. Training data and models would travel readable.
      st: enableHttpsTrafficOnly is false. Set enableHttpsTrafficOnly to true.
    - [advisory]  storage-versioning  (azure-native:storage:StorageAccount: st)
 stderr:
"""


class Result:
    def __str__(self) -> str:
        return OUTPUT


def test_an_engines_error_is_said_once_and_without_progress() -> None:
    failure = stacks.failure_of(automation.CommandError(Result()))  # type: ignore[arg-type]
    assert failure.message.splitlines() == [
        "the name is taken",
        "mandatory policy storage-https-only: st: enableHttpsTrafficOnly is false. "
        "Set enableHttpsTrafficOnly to true.",
    ]


def test_a_pack_that_did_not_start_is_told_by_its_own_line_only() -> None:
    engine = """ stderr: error: policies/exemptions.yaml: exemption 1: rule: field required
error: policy pack "/x/policies" failed to start: could not read plugin [/y]: exit status 1
"""
    failure = stacks.failure_of(RuntimeError(engine))
    assert failure.message == "policies/exemptions.yaml: exemption 1: rule: field required"


CRASHED = """\
 code: 255
 stdout: Previewing update (dev):
 stderr: warning: using pulumi-resource-azure-native from $PATH
error: Program failed with an unhandled exception:

Traceback (most recent call last):

  File "/x/infra/__main__.py", line 4, in <module>

    raise ZeroDivisionError("planted")

ZeroDivisionError: planted

warning: something else
"""


def test_a_program_that_crashes_is_one_line_and_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    failure = stacks.failure_of(RuntimeError(CRASHED))
    (log,) = tmp_path.iterdir()
    assert failure.message.splitlines() == [
        "The program in infra/ failed: ZeroDivisionError: planted",
        f"The traceback is in {log}.",
    ]
    assert log.read_text() == CRASHED


def test_a_mistake_in_a_stack_file_stops_before_anything_is_planned(
    elsewhere: Path,
) -> None:
    for name in ("infra", "policies", "Pulumi.yaml"):
        (elsewhere / name).symlink_to(ROOT / name)
    text = (ROOT / "stacks" / "Pulumi.dev.yaml").read_text()
    (elsewhere / "stacks" / "Pulumi.dev.yaml").write_text(text.replace("location:", "loction:"))
    with pytest.raises(Failure, match=r"dev.yaml:\d+:5: amlops:settings.loction: unknown"):
        stacks.check_settings("dev")


def test_outputs_are_told_without_what_is_secret_in_them() -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
    state: list[dict[str, Any]] = [
        {"type": "azure-native:resources:ResourceGroup", "outputs": {"name": "rg"}},
        {
            "type": "pulumi:pulumi:Stack",
            "outputs": {
                "group": "rg",
                "key": {**secret, "plaintext": '"open sesame"'},
                "account": {"name": "st", "keys": [{**secret, "ciphertext": "v1:abc"}]},
            },
        },
    ]
    assert stacks.outputs_in(state) == {
        "group": "rg",
        "key": "[secret]",
        "account": {"name": "st", "keys": ["[secret]"]},
    }
    assert stacks.outputs_in([]) == {}
