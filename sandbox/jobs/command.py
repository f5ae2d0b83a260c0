"""What a job's process is told: its command with all expressions replaced, its variables."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from sandbox.directory import Directory
from sandbox.environment import NO_PROXY, PROXY, TRUST
from sandbox.jobs.plan import Plan

_OPTIONAL = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)
_EXPRESSION = re.compile(r"\$\{\{\s*(inputs|outputs)\.([\w-]+)\s*\}\}")
_KEPT = ("LANG", "LC_ALL", "TZ", "TMPDIR", "AMLOPS_SANDBOX", "AMLOPS_UNIT")


def substitute(text: str, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> str:
    """Replace ``${{inputs.x}}`` and ``${{outputs.y}}``.

    A part in ``$[[…]]`` falls away when an input that it names was not given. Raises KeyError for
    a name outside of such a part that is not there.
    """
    values = {"inputs": inputs, "outputs": outputs}

    def value(match: re.Match[str]) -> str:
        return values[match[1]][match[2]]

    def optional(match: re.Match[str]) -> str:
        missing = any(name not in values[kind] for kind, name in _EXPRESSION.findall(match[1]))
        return "" if missing else match[1]

    return _EXPRESSION.sub(value, _OPTIONAL.sub(optional, text))


def unknown(text: str, inputs: Collection[str], outputs: Collection[str]) -> list[str]:
    """What `substitute` would not find: ``inputs.x``, ``outputs.y``, outside of optional parts."""
    known = {"inputs": inputs, "outputs": outputs}
    named = _EXPRESSION.findall(_OPTIONAL.sub("", text))
    return [f"{kind}.{name}" for kind, name in named if name not in known[kind]]


def variables(
    plan: Plan,
    directory: Directory,
    *,
    home: Path,
    python: Path,
    experiment_id: str,
    inputs: Mapping[str, str],
    outputs: Mapping[str, str],
) -> dict[str, str]:
    """The whole environment of the job's process; nothing of the user's own secrets is in it."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    bin_folder = python.parent
    return {
        **kept,
        "PATH": f"{bin_folder}:{os.environ.get('PATH', os.defpath)}",
        "VIRTUAL_ENV": str(bin_folder.parent),
        "HOME": str(home / "home"),
        "PYTHONUNBUFFERED": "1",
        **_network(directory),
        **_azure_ml(plan, experiment_id),
        **plan.managed_identity,
        **_tracking(plan, bin_folder.parent, experiment_id),
        **{f"AZURE_ML_INPUT_{name}": value for name, value in inputs.items()},
        **{f"AZURE_ML_OUTPUT_{name}": value for name, value in outputs.items()},
        **{name: substitute(text, inputs, outputs) for name, text in plan.variables.items()},
    }


def gateway(directory: Directory) -> str:
    port = json.loads(directory.state.read_text())["ports"]["gateway"]
    return f"http://127.0.0.1:{port}"


def _network(directory: Directory) -> dict[str, str]:
    """What lets unmodified clients find the sandbox."""
    return {
        **dict.fromkeys(PROXY, gateway(directory)),
        **dict.fromkeys(NO_PROXY, "127.0.0.1,localhost"),
        **dict.fromkeys(TRUST, str(directory.ca_bundle)),
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def _azure_ml(plan: Plan, experiment_id: str) -> dict[str, str]:
    _, _, subscription, _, group, *_, workspace = plan.scope.split("/")
    endpoint = f"https://{plan.host}"
    context = {
        "subscription_id": subscription,
        "resource_group": group,
        "workspace_name": workspace,
        "workspace_id": plan.workspace_id,
        "tracking_uri": f"azureml://{plan.host}/mlflow/v1.0{plan.scope}",
    }
    return {
        "AZUREML_RUN_ID": plan.name,
        "AZUREML_ROOT_RUN_ID": plan.name,
        "AZUREML_ARM_SUBSCRIPTION": subscription,
        "AZUREML_ARM_RESOURCEGROUP": group,
        "AZUREML_ARM_WORKSPACE_NAME": workspace,
        "AZUREML_ARM_PROJECT_NAME": plan.experiment,
        "AZUREML_WORKSPACE_ID": plan.workspace_id,
        "AZUREML_WORKSPACE_SCOPE": plan.scope,
        "AZUREML_EXPERIMENT_NAME": plan.experiment,
        "AZUREML_EXPERIMENT_ID": experiment_id,
        "AZUREML_EXPERIMENT_SCOPE": f"{plan.scope}/experiments/{plan.experiment}",
        "AZUREML_SERVICE_ENDPOINT": endpoint,
        "AZUREML_DISCOVERY_SERVICE_ENDPOINT": f"{endpoint}/discovery",
        "AZUREML_RUN_TOKEN": plan.run_token,
        "AZUREML_NODE_COUNT": "1",
        "AZUREML_CR_AZUREML_CONTEXT": json.dumps(context),
        "AZUREML_CR_COMPUTE_CONTEXT": json.dumps({"cluster_name": "", "node_count": 1}),
        "AZURE_TENANT_ID": plan.tenant,
    }


def _tracking(plan: Plan, environment: Path, experiment_id: str) -> dict[str, str]:
    """Azure ML's own address where its MLflow plug-in is installed, else the plain one."""
    plugin = any(environment.glob("lib/python*/site-packages/azureml_mlflow-*.dist-info"))
    scheme = "azureml" if plugin else "https"
    return {
        "MLFLOW_TRACKING_URI": f"{scheme}://{plan.host}/mlflow/v1.0{plan.scope}",
        "MLFLOW_TRACKING_TOKEN": plan.run_token,
        "MLFLOW_RUN_ID": plan.name,
        "MLFLOW_EXPERIMENT_ID": experiment_id,
        "MLFLOW_EXPERIMENT_NAME": plan.experiment,
    }
