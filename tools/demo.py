"""`make demo`: the whole product in one run, on real parts, from nothing to nothing.

Every step is an `amlops` command as a person would type it. Interrupted, it is run again: each
step finds what the one before left.
"""

from __future__ import annotations

import io
import json
import socket
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from ops.cli import main as amlops
from sandbox.directory import default_directory
from sandbox.supervisor import processes

ROOT = Path(__file__).resolve().parent.parent
WORKLOAD = Path("workloads/bike-rentals")
MODEL = "bike-rentals"
SHOWN = 4  # features of a scored day: those in which the days differ

console = Console(stderr=True, highlight=False)


class Demo:
    """Runs commands one after the other and keeps their times."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, float]] = []

    def run(self, shown: str, *arguments: str) -> Any:
        """One command; its JSON result."""
        console.print(f"\n[bold cyan]$ amlops {' '.join(arguments)}[/]")
        started = time.monotonic()
        captured = io.StringIO()
        json_wanted = arguments[0] != "sandbox"
        call = [*arguments, "--output", "json"] if json_wanted else list(arguments)
        with redirect_stdout(captured):
            amlops(call, prog_name="amlops", standalone_mode=False)
        self.steps.append((shown, time.monotonic() - started))
        return json.loads(captured.getvalue()) if json_wanted else captured.getvalue()

    def running(self) -> dict[str, list[str]]:
        """Jobs and deployments that still run."""
        captured = io.StringIO()
        with redirect_stdout(captured):
            amlops(["sandbox", "status", "--output", "json"], standalone_mode=False)
        return {"jobs and deployments": list(json.loads(captured.getvalue())["units"])}


def processes_of(directory: Path) -> list[str]:
    """Processes of a sandbox that outlived it; each of its processes carries its mark."""
    found = processes.marked({processes.SANDBOX_MARK: str(directory)})
    return [f"{pid} {processes.command(pid)}" for pid in found]


def ports_open(state: Path) -> list[str]:
    """Ports of the stopped sandbox at which somebody still answers."""
    found = []
    for name, port in json.loads(state.read_text())["ports"].items():
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                found.append(f"{name} {port}")
    return found


def demonstrate(demo: Demo) -> None:
    """The steps, then the last screen. Raises ClickException where one fails."""
    demo.run("the sandbox starts: an Azure on this machine", "sandbox", "start")
    demo.run("dev is provisioned by Pulumi, guarded by policies", "up", "dev")
    again = demo.run("a second `up` changes nothing", "up", "dev")
    changed = {kind: count for kind, count in again["changes"].items() if kind != "same"}
    if changed:
        raise click.ClickException(f"The second 'up' changed something: {changed}")
    job = demo.run(
        "a job trains on a cluster that starts at zero nodes", "train", "dev",
        str(WORKLOAD / "train.yml"),
    )  # fmt: skip
    demo.run("its model is registered", "models", "register", "dev", MODEL, "--job", job["name"])
    demo.run("the model is deployed", "deploy", "dev", MODEL)
    sample = WORKLOAD / "sample-request.json"
    answer = demo.run(
        "three days are scored over REST", "score", "dev", MODEL, "--data", str(sample)
    )
    demo.run("test is provisioned", "up", "test")
    promoted = demo.run(
        "the model passes the gate and serves in test", "promote", MODEL,
        "--from", "dev", "--to", "test",
    )  # fmt: skip
    left = {}
    for environment in ("test", "dev"):
        group = f"rg-bikes-{environment}"
        left[environment] = demo.run(
            f"{environment} is torn down and purged", "teardown", environment,
            "--yes-delete", group,
        )  # fmt: skip
    left["sandbox"] = demo.running()
    demo.run("the sandbox stops", "sandbox", "stop")
    left["sandbox"] |= {
        "processes": processes_of(default_directory().path),
        "ports": ports_open(default_directory().state),
    }
    _last_screen(demo, job["metrics"], sample, answer, promoted, left)


def _last_screen(
    demo: Demo,
    metrics: dict[str, float],
    sample: Path,
    answer: list[float],
    promoted: dict[str, Any],
    left: dict[str, dict[str, list[str]]],
) -> None:
    out = Console(highlight=False)
    steps = Table("step", title="what happened", title_justify="left", box=None, pad_edge=False)
    steps.add_column("seconds", justify="right")
    for text, seconds in demo.steps:
        steps.add_row(text, f"{seconds:.1f}")
    steps.add_row("[bold]in all[/]", f"[bold]{sum(s for _, s in demo.steps):.1f}[/]")
    out.print()
    out.print(steps)
    rows = json.loads(sample.read_text())
    rows = next(iter(rows.values())) if isinstance(rows, dict) else rows
    scored = Table(title="scored over REST", title_justify="left", box=None, pad_edge=False)
    scored.add_column("day")
    scored.add_column("rentals", justify="right")
    records = _records(rows)
    telling = [key for key in records[0] if len({record[key] for record in records}) > 1][:SHOWN]
    for record, value in zip(records, answer, strict=True):
        scored.add_row(", ".join(f"{key} {record[key]}" for key in telling), f"{value:.0f}")
    out.print()
    out.print(scored)
    out.print(
        f"\non held-out days the model is wrong by [bold]{metrics['rmse']:.1f}[/] rentals a day, "
        f"a predictor that always says the mean by {metrics['baseline_rmse']:.1f}"
    )
    out.print(f"{promoted['model']} served {promoted['endpoint']}")
    found = [f"{env}: {what} {item}" for env, looked in left.items()
             for what, items in looked.items() for item in items]  # fmt: skip
    if found:
        raise click.ClickException("Something is left: " + "; ".join(found))
    looked_for = ", ".join(dict.fromkeys(what for looked in left.values() for what in looked))
    out.print(f"[bold green]nothing left[/] — looked for: {looked_for}")


def _records(rows: Any) -> list[dict[str, Any]]:
    """The rows of a request: a list of objects, or columns and data as pandas splits them."""
    if isinstance(rows, dict) and "columns" in rows:
        return [dict(zip(rows["columns"], values, strict=True)) for values in rows["data"]]
    return list(rows)


def main() -> int:
    try:
        demonstrate(Demo())
    except click.ClickException as error:
        error.show()
        console.print("Mend it and run [bold]make demo[/] again: it goes on from what is there.")
        return error.exit_code
    except (KeyboardInterrupt, click.exceptions.Abort):
        console.print("\nInterrupted. [bold]make demo[/] goes on from what is there.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
