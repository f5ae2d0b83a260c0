"""Which identity and which group may do what, each grant with its reason: least privilege."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

import pulumi

from infra.datastores import Home
from infra.foundation import Foundation
from infra.identities import Identities
from infra.names import Names
from infra.registry import Registry
from infra.role_assignments import Grant
from infra.settings import DELEGATE, Access, Datastore, Stack, StorageDatastore, table
from infra.storage import Account
from infra.workspace import Workspace

DEPLOYER = "Deployer"
"""As in role-definitions.yaml."""
OF_ENDPOINTS = "Who switches an endpoint's traffic writes its identity along with it."


def _grant_to(
    who: str,
    principal: pulumi.Input[str],
    key: str,
    role: str,
    scope: pulumi.Input[str],
    why: str,
) -> Grant:
    """A grant to one of the environment's own identities."""
    return Grant(f"{who}-{key}", principal, "ServicePrincipal", role, scope, why)


def workspace_grants(
    foundation: Foundation, storage: Account, registry: Registry | None, identities: Identities
) -> list[Grant]:
    grant = partial(_grant_to, "workspace", identities.workspace.principal_id)

    grants = [
        grant(
            "storage",
            "Contributor",
            storage.account.id,
            "The workspace makes its own containers and file shares.",
        ),
        grant(
            "blobs",
            "Storage Blob Data Contributor",
            storage.account.id,
            "The workspace keeps code, logs, outputs and models in blobs.",
        ),
        grant(
            "files",
            "Storage File Data Privileged Contributor",
            storage.account.id,
            "The workspace keeps notebooks in a file share, without the account's key.",
        ),
        grant(
            "secrets",
            "Key Vault Administrator",
            foundation.vault.id,
            "The workspace keeps the secrets of its connections and endpoints in the vault.",
        ),
        grant(
            "vault",
            "Contributor",
            foundation.vault.id,
            "The service wants to see and set the vault itself, beside what is in it.",
        ),
        grant(
            "insights",
            "Contributor",
            foundation.insights.id,
            "The workspace sends the telemetry of deployments to Application Insights.",
        ),
    ]
    if registry:
        grants.append(
            grant(
                "registry",
                "Contributor",
                registry.registry.id,
                "The workspace builds the images of environments in the registry.",
            )
        )
    return grants


def own_grants(workspace: Workspace, identities: Identities) -> list[Grant]:
    """What the workspace's identity may do with the workspace itself."""
    why = "The service acts in the workspace as this identity."
    principal = identities.workspace.principal_id
    return [_grant_to("workspace", principal, "itself", "Contributor", workspace.workspace.id, why)]


def compute_grants(
    storage: Account, workspace: Workspace, images: pulumi.Input[str], identities: Identities
) -> list[Grant]:
    return job_grants("compute", identities.compute.principal_id, storage, workspace, images)


def job_grants(
    who: str,
    principal: pulumi.Input[str],
    storage: Account,
    workspace: Workspace,
    images: pulumi.Input[str],
) -> list[Grant]:
    """What jobs need that act as this principal.

    `images` is the id of the container registry, or of the group in which the service makes one.
    """
    grant = partial(_grant_to, who, principal)

    # "Disable shared key access for your workspace's storage account", Microsoft Learn.
    parallel = [
        grant(
            kind.lower() + "s",
            f"Storage {kind} Data Contributor",
            storage.account.id,
            "Parallel jobs keep there what is left to do, without the account's key.",
        )
        for kind in ("Queue", "Table")
        if storage.keyless
    ]
    return [
        grant(
            "blobs",
            "Storage Blob Data Contributor",
            storage.account.id,
            "Jobs read their inputs and write their outputs and logs.",
        ),
        *parallel,
        grant(
            "workspace",
            "AzureML Data Scientist",
            workspace.workspace.id,
            "Jobs log metrics to the workspace's MLflow and register models.",
        ),
        grant("registry", "AcrPull", images, "Nodes pull the images of jobs."),
    ]


def system_grants(
    principals: Mapping[str, pulumi.Input[str]],
    datastores: Mapping[str, Datastore],
    homes: Mapping[str, Home],
    storage: Account,
    workspace: Workspace,
    images: pulumi.Input[str],
) -> list[Grant]:
    """What computes need that have identities of their own: `principals` by their names."""
    named = {f"compute-{key}": principal for key, principal in principals.items()}
    jobs = [
        grant
        for who, principal in named.items()
        for grant in job_grants(who, principal, storage, workspace, images)
    ]
    return [*jobs, *data_grants(datastores, homes, named)]


def endpoint_grants(
    storage: Account, workspace: Workspace, images: pulumi.Input[str], identities: Identities
) -> list[Grant]:
    """Azure gives the same by itself only to identities that it makes with an endpoint."""
    grant = partial(_grant_to, "endpoint", identities.endpoint.principal_id)

    return [
        grant(
            "blobs",
            "Storage Blob Data Reader",
            storage.account.id,
            "Deployments fetch their model and scoring code.",
        ),
        grant("registry", "AcrPull", images, "Deployments pull their image."),
        grant(
            "metrics",
            "AzureML Metrics Writer (preview)",
            workspace.workspace.id,
            "Deployments write the metrics of their endpoint.",
        ),
    ]


def data_grants(
    datastores: Mapping[str, Datastore],
    homes: Mapping[str, Home],
    principals: Mapping[str, pulumi.Input[str]],
) -> list[Grant]:
    """What the workspace (`workspace`) and those that jobs act as (by other names) need on the data
    that datastores without a secret lead to.

    Two datastores on one place share a grant. Blobs of the environment's own account are left
    out: all of them have those anyway.
    """
    reasons: dict[tuple[str, str, str], list[str]] = {}
    scopes: dict[tuple[str, str, str], tuple[pulumi.Input[str], str]] = {}
    for key, home in homes.items():
        datastore = datastores[key]
        assert isinstance(datastore, StorageDatastore)
        if datastore.auth != "identity" or (home.label, datastore.kind) == ("own", "blob"):
            continue
        kind = table("datastore-kinds.yaml")[datastore.kind]
        scope = str(kind["scope"]).format(datastore.place)
        grant = (home.label, scope, kind["read" if datastore.read_only else "write"])
        reasons.setdefault(grant, []).append(key)
        scopes[grant] = (_below(home, scope), home.subscription)
    return [
        Grant(
            key="-".join([who, "data", label, *scope.split("/")[-1:], role.split()[-1].lower()]),
            principal_id=principal,
            principal_type="ServicePrincipal",
            role=role,
            scope=scopes[label, scope, role][0],
            why=f"Datastore {', '.join(keys)}: {_does(who)}, without a key.",
            subscription=scopes[label, scope, role][1],
        )
        for (label, scope, role), keys in reasons.items()
        for who, principal in principals.items()
        # The workspace keeps its notebooks in a share of the same account.
        if (who, label, role) != ("workspace", "own", "Storage File Data Privileged Contributor")
    ]


def _below(home: Home, scope: str) -> pulumi.Output[str]:
    """By way of the place: what is made has to be there before a role is given on it."""
    both = pulumi.Output.all(home.account_id, home.place)
    return both.apply(lambda found: f"{found[0]}{scope}")


def _does(who: str) -> str:
    return "the workspace shows its data" if who == "workspace" else "jobs work with its data"


def access_grants(
    settings: Stack,
    names: Names,
    scopes: Mapping[str, pulumi.Input[str]],
    endpoint_identity: pulumi.Input[str] | None = None,
) -> list[Grant]:
    """What the stack file gives to people and pipelines; `scopes` by the names `on` may have.

    Azure knows a grant by who, what and where, and makes no second one of the same. So its key says
    these, not what the stack file calls the entry: under another name it is the same grant.
    """
    there = {**scopes, "endpoint_identity": endpoint_identity}
    grants: dict[str, Grant] = {}
    for key, access in settings.access.items():
        why = access.why or f"`access.{key}` in the stack file."
        for former, role, on in _wanted(access, endpoint_identity is not None):
            where = f"{access.principal.lower()}-{on.replace('_', '-')}"
            name = f"access-{where}-{_hyphenated(role)}"
            scope = there[on]
            assert scope is not None
            grants[name] = Grant(
                name,
                access.principal,
                access.type,
                role,
                scope,
                why if on != "endpoint_identity" else OF_ENDPOINTS,
                condition=_only(access.may_grant, names) if role == DELEGATE else None,
                formerly=f"access-{key}-{former}",
            )
    return list(grants.values())


def _wanted(access: Access, endpoints: bool) -> Iterator[tuple[str, str, str]]:
    """What an entry gives: its name within the entry, the role, and on what."""
    yield from ((_hyphenated(role), role, access.scope) for role in access.roles)
    if DEPLOYER in access.roles and endpoints:
        yield "endpoint-identity", "Managed Identity Operator", "endpoint_identity"
    if access.may_grant:
        yield "may-grant", DELEGATE, access.scope


def _hyphenated(role: str) -> str:
    return role.lower().replace(" ", "-")


def _only(roles: Iterable[str], names: Names) -> str:
    """The condition that holds who may grant to these roles: "Delegate Azure role assignment
    management to others with conditions", Microsoft Learn.
    """
    known = table("roles.yaml")
    ids = ", ".join(sorted(known.get(role) or names.role_definition(role) for role in roles))
    return " AND ".join(
        f"((!(ActionMatches{{'Microsoft.Authorization/roleAssignments/{verb}'}})) OR "
        f"({of}[Microsoft.Authorization/roleAssignments:RoleDefinitionId] "
        f"ForAnyOfAnyValues:GuidEquals {{{ids}}}))"
        for verb, of in (("write", "@Request"), ("delete", "@Resource"))
    )
