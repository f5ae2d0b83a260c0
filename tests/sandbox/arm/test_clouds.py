"""Clients that look up the cloud find this one, before they have a token."""

from tests.sandbox.conftest import RunningSandbox


def test_the_cloud_is_listed_without_a_token(sandbox: RunningSandbox) -> None:
    with sandbox.http() as client:
        answer = client.get(
            "https://management.azure.com/metadata/endpoints?api-version=2019-05-01"
        )
    (cloud,) = answer.json()
    assert cloud["name"] == "AzureCloud"
    assert cloud["resourceManager"] == "https://management.azure.com/"
    assert cloud["authentication"]["loginEndpoint"] == "https://login.microsoftonline.com/"
