"""Resource groups, and who may do what to them: identities, roles, grants, locks."""

from __future__ import annotations

from typing import Any

from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.authorization import models as authorization_models
from azure.mgmt.msi import ManagedServiceIdentityClient
from azure.mgmt.msi import models as identity_models
from azure.mgmt.resource.locks import ManagementLockClient
from azure.mgmt.resource.locks import models as lock_models
from azure.mgmt.resource.resources import ResourceManagementClient
from pulumi_azure_native import authorization, managedidentity, resources

from tests.sandbox.provider.recordings.recorder import GROUP, STORAGE, SUBSCRIPTION, Pair

ROLES = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"
PLACE: dict[str, Any] = {"location": "eastus", "tags": {"a": "b"}}
LOCK: dict[str, Any] = {"level": "CanNotDelete", "notes": "why"}
GRANT: dict[str, Any] = {
    "principal_id": SUBSCRIPTION,
    "principal_type": "ServicePrincipal",
    "role_definition_id": f"{ROLES}/r",
    "description": "why",
}
ROLE: dict[str, Any] = {
    "role_name": "Deployer",
    "role_type": "CustomRole",
    "description": "deploys",
    "assignable_scopes": [GROUP],
}
ACTIONS: dict[str, Any] = {"actions": ["a/read"], "data_actions": ["b/read"]}

PAIRS: dict[str, Pair] = {
    "group": Pair(
        "resources:ResourceGroup",
        resources.ResourceGroupArgs(resource_group_name="rg", **PLACE),
        ResourceManagementClient,
        lambda c: c.resource_groups.create_or_update("rg", PLACE),
    ),
    "identity": Pair(
        "managedidentity:UserAssignedIdentity",
        managedidentity.UserAssignedIdentityArgs(
            resource_group_name="rg", resource_name="id", **PLACE
        ),
        ManagedServiceIdentityClient,
        lambda c: c.user_assigned_identities.create_or_update(
            "rg", "id", identity_models.Identity(**PLACE)
        ),
    ),
    "grant": Pair(
        "authorization:RoleAssignment",
        authorization.RoleAssignmentArgs(scope=STORAGE, role_assignment_name=SUBSCRIPTION, **GRANT),
        AuthorizationManagementClient,
        lambda c: c.role_assignments.create(
            STORAGE,
            SUBSCRIPTION,
            authorization_models.RoleAssignmentCreateParameters(**GRANT),
        ),
    ),
    "role": Pair(
        "authorization:RoleDefinition",
        authorization.RoleDefinitionArgs(
            scope=GROUP,
            role_definition_id="r",
            permissions=[authorization.PermissionArgs(**ACTIONS)],
            **ROLE,
        ),
        AuthorizationManagementClient,
        lambda c: c.role_definitions.create_or_update(
            GROUP,
            "r",
            authorization_models.RoleDefinition(
                permissions=[authorization_models.Permission(**ACTIONS)], **ROLE
            ),
        ),
    ),
    "lock": Pair(
        "authorization:ManagementLockByScope",
        authorization.ManagementLockByScopeArgs(scope=STORAGE, lock_name="keep", **LOCK),
        ManagementLockClient,
        lambda c: c.management_locks.create_or_update_by_scope(
            STORAGE, "keep", lock_models.ManagementLockObject(**LOCK)
        ),
    ),
    "lock of a group": Pair(
        "authorization:ManagementLockAtResourceGroupLevel",
        authorization.ManagementLockAtResourceGroupLevelArgs(
            resource_group_name="rg", lock_name="keep", **LOCK
        ),
        ManagementLockClient,
        lambda c: c.management_locks.create_or_update_at_resource_group_level(
            "rg", "keep", lock_models.ManagementLockObject(**LOCK)
        ),
    ),
}
