"""The variables with which unmodified clients find the sandbox instead of Azure."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from sandbox.directory import Directory, checkout
from sandbox.subscriptions import Subscriptions

PROXY = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
TRUST = (
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
)
NO_PROXY = ("NO_PROXY", "no_proxy")
PROVIDER, OFFICIAL = "AMLOPS_PROVIDER", "official"
"""With this value the sandbox leaves Azure's plugin to Pulumi: the vendor's, where installed."""
SUBSCRIPTION = "AZURE_SUBSCRIPTION_ID"
OUTER = "AMLOPS_OUTER_"
"""Prefix under which the user's own proxy settings are kept inside the environment."""


def client_environment(directory: Directory) -> dict[str, str]:
    """What `amlops sandbox env` exports. Raises FileNotFoundError before the first start."""
    secrets = json.loads(directory.secrets.read_text())
    port = json.loads(directory.state.read_text())["ports"]["gateway"]
    outer = without_sandbox(os.environ)
    environment = {
        **dict.fromkeys(PROXY, f"http://127.0.0.1:{port}"),
        **dict.fromkeys(NO_PROXY, "127.0.0.1,localhost"),
        **dict.fromkeys(TRUST, str(directory.ca_bundle)),
        **{OUTER + name: outer.get(name, "") for name in (*PROXY, *NO_PROXY, *TRUST)},
        "AMLOPS_TARGET": "sandbox",
        "PULUMI_BACKEND_URL": f"file://{directory.pulumi}",
        "PULUMI_CONFIG_PASSPHRASE": secrets["passphrase"],
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "AMLOPS_SANDBOX_DIR": str(directory),
    }
    login = {**secrets, "subscription_id": _subscription(directory, secrets["subscription_id"])}
    for field in ("tenant_id", "client_id", "client_secret", "subscription_id"):
        environment[f"AZURE_{field.upper()}"] = login[field]
        environment[f"ARM_{field.upper()}"] = login[field]
    # The stand-in for the Azure plugin is on no other PATH: it must never meet a real subscription.
    stand_ins, tools = (str(checkout() / ".tools" / folder) for folder in ("stand-ins", "bin"))
    others = outer.get("PATH", "").split(os.pathsep)
    path = [tools, *(part for part in others if part not in (stand_ins, tools))]
    if os.environ.get(PROVIDER) != OFFICIAL:
        path.insert(0, stand_ins)
    environment["PATH"] = os.pathsep.join(path)
    return environment


def _subscription(directory: Directory, first: str) -> str:
    """The one that is chosen where the sandbox has it: elsewhere one may work in Azure's own."""
    chosen = os.environ.get(SUBSCRIPTION, "")
    return chosen if Subscriptions(directory, first).name(chosen) else first


def without_sandbox(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment as it was outside of a sandbox's: the user's own proxy and certificates."""
    result = {
        name: value
        for name, value in environment.items()
        if not name.startswith(OUTER) and name not in ("AMLOPS_SANDBOX", "AMLOPS_UNIT")
    }
    for name in (*PROXY, *NO_PROXY, *TRUST):
        if OUTER + name in environment:
            result.pop(name, None)
            if environment[OUTER + name]:
                result[name] = environment[OUTER + name]
    return result
