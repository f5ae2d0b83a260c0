"""What a key does: encrypt and decrypt, sign and verify, by the algorithms of the API.

Wrapping another key is encrypting it. A signature is over a digest that the caller has made.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)

from sandbox.vault.keys import Material

HASHES: dict[str, hashes.HashAlgorithm] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}
CURVE_OF = {"ES256": "P-256", "ES256K": "P-256K", "ES384": "P-384", "ES512": "P-521"}


class AlgorithmError(ValueError):
    """The key cannot do this: another algorithm's, or the value does not fit."""


def encrypt(key: Material, algorithm: str, value: bytes) -> bytes:
    """Raises AlgorithmError."""
    try:
        return _rsa(key, algorithm).public_key().encrypt(value, _padding(algorithm))
    except ValueError as error:
        raise AlgorithmError(f"The value cannot be encrypted: {error}") from None


def decrypt(key: Material, algorithm: str, value: bytes) -> bytes:
    """Raises AlgorithmError."""
    try:
        return _rsa(key, algorithm).decrypt(value, _padding(algorithm))
    except ValueError as error:
        raise AlgorithmError(f"The value cannot be decrypted: {error}") from None


def sign(key: Material, algorithm: str, digest: bytes) -> bytes:
    """Raises AlgorithmError."""
    made = _hash(algorithm)
    try:
        if algorithm in CURVE_OF:
            private = _curve(key, algorithm)
            r, s = decode_dss_signature(private.sign(digest, ec.ECDSA(Prehashed(made))))
            length = (private.key_size + 7) // 8
            return r.to_bytes(length, "big") + s.to_bytes(length, "big")
        signer = _rsa(key, algorithm)
        return signer.sign(digest, _signature_padding(algorithm, made), Prehashed(made))
    except ValueError as error:
        raise AlgorithmError(f"The digest does not fit {algorithm}: {error}") from None


def verify(key: Material, algorithm: str, digest: bytes, signature: bytes) -> bool:
    """Raises AlgorithmError."""
    made = _hash(algorithm)
    try:
        if algorithm in CURVE_OF:
            point = _curve(key, algorithm).public_key()
            half = len(signature) // 2
            r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
            point.verify(encode_dss_signature(r, s), digest, ec.ECDSA(Prehashed(made)))
        else:
            public = _rsa(key, algorithm).public_key()
            public.verify(signature, digest, _signature_padding(algorithm, made), Prehashed(made))
    except InvalidSignature:
        return False
    except ValueError as error:
        raise AlgorithmError(f"The digest does not fit {algorithm}: {error}") from None
    return True


def _rsa(key: Material, algorithm: str) -> rsa.RSAPrivateKey:
    if not isinstance(key.private, rsa.RSAPrivateKey) or not algorithm.startswith(("RS", "PS")):
        raise AlgorithmError(f"Algorithm {algorithm} is not one of a {key.kind} key.")
    return key.private


def _curve(key: Material, algorithm: str) -> ec.EllipticCurvePrivateKey:
    if isinstance(key.private, rsa.RSAPrivateKey) or CURVE_OF[algorithm] != key.curve:
        raise AlgorithmError(f"Algorithm {algorithm} is not one of this {key.kind} key.")
    return key.private


def _padding(algorithm: str) -> padding.AsymmetricPadding:
    if algorithm == "RSA1_5":
        return padding.PKCS1v15()
    digests: dict[str, hashes.HashAlgorithm] = {
        "RSA-OAEP": hashes.SHA1(),  # noqa: S303 - the algorithm's own
        "RSA-OAEP-256": hashes.SHA256(),
    }
    if algorithm not in digests:
        raise AlgorithmError(f"Algorithm {algorithm} does not encrypt here.")
    digest = digests[algorithm]
    return padding.OAEP(padding.MGF1(digest), digest, None)


def _signature_padding(algorithm: str, digest: hashes.HashAlgorithm) -> padding.AsymmetricPadding:
    if algorithm.startswith("PS"):
        return padding.PSS(padding.MGF1(digest), digest.digest_size)
    return padding.PKCS1v15()


def _hash(algorithm: str) -> hashes.HashAlgorithm:
    known = {f"{family}{size}": made for size, made in HASHES.items() for family in ("RS", "PS")}
    known |= {name: HASHES[name[2:5]] for name in CURVE_OF}
    if algorithm not in known:
        raise AlgorithmError(f"Algorithm {algorithm} does not sign here.")
    return known[algorithm]
