"""Storage accounts and their containers."""

from __future__ import annotations

import re

from policies.checks.conditions import (
    Findings,
    is_private,
    must_be,
    must_be_at_least,
    must_be_in,
    must_not_be,
    same,
    shown,
)
from policies.checks.network import reachable_privately
from policies.resource import Resource, Stack

BLOB_SERVICE = "storage:BlobServiceProperties"
_PERIOD = re.compile(r"(\d+)\.(\d{1,2}):(\d{2}):(\d{2})")


def storage_https_only(account: Resource) -> Findings:
    return must_be(account, "enableHttpsTrafficOnly", True, unset=True)


def storage_minimum_tls(account: Resource) -> Findings:
    return must_be(account, "minimumTlsVersion", "TLS1_2", "TLS1_3")


def storage_no_public_blobs(account: Resource) -> Findings:
    return must_be(account, "allowBlobPublicAccess", False)


def storage_private_containers(container: Resource) -> Findings:
    return must_be(container, "publicAccess", "None", unset="None")


def storage_public_access_off(account: Resource) -> Findings:
    return must_be(account, "publicNetworkAccess", "Disabled")


def storage_default_deny(account: Resource) -> Findings:
    if not is_private(account):
        yield from must_be(account, "networkRuleSet.defaultAction", "Deny")


def storage_trusted_services(account: Resource) -> Findings:
    bypass = account.get("networkRuleSet.bypass")
    services = str(bypass or "AzureServices").casefold().replace(" ", "").split(",")
    if "azureservices" not in services:
        yield f"networkRuleSet.bypass is {shown(bypass)}"


def storage_private_endpoint(account: Resource, stack: Stack) -> Findings:
    return reachable_privately(account, stack)


def storage_shared_keys_off(account: Resource) -> Findings:
    return must_be(account, "allowSharedKeyAccess", False)


def storage_signature_expiry(account: Resource) -> Findings:
    if account.get("allowSharedKeyAccess") is False:
        return
    period = account.get("sasPolicy.sasExpirationPeriod")
    days = account.parameters.sas_days
    match = _PERIOD.fullmatch(period or "")
    if not match:
        yield f"sasPolicy.sasExpirationPeriod is {shown(period)}, allowed are {days} days at most"
        return
    whole, *rest = (int(part) for part in match.groups())
    if whole > days or (whole == days and any(rest)):
        yield f"sasPolicy.sasExpirationPeriod is {period}, allowed are {days} days at most"


def storage_local_users_off(account: Resource) -> Findings:
    yield from must_not_be(account, "isLocalUserEnabled", True)
    yield from must_not_be(account, "isSftpEnabled", True)


def storage_one_tenant(account: Resource) -> Findings:
    return must_be(account, "allowCrossTenantReplication", False)


def storage_sku_allowed(account: Resource) -> Findings:
    return must_be_in(account, "sku.name", account.parameters.storage_skus)


def storage_soft_delete(account: Resource, stack: Stack) -> Findings:
    services = stack.referring(account, BLOB_SERVICE, "accountName")
    if not services:
        yield "no blob service with deleteRetentionPolicy is declared for it"
    for service in services:
        for policy in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy"):
            if service.get(f"{policy}.enabled"):
                days = account.parameters.storage_soft_delete_days
                yield from must_be_at_least(service, f"{policy}.days", days)
            else:
                yield f"{policy} of {service.name} is not enabled"


def storage_versioning(service: Resource) -> Findings:
    return must_be(service, "isVersioningEnabled", True)


def storage_customer_key(account: Resource) -> Findings:
    if not same(account.get("encryption.keySource"), "Microsoft.Keyvault"):
        yield f"encryption.keySource is {shown(account.get('encryption.keySource'))}"


def storage_infrastructure_encryption(account: Resource) -> Findings:
    return must_be(account, "encryption.requireInfrastructureEncryption", True)


def storage_share_soft_delete(service: Resource) -> Findings:
    days = service.parameters.storage_soft_delete_days
    yield from must_not_be(service, "shareDeleteRetentionPolicy.enabled", False)
    yield from must_be_at_least(service, "shareDeleteRetentionPolicy.days", days, unset=days)
