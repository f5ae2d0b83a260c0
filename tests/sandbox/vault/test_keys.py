"""Key Vault's keys by the official clients: keys, cryptography, and ARM's view of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.keyvault.keys import JsonWebKey, KeyClient
from azure.keyvault.keys.crypto import (
    CryptographyClient,
    EncryptionAlgorithm,
    KeyWrapAlgorithm,
    SignatureAlgorithm,
)
from azure.mgmt.keyvault import KeyVaultManagementClient
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.clock import Clock
from sandbox.identity import Identity
from sandbox.login.tokens import VAULT, mint
from tests.sandbox.vault.test_vault import make_vault

PLAIN = b"a data key of 32 bytes, no less!"


@pytest.fixture
def vault(sandbox: Any, group: str) -> str:
    return make_vault(sandbox, group)


@pytest.fixture
def client(sandbox: Any, vault: str) -> Iterator[KeyClient]:
    with KeyClient(f"https://{vault}.vault.azure.net", sandbox.credential()) as client:
        yield client


def remote(sandbox: Any, key: Any) -> CryptographyClient:
    """Uses the key in the vault: by its id alone the client has nothing to do it with itself."""
    return CryptographyClient(key.id, sandbox.credential())


@pytest.mark.parametrize(
    "algorithm",
    [EncryptionAlgorithm.rsa_oaep, EncryptionAlgorithm.rsa_oaep_256, EncryptionAlgorithm.rsa1_5],
)
def test_what_is_encrypted_with_the_public_half_is_decrypted_in_the_vault(
    sandbox: Any, client: KeyClient, algorithm: EncryptionAlgorithm
) -> None:
    key = client.create_rsa_key("k", size=2048)
    local = CryptographyClient.from_jwk(JsonWebKey(**_public(key)))
    with remote(sandbox, key) as vault:
        sealed = local.encrypt(algorithm, PLAIN).ciphertext
        assert PLAIN not in sealed
        assert vault.decrypt(algorithm, sealed).plaintext == PLAIN
        with pytest.raises(HttpResponseError, match="cannot be decrypted") as refused:
            vault.decrypt(EncryptionAlgorithm.rsa_oaep_256, b"\x00" * 256)
        assert refused.value.status_code == 400


def test_a_wrapped_key_is_unwrapped_by_the_version_that_wrapped_it(
    sandbox: Any, client: KeyClient
) -> None:
    first = client.create_rsa_key("k", size=2048)
    with remote(sandbox, first) as vault:
        wrapped = vault.wrap_key(KeyWrapAlgorithm.rsa_oaep_256, PLAIN)
    second = client.rotate_key("k")
    assert second.properties.version != first.properties.version
    with remote(sandbox, first) as vault:
        unwrapped = vault.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped.encrypted_key)
        assert unwrapped.key == PLAIN
    with remote(sandbox, second) as vault, pytest.raises(HttpResponseError):
        vault.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped.encrypted_key)


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [
        (SignatureAlgorithm.rs256, hashlib.sha256),
        (SignatureAlgorithm.ps512, hashlib.sha512),
        (SignatureAlgorithm.es256, hashlib.sha256),
        (SignatureAlgorithm.es512, hashlib.sha512),
    ],
)
def test_a_signature_of_the_vault_holds_outside(
    sandbox: Any, client: KeyClient, algorithm: SignatureAlgorithm, digest: Any
) -> None:
    curves = {"ES256": "P-256", "ES512": "P-521"}
    key = (
        client.create_ec_key("k", curve=curves[algorithm.value])
        if algorithm.value in curves
        else client.create_rsa_key("k", size=2048)
    )
    local = CryptographyClient.from_jwk(JsonWebKey(**_public(key)))
    with remote(sandbox, key) as vault:
        signature = vault.sign(algorithm, digest(PLAIN).digest()).signature
    assert local.verify(algorithm, digest(PLAIN).digest(), signature).is_valid
    assert not local.verify(algorithm, digest(b"other").digest(), signature).is_valid


def test_a_key_that_is_brought_is_the_one_that_is_used(sandbox: Any, client: KeyClient) -> None:
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    numbers = own.private_numbers()
    parts = {
        "n": numbers.public_numbers.n, "e": numbers.public_numbers.e, "d": numbers.d,
        "p": numbers.p, "q": numbers.q, "dp": numbers.dmp1, "dq": numbers.dmq1, "qi": numbers.iqmp,
    }  # fmt: skip
    web_key = JsonWebKey(
        kty="RSA", key_ops=["decrypt"],
        **{name: value.to_bytes((value.bit_length() + 7) // 8, "big")
           for name, value in parts.items()},
    )  # fmt: skip
    key = client.import_key("brought", web_key)
    digest = hashes.SHA256()
    sealed = own.public_key().encrypt(PLAIN, padding.OAEP(padding.MGF1(digest), digest, None))
    with remote(sandbox, key) as vault:
        assert vault.decrypt(EncryptionAlgorithm.rsa_oaep_256, sealed).plaintext == PLAIN
    assert key.key_operations == ["decrypt"]


def test_a_key_does_only_what_it_is_for(sandbox: Any, client: KeyClient) -> None:
    key = client.create_rsa_key("k", size=2048, key_operations=["sign", "verify"])
    answer = _use(sandbox, key.id, "wrapkey", {"alg": "RSA-OAEP", "value": "eA"})
    assert answer.status_code == 403
    assert answer.json()["error"]["innererror"]["code"] == "KeyOperationForbidden"
    client.update_key_properties("k", key_operations=["wrapKey"])
    assert _use(sandbox, key.id, "wrapkey", {"alg": "RSA-OAEP", "value": "eA"}).is_success
    client.update_key_properties("k", enabled=False)
    answer = _use(sandbox, key.id, "wrapkey", {"alg": "RSA-OAEP", "value": "eA"})
    assert answer.json()["error"]["innererror"]["code"] == "KeyDisabled"


def test_an_expired_key_opens_what_it_closed_and_closes_nothing(
    sandbox: Any, client: KeyClient
) -> None:
    key = client.create_rsa_key("k", size=2048)
    sealed = _use(sandbox, key.id, "encrypt", {"alg": "RSA-OAEP", "value": "eA"}).json()["value"]
    client.update_key_properties("k", expires_on=datetime.now(UTC) - timedelta(hours=1))
    answer = _use(sandbox, key.id, "encrypt", {"alg": "RSA-OAEP", "value": "eA"})
    assert answer.json()["error"]["innererror"]["code"] == "KeyExpired"
    opened = _use(sandbox, key.id, "decrypt", {"alg": "RSA-OAEP", "value": sealed})
    assert opened.json()["value"] == "eA"


def test_a_deleted_key_is_recovered_or_purged(client: KeyClient) -> None:
    made = client.create_rsa_key("gone", size=2048, tags={"a": "b"})
    deleted = client.begin_delete_key("gone").result()
    assert deleted.scheduled_purge_date - deleted.deleted_date == timedelta(days=90)
    with pytest.raises(ResourceNotFoundError, match="was not found in this key vault"):
        client.get_key("gone")
    with pytest.raises(ResourceExistsError, match="deleted but recoverable"):
        client.create_rsa_key("gone")
    assert [one.name for one in client.list_deleted_keys()] == ["gone"]
    client.begin_recover_deleted_key("gone").wait()
    back = client.get_key("gone")
    assert (back.key.n, back.properties.tags) == (made.key.n, {"a": "b"})
    client.begin_delete_key("gone").wait()
    client.purge_deleted_key("gone")
    assert list(client.list_deleted_keys()) == []
    assert client.create_rsa_key("gone", size=2048).key.n != made.key.n


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"kty": "RSA", "key_size": 1000}, "Key size 1000 is not supported"),
        ({"kty": "EC", "crv": "P-1"}, "Curve P-1 is not supported"),
        ({"kty": "oct"}, "Key type oct is not supported"),
        ({"kty": "EC", "key_ops": ["wrapKey"]}, "key_ops .* are not possible"),
    ],
)
def test_a_key_that_cannot_be_is_refused(
    sandbox: Any, client: KeyClient, body: dict[str, Any], message: str
) -> None:
    with pytest.raises(HttpResponseError, match=message) as refused:
        client._client.create_key("k", body)
    assert refused.value.status_code == 400
    assert list(client.list_properties_of_keys()) == []


def test_a_private_key_is_never_answered(sandbox: Any, client: KeyClient) -> None:
    key = client.create_rsa_key("k", size=2048)
    for path in ("keys/k", "keys", "keys/k/versions", "deletedkeys"):
        text = _get(sandbox, client.vault_url, path).text
        assert "PRIVATE" not in text
        assert not {'"d"', '"p"', '"q"', '"pem"'} & set(text.replace(":", " ").split())
    assert key.key.d is None


def test_arm_shows_the_keys_of_the_vault_and_makes_first_versions(
    sandbox: Any, group: str, vault: str, client: KeyClient
) -> None:
    arm = KeyVaultManagementClient(sandbox.credential(), sandbox.subscription).keys
    client.create_ec_key("elsewhere", curve="P-384")
    wanted = {"properties": {"kty": "RSA", "keySize": 3072, "keyOps": ["wrapKey", "unwrapKey"]}}
    made = arm.create_if_not_exist(group, vault, "mine", wanted)
    assert made.key_uri == f"https://{vault}.vault.azure.net/keys/mine"
    assert made.key_uri_with_version == client.get_key("mine").id
    assert client.get_key("mine").key_operations == ["wrapKey", "unwrapKey"]
    again = arm.create_if_not_exist(group, vault, "mine", {"properties": {"kty": "EC"}})
    assert (again.kty, again.key_uri_with_version) == ("RSA", made.key_uri_with_version)
    assert {key.name for key in arm.list(group, vault)} == {"elsewhere", "mine"}
    assert arm.get(group, vault, "elsewhere").curve_name == "P-384"
    client.begin_delete_key("mine").wait()
    with pytest.raises(ResourceNotFoundError):
        arm.get(group, vault, "mine")
    with pytest.raises(ResourceExistsError, match="deleted but recoverable"):
        arm.create_if_not_exist(group, vault, "mine", wanted)


def test_arm_answers_the_rotation_policy_that_a_key_was_made_with(
    sandbox: Any, group: str, vault: str
) -> None:
    arm = KeyVaultManagementClient(sandbox.credential(), sandbox.subscription).keys
    trigger = {"timeAfterCreate": "P90D"}
    policy = {"lifetimeActions": [{"action": {"type": "rotate"}, "trigger": trigger}]}
    wanted = {"properties": {"kty": "RSA", "keySize": 3072, "rotationPolicy": policy}}
    for answer in (
        arm.create_if_not_exist(group, vault, "turned", wanted),
        arm.get(group, vault, "turned"),
        arm.create_if_not_exist(group, vault, "turned", {"properties": {"kty": "RSA"}}),
    ):
        assert answer.rotation_policy
        (action,) = answer.rotation_policy.lifetime_actions
        assert (action.action.type, action.trigger.time_after_create) == ("rotate", "P90D")


def test_a_deleted_vault_comes_back_with_its_keys(
    sandbox: Any, group: str, vault: str, client: KeyClient
) -> None:
    made = client.create_rsa_key("k", size=2048)
    vaults = KeyVaultManagementClient(sandbox.credential(), sandbox.subscription).vaults
    body = vaults.get(group, vault).as_dict()
    vaults.delete(group, vault)
    body["properties"]["createMode"] = "recover"
    vaults.begin_create_or_update(group, vault, body).result()
    assert client.get_key("k").key.n == made.key.n


def test_a_caller_without_a_role_is_told_what_is_missing(sandbox: Any, client: KeyClient) -> None:
    answer = _get(sandbox, client.vault_url, "keys", principal="nobody")
    assert answer.status_code == 403
    assert "Microsoft.KeyVault/vaults/keys/read" in answer.json()["error"]["message"]


def _public(key: Any) -> dict[str, Any]:
    names = ("kty", "n", "e", "crv", "x", "y")
    half = {name: getattr(key.key, name) for name in names if getattr(key.key, name, None)}
    return {**half, "key_ops": ["encrypt", "verify"]}


def _headers(sandbox: Any, principal: str = "") -> dict[str, str]:
    identity, clock = Identity.open(sandbox.directory), Clock(sandbox.directory.clock)
    who = principal or identity.principal_id
    token = mint(identity, clock, audience=VAULT, principal_id=who, client_id=identity.client_id)
    return {"authorization": f"Bearer {token}"}


def _get(sandbox: Any, address: str, path: str, principal: str = "") -> Any:
    with sandbox.http() as http:
        where = f"{address.rstrip('/')}/{path}?api-version=7.4"
        return http.get(where, headers=_headers(sandbox, principal))


def _use(sandbox: Any, key: str, operation: str, body: dict[str, str]) -> Any:
    with sandbox.http() as http:
        where = f"{key}/{operation}?api-version=7.4"
        return http.post(where, json=body, headers=_headers(sandbox))
