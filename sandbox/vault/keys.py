"""The keys of all vaults, and what one is made of: RSA or elliptic curve, and what it may do.

The names are those of the API's JSON web keys; the sandbox has no hardware modules, so an `-HSM`
key differs from a plain one by its name alone.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from sandbox.vault.versions import Versions

RSA_SIZES = (2048, 3072, 4096)
CURVES: dict[str, type[ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1,
    "P-384": ec.SECP384R1,
    "P-521": ec.SECP521R1,
    "P-256K": ec.SECP256K1,
}
OPERATIONS = {
    "RSA": ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"],
    "EC": ["sign", "verify"],
}
"""What a key may do unless less is asked for."""

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class KeyRefusedError(ValueError):
    """A key of this kind, size, curve or use cannot be made."""


class Keys(Versions):
    """A version's `value` is a `Material`, as JSON."""

    table = "vault_keys"
    aside = "vault_deleted_keys"


@dataclass(frozen=True)
class Material:
    """The private key of one version. kind: RSA, RSA-HSM, EC or EC-HSM."""

    kind: str
    operations: tuple[str, ...]
    private: Private

    @classmethod
    def generate(
        cls,
        kind: object,
        *,
        size: object = None,
        curve: object = None,
        operations: object = None,
    ) -> Material:
        """Raises KeyRefusedError."""
        private: Private
        if family(kind) == "RSA":
            bits = 2048 if size is None else size
            if bits not in RSA_SIZES or not isinstance(bits, int):
                raise KeyRefusedError(f"Key size {size} is not supported; sizes are {RSA_SIZES}.")
            private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        else:
            name = "P-256" if curve is None else curve
            if not isinstance(name, str) or name not in CURVES:
                raise KeyRefusedError(f"Curve {curve} is not supported; it is {', '.join(CURVES)}.")
            private = ec.generate_private_key(CURVES[name]())
        return cls(str(kind), permitted(kind, operations), private)

    @classmethod
    def of_web_key(cls, key: dict[str, Any], operations: object = None) -> Material:
        """A key that somebody brings, as a JSON web key. Raises KeyRefusedError."""
        kind = key.get("kty")
        try:
            number = {name: _number(key[name]) for name in _PARTS[family(kind)]}
            private = _rsa(number) if family(kind) == "RSA" else _curve(key.get("crv"), number)
        except (KeyError, ValueError, TypeError) as error:
            raise KeyRefusedError(f"The key is not a private key: {error}.") from None
        return cls(str(kind), permitted(kind, operations or key.get("key_ops")), private)

    @classmethod
    def read(cls, text: str) -> Material:
        """What `text` gave."""
        kept = json.loads(text)
        private = serialization.load_pem_private_key(kept["pem"].encode(), None)
        assert isinstance(private, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey))
        return cls(kept["kind"], tuple(kept["operations"]), private)

    def text(self) -> str:
        pem = self.private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
        return json.dumps({"kind": self.kind, "operations": self.operations, "pem": pem})

    @property
    def curve(self) -> str | None:
        """The curve's name, None for an RSA key."""
        if isinstance(self.private, rsa.RSAPrivateKey):
            return None
        made = type(self.private.curve)
        return next(name for name, curve in CURVES.items() if curve is made)

    def public(self) -> dict[str, Any]:
        """The public half, as a JSON web key."""
        body: dict[str, Any] = {"kty": self.kind, "key_ops": list(self.operations)}
        if isinstance(self.private, rsa.RSAPrivateKey):
            numbers = self.private.public_key().public_numbers()
            return body | {"n": _text(numbers.n), "e": _text(numbers.e)}
        point = self.private.public_key().public_numbers()
        length = (self.private.key_size + 7) // 8
        return body | {
            "crv": self.curve,
            "x": _text(point.x, length),
            "y": _text(point.y, length),
        }


_PARTS = {"RSA": ("n", "e", "d", "p", "q", "dp", "dq", "qi"), "EC": ("x", "y", "d")}


def family(kind: object) -> str:
    """RSA or EC. Raises KeyRefusedError for any other kind of key."""
    found = str(kind).removesuffix("-HSM")
    if found not in OPERATIONS:
        raise KeyRefusedError(f"Key type {kind} is not supported; it is RSA, RSA-HSM, EC, EC-HSM.")
    return found


def permitted(kind: object, asked: object) -> tuple[str, ...]:
    """What the key may do: all of its kind, or what was asked for. Raises KeyRefusedError."""
    known = OPERATIONS[family(kind)]
    if asked is None or asked == []:
        return tuple(known)
    if not isinstance(asked, list) or not set(map(str, asked)) <= set(known):
        raise KeyRefusedError(f"key_ops {asked} are not possible; they are {', '.join(known)}.")
    return tuple(asked)


def _rsa(number: dict[str, int]) -> rsa.RSAPrivateKey:
    public = rsa.RSAPublicNumbers(number["e"], number["n"])
    return rsa.RSAPrivateNumbers(
        number["p"], number["q"], number["d"], number["dp"], number["dq"], number["qi"], public
    ).private_key()


def _curve(name: object, number: dict[str, int]) -> ec.EllipticCurvePrivateKey:
    curve = CURVES[str(name)]()
    public = ec.EllipticCurvePublicNumbers(number["x"], number["y"], curve)
    return ec.EllipticCurvePrivateNumbers(number["d"], public).private_key()


def encode(value: bytes) -> str:
    """base64url without padding, as JSON web keys have it."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Raises ValueError."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _number(text: str) -> int:
    return int.from_bytes(decode(text), "big")


def _text(number: int, length: int = 0) -> str:
    return encode(number.to_bytes(length or (number.bit_length() + 7) // 8, "big"))
