"""What Azure fixes when it makes something is refused before anything is planned."""

from __future__ import annotations

from typing import Any

import pytest

from infra.fixed import check_fixed
from infra.names import Names
from infra.settings import FaultsError
from tests.infra.mocks import SUBSCRIPTION, settings

NAMES = Names(SUBSCRIPTION, "bikes", "dev")


def made(**properties: Any) -> dict[str, Any]:
    """An environment by the defaults."""
    kept: dict[str, Any] = {
        "softDeleteRetentionInDays": 7,
        "encryption": {"requireInfrastructureEncryption": True},
        "hbiWorkspace": False,
    }
    return {"properties": kept | properties}


@pytest.mark.parametrize(
    ("properties", "changes", "path"),
    [
        ({"softDeleteRetentionInDays": 30}, {}, "vault.soft_delete_days"),
        ({"enablePurgeProtection": True}, {}, "vault.purge_protection"),
        ({"encryption": {}}, {}, "storage.infrastructure_encryption"),
        ({}, {"workspace": {"high_business_impact": True}}, "workspace.high_business_impact"),
    ],
)
def test_another_value_than_that_of_the_start_is_refused(
    properties: dict[str, Any], changes: dict[str, Any], path: str
) -> None:
    with pytest.raises(FaultsError, match="which Azure does not change; set it to") as caught:
        check_fixed(settings(**changes), NAMES, lambda _id, _version: made(**properties))
    assert [".".join(map(str, fault.path)) for fault in caught.value.found] == [path]


def test_what_is_as_it_was_made_or_not_there_fits() -> None:
    check_fixed(settings(), NAMES, lambda _id, _version: made())
    check_fixed(settings(), NAMES, lambda _id, _version: None)
    on = settings(vault={"purge_protection": True})
    check_fixed(on, NAMES, lambda _id, _version: made())


def test_where_azure_does_not_answer_the_update_tells() -> None:
    def get(_id: str, _version: str) -> None:
        raise PermissionError("HTTP 403")

    check_fixed(settings(), NAMES, get)
