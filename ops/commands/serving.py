"""`amlops deploy` and `amlops score`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ops import options, screen
from ops.target import enter


@click.command()
@options.placed
@click.argument("model")
@click.option("--endpoint", help="The endpoint's name in the stack file; else the model's name.")
@click.option(
    "--workload",
    type=click.Path(path_type=Path),
    help="Folder with deployment/ and sample-request.json; else workloads/MODEL.",
)
def deploy(
    environment: str,
    target: str,
    output: str,
    model: str,
    endpoint: str | None,
    workload: Path | None,
) -> None:
    """Deploy MODEL (NAME or NAME:VERSION) in ENV beside the live one, try it, switch to it."""
    from ops import deployments, models
    from ops.platform import Platform

    screen.header(target, environment, f"deploy {model}")
    name, version = models.split(model)
    folder = deployments.Workload(workload) if workload else deployments.Workload.of(name)
    platform = Platform.of(enter(target), environment)
    found = models.get(platform, name, version)
    done = deployments.deploy(platform, found, folder, endpoint or name)
    text = f"{done.model} serves {done.endpoint} as '{done.deployment}'"
    screen.result(done.data(), output, text)


@click.command()
@options.placed
@click.argument("endpoint")
@click.option("--data", "file", required=True, type=click.Path(path_type=Path),
              help="A JSON file, as the deployment's scoring script takes it.")  # fmt: skip
@click.option("--deployment", help="Ask this deployment, whatever its traffic.")
def score(
    environment: str, target: str, output: str, endpoint: str, file: Path, deployment: str | None
) -> None:
    """Send a request to ENDPOINT of ENV and print the answer."""
    from ops import deployments
    from ops.platform import Platform

    screen.header(target, environment, f"score {endpoint}")
    platform = Platform.of(enter(target), environment)
    answer = deployments.score(platform, platform.endpoint(endpoint), file, deployment)
    screen.result(answer, output, json.dumps(answer))
