"""Online and batch endpoints."""

from __future__ import annotations

from policies.checks.conditions import Findings, has_identity, must_be, must_not_be, shown
from policies.resource import Resource


def endpoint_tokens(endpoint: Resource) -> Findings:
    return must_not_be(endpoint, "properties.authMode", "Key", unset="Key")


def endpoint_public_access_off(endpoint: Resource) -> Findings:
    return must_be(endpoint, "properties.publicNetworkAccess", "Disabled")


def endpoint_user_assigned_identity(endpoint: Resource) -> Findings:
    if not has_identity(endpoint, "UserAssigned"):
        yield f"identity.type is {shown(endpoint.get('identity.type'))}"


def batch_endpoint_tokens(endpoint: Resource) -> Findings:
    return must_be(endpoint, "properties.authMode", "AADToken")
