"""Grants that let a workspace's managed network have its private endpoints approved."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from infra.identities import Identities
from infra.role_assignments import Grant
from infra.settings import Network

ROLE = "Azure AI Enterprise Network Connection Approver"


def approval_grants(
    network: Network, own: Mapping[str, pulumi.Input[str]], identities: Identities
) -> list[Grant]:
    """Grants of the workspace's identity on what its managed network has endpoints to.

    `own` are the ids of what the workspace stands on, by a name; what `network.rules` lead to
    comes on top. The service makes the endpoints as that identity and approves them itself.
    """
    if network.mode != "managed":
        return []
    ruled = {f"rule-{key}": rule.resource for key, rule in network.rules.items() if rule.resource}
    return [
        Grant(
            f"workspace-approve-{key}",
            identities.workspace.principal_id,
            "ServicePrincipal",
            ROLE,
            scope,
            "The workspace's managed network reaches it by a private endpoint, which is approved.",
        )
        for key, scope in {**own, **ruled}.items()
    ]
