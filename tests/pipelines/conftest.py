"""A sandbox in the place of Azure, and what stands in for the two services, for both systems."""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.clock import Clock
from sandbox.identity import Identity
from sandbox.login.tokens import mint
from tests import checkout
from tests.pipelines import azure_devops, github
from tests.pipelines.identities import Identities
from tests.pipelines.machine import Machine, variables_of
from tests.pipelines.services import AUDIENCE, BEARER, CONNECTION, Services
from tests.sandbox.conftest import RunningSandbox, start_sandbox

__all__ = ["start_sandbox"]

ROOT = Path(__file__).parents[2]
PULL_REQUEST = "123"


@dataclass
class Fork:
    """A repository with its services, one sandbox as its subscription, and its runs."""

    sandbox: RunningSandbox
    services: Services
    folder: Path
    backend: dict[str, str]
    """What `amlops bootstrap` has made."""
    clients: dict[str, str]
    """The client ids of the pipelines' identities, by whom they are for."""
    runs: dict[str, Any] = field(default_factory=dict)
    _count: Iterator[int] = field(default_factory=itertools.count)

    @property
    def settings(self) -> dict[str, str]:
        """What a team sets up once: addresses and ids, no secret."""
        known = self.sandbox.environment
        names = ("AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID")
        return {
            "AZURE_CLIENT_ID": self.clients["preview"],
            **{name: known[name] for name in names},
            "PULUMI_BACKEND_URL": self.backend["backend"],
            "PULUMI_SECRETS_PROVIDER": self.backend["secrets_provider"],
        }

    def machine(self) -> Machine:
        """An agent that has run nothing yet."""
        return Machine(
            self.folder / f"agent-{next(self._count)}", variables_of(self.sandbox.environment)
        )

    def on_github(self, file: str, started: str = "push", **more: Any) -> github.Run:
        context = {
            "api_url": f"{self.services.address}/api",
            "repository": "team/fork",
            "ref": "refs/heads/main",
            "event_name": started,
            "token": BEARER,
            **more,
        }
        oidc = {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.services.address}/github/token",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER,
        }
        own = {name: {"AZURE_CLIENT_ID": client} for name, client in self.clients.items()}
        event = github.Event(context, self.settings, own, oidc, self.machine)
        return github.Run(ROOT / ".github" / "workflows" / file, event).start()

    def pull_request(self, file: str, action: str = "opened", *labels: str) -> github.Run:
        event = {
            "action": action,
            "pull_request": {
                "number": int(PULL_REQUEST),
                "labels": [{"name": label} for label in labels],
                "head": {"repo": {"full_name": "team/fork"}},
            },
        }
        ref = f"refs/pull/{PULL_REQUEST}/merge"
        return self.on_github(file, "pull_request", event=event, ref=ref)

    def on_azure_devops(self, file: str, **predefined: str) -> azure_devops.Run:
        known = {
            "TF_BUILD": "True",
            "Build.Repository.ID": "fork",
            "System.CollectionUri": f"{self.services.address}/team/",
            "System.TeamProject": "fork",
            "System.OidcRequestUri": f"{self.services.address}/oidc",
            "Pipeline.Workspace": str(self.folder),
            "System.PullRequest.IsFork": "False",
            "ENVIRONMENTS_OF_PULL_REQUESTS": "",
            **predefined,
        }
        settings = self.settings
        del settings["AZURE_CLIENT_ID"]
        connections = {
            f"amlops-{name}": {
                "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": CONNECTION,
                "AZURESUBSCRIPTION_CLIENT_ID": client,
                "AZURESUBSCRIPTION_TENANT_ID": settings["AZURE_TENANT_ID"],
            }
            for name, client in self.clients.items()
        }
        del settings["AZURE_TENANT_ID"]
        event = azure_devops.Event(
            known,
            groups=dict.fromkeys(connections, settings),
            connections=connections,
            secrets={"System.AccessToken": BEARER},
            machine=self.machine,
        )
        path = ROOT / "pipelines" / "azure-devops" / file
        return azure_devops.Run(path, ROOT, event).start()

    def advance(self, step: timedelta) -> None:
        self.sandbox.advance(step)


@pytest.fixture(scope="module")
def fork(start_sandbox: Callable[..., RunningSandbox]) -> Iterator[Fork]:
    """Each system has a subscription of its own."""
    sandbox = start_sandbox()
    identity, clock = Identity.open(sandbox.directory), Clock(sandbox.directory.clock)

    def sign() -> str:
        return mint(
            identity,
            clock,
            audience=AUDIENCE,
            principal_id=identity.principal_id,
            client_id=identity.client_id,
        )

    services = Services(sign)
    folder = Path(tempfile.mkdtemp(prefix="amlops-pipe-"))
    made = checkout.amlops(
        ROOT, "bootstrap", "--output", "json", AMLOPS_SANDBOX_DIR=str(sandbox.directory)
    )
    assert made.returncode == 0, made.stderr
    backend = json.loads(made.stdout)
    clients = Identities(sandbox, backend, identity.issuer, identity.principal_id).make()
    yield Fork(sandbox, services, folder, backend, clients)
    services.stop()
    shutil.rmtree(folder, ignore_errors=True)
