"""Artifact addresses: one form is stored, each client gets the one it understands.

Stored is ``mlflow-artifacts:/EXPERIMENT/RUN/artifacts/P`` (``/EXPERIMENT/models/MODEL/artifacts/P``
for a logged model, ``/registered-models/NAME/VERSION/artifacts/P`` for a model registered by other
means), which a plain client understands. The azureml client knows
``azureml://HOST/mlflow/v2.0{WS}/experiments/EXPERIMENT/runs/RUN/artifacts/P`` and fetches the bytes
through run history.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

REGISTERED = "registered-models"

_STORED = re.compile(
    r"mlflow-artifacts:/+(?:"
    rf"{REGISTERED}/(?P<name>[^/]+)/(?P<version>[^/]+)"
    r"|(?P<model_experiment>[^/]+)/models/(?P<model>[^/]+)"
    r"|(?P<experiment>[^/]+)/(?P<run>[^/]+)"
    r")/artifacts(?:/(?P<path>.*))?"
)
_AZURE = re.compile(
    r"azureml://[^/]+/mlflow/.+/experiments/(?P<experiment>[^/]+)/runs/(?P<run>[^/]+)"
    r"/artifacts(?:/(?P<path>.*))?"
)
# In JSON a quote inside a string is escaped, so nothing that a user wrote can match.
_IN_ANSWER = re.compile(rb'("(?:artifact_uri|source)":\s*")(mlflow-artifacts:/[^"\\]*)"')


@dataclass(frozen=True)
class Artifacts:
    """Artifacts of a run or a logged model (`run`), or of a registered model (`name`)."""

    path: str = ""
    run: str = ""
    experiment: str = "0"
    name: str = ""
    version: str = ""

    @property
    def stored(self) -> str:
        if self.name:
            head = f"{REGISTERED}/{quote(self.name, safe='')}/{quote(self.version, safe='')}"
        elif self.run.startswith("m-"):
            head = f"{self.experiment}/models/{self.run}"
        else:
            head = f"{self.experiment}/{self.run}"
        return f"mlflow-artifacts:/{head}/artifacts" + (f"/{self.path}" if self.path else "")

    def azureml(self, root: str) -> str:
        """`root` is ``HOST/mlflow/v2.0{WS}``."""
        experiment, run = self.experiment, self.run
        if self.name:
            experiment, run = REGISTERED, quote(f"{self.name}:{self.version}", safe=":")
        address = f"azureml://{root}/experiments/{experiment}/runs/{run}/artifacts"
        return address + (f"/{self.path}" if self.path else "")


def parse(address: str) -> Artifacts | None:
    """Either form; None for any other address."""
    if match := _STORED.fullmatch(address):
        path = match["path"] or ""
        if match["name"]:
            return Artifacts(path, name=unquote(match["name"]), version=unquote(match["version"]))
        run = match["model"] or match["run"]
        return Artifacts(path, run, match["model_experiment"] or match["experiment"])
    if match := _AZURE.fullmatch(address):
        path, run = match["path"] or "", unquote(match["run"])
        if match["experiment"] == REGISTERED:
            name, _, version = run.rpartition(":")
            return Artifacts(path, name=name, version=version)
        return Artifacts(path, run, match["experiment"])
    return None


def for_azureml(content: bytes, root: str) -> bytes:
    """MLflow's answer with the addresses that the azureml client understands."""

    def replace(match: re.Match[bytes]) -> bytes:
        found = parse(match[2].decode())
        return match[0] if found is None else match[1] + found.azureml(root).encode() + b'"'

    return _IN_ANSWER.sub(replace, content)
