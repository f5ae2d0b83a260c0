"""The identities of the pipelines, as docs/pipelines.md has a team make them.

Each has the roles of `pipelines/rights.yaml` and no others, and a federated credential for what its
jobs are.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.pipelines.services import AUDIENCE
from tests.sandbox.conftest import RunningSandbox

RIGHTS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[2] / "pipelines" / "rights.yaml").read_text()
)
AUTHORIZATION = "providers/Microsoft.Authorization"


def roles_of(name: str, *, only: str = "") -> list[tuple[str, str]]:
    """Role and where, of one identity; those for special stacks where `only` says what these do."""
    return [
        (row["role"], row["at"])
        for row in RIGHTS
        if name in row["for"] and ("only" not in row or (only and only in row["only"]))
    ]


@dataclass(frozen=True)
class Identities:
    """`subject` is whom the pipeline service's tokens name."""

    sandbox: RunningSandbox
    backend: dict[str, str]
    issuer: str
    subject: str

    def make(self) -> dict[str, str]:
        """Their client ids, by whom they are for."""
        group = f"{self._root}/resourceGroups/rg-pipelines"
        self._put(group, {"location": "eastus"}, "2025-04-01")
        names = dict.fromkeys(name for row in RIGHTS for name in row["for"])
        return {name: self._identity(group, name) for name in names}

    @property
    def _root(self) -> str:
        return f"/subscriptions/{self.sandbox.subscription}"

    def _identity(self, group: str, name: str) -> str:
        kind = "Microsoft.ManagedIdentity/userAssignedIdentities"
        at = f"{group}/providers/{kind}/id-amlops-{name}"
        made = self._put(at, {"location": "eastus"}, "2024-11-30")["properties"]
        credential = {"issuer": self.issuer, "subject": self.subject, "audiences": [AUDIENCE]}
        place = f"{at}/federatedIdentityCredentials/pipeline"
        self._put(place, {"properties": credential}, "2024-11-30")
        for role, at in roles_of(name):
            self._grant(str(made["principalId"]), role, self._scopes[at])
        return str(made["clientId"])

    @property
    def _scopes(self) -> dict[str, str]:
        state = f"{self._root}/resourceGroups/{self.backend['group']}/providers"
        account, vault = self.backend["account"], self.backend["vault"]
        return {
            "the subscription": self._root,
            "the account of Pulumi's state": f"{state}/Microsoft.Storage/storageAccounts/{account}",
            "the vault of Pulumi's key": f"{state}/Microsoft.KeyVault/vaults/{vault}",
        }

    def _grant(self, principal: str, role: str, scope: str) -> None:
        properties = {
            "principalId": principal,
            "principalType": "ServicePrincipal",
            "roleDefinitionId": role_id(self.sandbox, role),
        }
        at = f"{scope}/{AUTHORIZATION}/roleAssignments/{uuid.uuid4()}"
        self._put(at, {"properties": properties}, "2022-04-01")

    def _put(self, path: str, body: dict[str, Any], version: str) -> dict[str, Any]:
        done = self.sandbox.arm("PUT", path, body, version=version)
        assert done.is_success, done.text
        found: dict[str, Any] = done.json()
        return found


def role_id(sandbox: RunningSandbox, role: str) -> str:
    """The id of a built-in role, found by its name as `az role assignment create` does."""
    path = f"/subscriptions/{sandbox.subscription}/{AUTHORIZATION}/roleDefinitions"
    asked = sandbox.arm("GET", path, version="2022-04-01").json()["value"]
    (found,) = [item["id"] for item in asked if item["properties"]["roleName"] == role]
    return str(found)
