"""A preview of prod with the policy pack against one with a pack that asks no policy.

Both start a process that reads the same modules and tables and is sent the same resources, so that
the difference is what the policies take.
"""

from __future__ import annotations

from pathlib import Path

from bench.pairs import Pairs, in_turns, seconds
from bench.processes import ROOT, run
from bench.sandboxes import folder, sandbox

PACK = ROOT / "policies"
PROGRAM = """\
import os
import sys
sys.path.insert(0, {root!r})
from pulumi.runtime.proto.analyzer_pb2 import AnalyzeResponse
from policies.analyzer import Analyzer, serve


class Silent(Analyzer):
    def Analyze(self, request, context):
        return AnalyzeResponse()

    AnalyzeStack = Analyze


serve(Silent(os.environ.get("PULUMI_STACK", "")))
"""


def measure(runs: int) -> dict[str, Pairs]:
    with sandbox() as box, folder() as here:
        silent = _silent(here)

        def pulumi(*arguments: str) -> None:
            run("pulumi", *arguments, "--non-interactive", **box.environment)

        def preview(pack: Path) -> float:
            return seconds(lambda: pulumi("preview", "-s", "prod", "--policy-pack", str(pack)))

        pulumi("stack", "init", "prod")
        in_turns(1, lambda: preview(PACK), lambda: preview(silent))  # compiled and read once
        return {"policies": in_turns(runs, lambda: preview(PACK), lambda: preview(silent))}


def _silent(here: Path) -> Path:
    project = (PACK / "PulumiPolicy.yaml").read_text()
    (here / "PulumiPolicy.yaml").write_text(project.replace("../.venv", str(ROOT / ".venv")))
    (here / "__main__.py").write_text(PROGRAM.format(root=str(ROOT)))
    return here
