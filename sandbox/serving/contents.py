"""What a deployment's processes find on disk: the model, the code and their environment."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.arm.errors import ArmError
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource
from sandbox.directory import write_atomically
from sandbox.jobs import environments
from sandbox.jobs.specification import InvalidEnvironmentError, Specification
from sandbox.ml.workspaces import ensure_registry, needs_image, workspace_of
from sandbox.serving.assets import AssetError, download

if TYPE_CHECKING:
    from sandbox.azure import Azure

Log = Callable[[str], None]

SERVER = "azureml-inference-server-http"
SERVER_REQUIREMENT = f"{SERVER}>=1.4"
PYFUNC = Path(__file__).parent / "pyfunc"
INITIALIZER_LOG = "storage-initializer.log"
COMPLETE = "contents.json"


@dataclass(frozen=True)
class Contents:
    """python: the environment's. script: relative to `code`. models: AZUREML_MODEL_DIR, if any."""

    python: Path
    code: Path
    script: str
    models: Path | None


def log_to(path: Path) -> Callable[[str], None]:
    """A log whose lines carry the time."""
    path.parent.mkdir(parents=True, exist_ok=True)

    def write(line: str) -> None:
        with path.open("a") as file:
            file.write(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {line}\n")

    return write


async def fetch(azure: Azure, deployment: Resource, folder: Path) -> Contents:
    """Download model and code below `folder` and build the environment, unless that was done.

    Assets do not change, and a process may already be at work in the folder. Raises ArmError, in
    the words of the service, for what is not there or cannot be built.
    """
    complete = _complete(folder)
    if complete:
        return complete
    log = log_to(folder / INITIALIZER_LOG)
    try:
        models = await _model(azure, deployment, folder, log)
        code, script = await _code(azure, deployment, folder, log)
        specification = await _environment(azure, deployment, folder, models)
        python = await environments.prepare(specification, azure.directory.environments, log)
    except AssetError as error:
        log(str(error))
        raise ArmError(400, "UserError", f"Deployment '{deployment.name}': {error}") from None
    except InvalidEnvironmentError as error:
        log(str(error))
        raise ArmError(
            400, "EnvironmentBuildFailed", f"Deployment '{deployment.name}': {error}"
        ) from None
    found = Contents(python, code, script, models)
    plain = {name: str(value) if value else None for name, value in asdict(found).items()}
    write_atomically(folder / COMPLETE, json.dumps(plain))
    return found


def _complete(folder: Path) -> Contents | None:
    try:
        plain = json.loads((folder / COMPLETE).read_text())
    except FileNotFoundError:
        return None
    models = Path(plain["models"]) if plain["models"] else None
    found = Contents(Path(plain["python"]), Path(plain["code"]), plain["script"], models)
    return found if found.python.exists() else None


def is_mlflow(azure: Azure, deployment: Resource) -> bool:
    """Whether the deployment's model is an MLflow one, which needs neither code nor environment."""
    model = _asset(azure, _model_reference(deployment))
    kind = str(model.properties.get("modelType", "")) if model else ""
    return kind.lower().replace("_", "") == "mlflowmodel"


async def _model(azure: Azure, deployment: Resource, folder: Path, log: Log) -> Path | None:
    model = _asset(azure, _model_reference(deployment))
    if model is None:
        return None
    name, version = model.id.names[-2:]
    target = folder / "azureml-models" / name / version
    log(f"Downloading model {name}:{version} from {model.properties['modelUri']}")
    await download(azure, workspace_of(azure, deployment.id), model.properties["modelUri"], target)
    return target


async def _code(azure: Azure, deployment: Resource, folder: Path, log: Log) -> tuple[Path, str]:
    configuration = deployment.properties.get("codeConfiguration")
    target = folder / "code"
    shutil.rmtree(target, ignore_errors=True)
    if not configuration:
        shutil.copytree(PYFUNC, target)
        return target, "score.py"
    code = _asset(azure, configuration["codeId"])
    if code is None:
        raise AssetError(f"its code '{configuration['codeId']}' was not found")
    log(f"Downloading code from {code.properties['codeUri']}")
    workspace = workspace_of(azure, deployment.id)
    await download(azure, workspace, code.properties["codeUri"], target, into=True)
    script = configuration["scoringScript"]
    if not (target / script).resolve().is_relative_to(target.resolve()):
        raise AssetError(f"its scoring script '{script}' lies outside of its code")
    if not (target / script).is_file():
        raise AssetError(f"its scoring script '{script}' is not in its code")
    return target, script


async def _environment(
    azure: Azure, deployment: Resource, folder: Path, models: Path | None
) -> Specification:
    reference = deployment.properties.get("environmentId")
    if reference:
        asset = _asset(azure, reference)
        if asset and needs_image(asset.properties):
            ensure_registry(azure, workspace_of(azure, deployment.id))
        context = None
        if asset and asset.properties.get("build"):
            context = folder / "context"
            place = asset.properties["build"]["contextUri"]
            workspace = workspace_of(azure, deployment.id)
            await download(azure, workspace, place, context, into=True)
        specification = Specification.of(asset if asset else reference, context)
    else:
        found = next(models.rglob("conda.yaml"), None) if models else None
        if found is None:
            raise InvalidEnvironmentError(
                "the MLflow model has no conda.yaml, so the deployment needs an environment."
            )
        specification = Specification.of({"condaFile": found.read_text()})
    names = {line.lower().replace("_", "-") for line in specification.requirements}
    if any(name.startswith(SERVER) for name in names):
        return specification
    return specification.with_requirements(SERVER_REQUIREMENT)


def _model_reference(deployment: Resource) -> str | None:
    """Online deployments name the model itself, batch deployments an object with its id."""
    model = deployment.properties.get("model")
    return model.get("assetId") if isinstance(model, dict) else model


def _asset(azure: Azure, reference: str | None) -> Resource | None:
    """The asset behind an ARM id; None for anything else."""
    if not reference:
        return None
    if reference.startswith("/"):
        return azure.resources.get(ResourceId.parse(reference.replace("/azureml:", "/")))
    return None
