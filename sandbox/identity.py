"""Who a sandbox is: tenant, subscription, one service principal, the key that signs tokens."""

from __future__ import annotations

import json
import secrets
import uuid
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sandbox.directory import Directory, write_atomically

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


@dataclass(frozen=True)
class Identity:
    """Random for each sandbox, so that a token of one is foreign in another.

    `principal_id` is the object id of the service principal whose application id is `client_id`.
    """

    tenant_id: str
    subscription_id: str
    client_id: str
    principal_id: str
    client_secret: str
    passphrase: str
    """Encrypts the secrets in the state of the sandbox's Pulumi stacks.

    The same in every sandbox: the stack files carry the salt that belongs to it, so that Pulumi
    never writes one of its own into them. It guards nothing but a sandbox's throw-away keys.
    """
    signing_key: str
    """RSA, PEM."""
    key_id: str

    @classmethod
    def open(cls, directory: Directory) -> Identity:
        """Read `secrets.json`, or make it the first time."""
        try:
            return cls(**json.loads(directory.secrets.read_text()))
        except FileNotFoundError:
            identity = cls.generate()
            write_atomically(directory.secrets, json.dumps(asdict(identity), indent=2))
            return identity

    @classmethod
    def generate(cls) -> Identity:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
        tenant, subscription, client, principal = (str(uuid.uuid4()) for _ in range(4))
        return cls(
            tenant_id=tenant,
            subscription_id=subscription,
            client_id=client,
            principal_id=principal,
            client_secret=secrets.token_urlsafe(30),
            passphrase="sandbox",  # noqa: S106
            signing_key=pem,
            key_id=secrets.token_hex(10),
        )

    @property
    def issuer(self) -> str:
        """What Entra's v1 tokens name, which Azure's services accept."""
        return f"https://sts.windows.net/{self.tenant_id}/"

    @cached_property
    def private_key(self) -> RSAPrivateKey:
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        key = load_pem_private_key(self.signing_key.encode(), None)
        if not isinstance(key, RSAPrivateKey):
            raise TypeError("secrets.json does not hold an RSA key; run `amlops sandbox reset`")
        return key

    def public_pem(self) -> str:
        """The public half, as Azurite takes it."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        key = self.private_key.public_key()
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def public_jwk(self) -> dict[str, Any]:
        """The public half, as the JWKS document shows it."""
        from jwt.algorithms import RSAAlgorithm

        jwk: dict[str, Any] = RSAAlgorithm.to_jwk(self.private_key.public_key(), as_dict=True)
        return {**jwk, "kid": self.key_id, "use": "sig", "issuer": self.issuer}

    def __repr__(self) -> str:
        return f"Identity(tenant_id={self.tenant_id!r}, client_id={self.client_id!r})"
