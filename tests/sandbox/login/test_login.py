"""Entra as the official client meets it, and tokens that are refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientAssertionCredential, ClientSecretCredential
from jwt.types import Options

from sandbox.clock import Clock
from sandbox.identity import Identity
from sandbox.login.assertions import EXCHANGE
from sandbox.login.tokens import ARM, STORAGE, TokenError, mint, verify

SCOPE = "https://management.azure.com/.default"


def mint_for(identity: Identity, clock: Clock, audience: str = ARM, **options: Any) -> str:
    return mint(
        identity,
        clock,
        audience=audience,
        principal_id=identity.principal_id,
        client_id=identity.client_id,
        **options,
    )


def test_the_official_client_gets_a_token_signed_by_a_published_key(sandbox: Any) -> None:
    token = sandbox.credential().get_token(SCOPE)
    tenant = sandbox.environment["AZURE_TENANT_ID"]
    with sandbox.http() as client:
        document = client.get(
            f"https://login.microsoftonline.com/{tenant}/v2.0/.well-known/openid-configuration"
        ).json()
        keys = client.get(document["jwks_uri"]).json()["keys"]
    key = jwt.PyJWK(keys[0])
    now = Clock(sandbox.directory.clock).time()  # which other tests may have moved forward
    by_that_clock: Options = {"verify_iat": False, "verify_nbf": False, "verify_exp": False}
    claims = jwt.decode(token.token, key, algorithms=["RS256"], audience=ARM, options=by_that_clock)
    assert claims["nbf"] < claims["iat"] <= now < claims["exp"]
    assert claims["tid"] == tenant
    assert claims["appid"] == sandbox.environment["AZURE_CLIENT_ID"]


def test_a_wrong_secret_is_refused_as_entra_does(sandbox: Any) -> None:
    environment = sandbox.environment
    credential = ClientSecretCredential(
        environment["AZURE_TENANT_ID"], environment["AZURE_CLIENT_ID"], "wrong"
    )
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215: Invalid client secret"):
        credential.get_token(SCOPE)


def token_request(sandbox: Any, tenant: str | None = None, **form: str) -> Any:
    environment = sandbox.environment
    tenant = tenant or environment["AZURE_TENANT_ID"]
    data = {
        "grant_type": "client_credentials",
        "client_id": environment["AZURE_CLIENT_ID"],
        "client_secret": environment["AZURE_CLIENT_SECRET"],
        "scope": SCOPE,
        **form,
    }
    with sandbox.http() as client:
        return client.post(
            f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token", data=data
        )


@pytest.mark.parametrize(
    ("form", "status", "error", "number"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_id": "nobody"}, 400, "unauthorized_client", 700016),
        ({"scope": "https://management.azure.com/read"}, 400, "invalid_scope", 1002012),
        ({"scope": "api://AzureADTokenExchange/.default"}, 400, "invalid_resource", 500011),
        ({"scope": "https://ml.azure.com/sub/x/.default"}, 400, "invalid_resource", 500011),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"tenant": "00000000-0000-0000-0000-000000000000"}, 400, "invalid_request", 90002),
    ],
)
def test_each_refusal_has_its_number(
    sandbox: Any, form: dict[str, str], status: int, error: str, number: int
) -> None:
    answer = token_request(sandbox, **form)
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")


def test_a_federated_assertion_stands_in_for_the_secret(sandbox: Any) -> None:
    identity = Identity.open(sandbox.directory)
    clock = Clock(sandbox.directory.clock)
    credential = ClientAssertionCredential(
        identity.tenant_id, identity.client_id, lambda: mint_for(identity, clock, EXCHANGE)
    )
    claims = jwt.decode(credential.get_token(SCOPE).token, options={"verify_signature": False})
    assert claims["oid"] == identity.principal_id


def test_an_assertion_for_something_else_is_refused(sandbox: Any) -> None:
    identity = Identity.open(sandbox.directory)
    clock = Clock(sandbox.directory.clock)
    credential = ClientAssertionCredential(
        identity.tenant_id, identity.client_id, lambda: mint_for(identity, clock, ARM)
    )
    with pytest.raises(ClientAuthenticationError, match="AADSTS700027"):
        credential.get_token(SCOPE)


@pytest.fixture
def clock(tmp_path: Any) -> Clock:
    return Clock(tmp_path / "clock.json")


@pytest.fixture(scope="module")
def identity() -> Identity:
    return Identity.generate()


def test_a_token_ends_when_the_sandboxs_clock_passes_it(identity: Identity, clock: Clock) -> None:
    token = mint_for(identity, clock, lifetime=timedelta(hours=1))
    assert verify(identity, clock, token, [ARM]).principal_id == identity.principal_id
    clock.advance(timedelta(minutes=61))
    with pytest.raises(TokenError, match="expiry UTC time has passed") as refused:
        verify(identity, clock, token, [ARM])
    assert 'error="insufficient_claims"' in refused.value.challenge(identity, ARM)


def test_a_token_of_another_sandbox_is_foreign(identity: Identity, clock: Clock) -> None:
    foreign = mint_for(Identity.generate(), clock)
    with pytest.raises(TokenError) as refused:
        verify(identity, clock, foreign, [ARM])
    assert refused.value.code == "InvalidAuthenticationToken"


def test_a_token_for_another_service_is_refused(identity: Identity, clock: Clock) -> None:
    with pytest.raises(TokenError, match="wrong audience") as refused:
        verify(identity, clock, mint_for(identity, clock, STORAGE), [ARM])
    assert refused.value.code == "InvalidAuthenticationTokenAudience"


def test_an_unsigned_token_is_refused(identity: Identity, clock: Clock) -> None:
    claims = jwt.decode(mint_for(identity, clock), options={"verify_signature": False})
    unsigned = jwt.encode(claims, "", algorithm="none")
    with pytest.raises(TokenError):
        verify(identity, clock, unsigned, [ARM])
