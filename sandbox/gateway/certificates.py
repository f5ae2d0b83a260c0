"""The sandbox's own certificate authority, and a certificate a host, kept on disk."""

from __future__ import annotations

import ssl
from pathlib import Path

from sandbox.directory import Directory, write_atomically

AZURITE_NAMES = (
    "*.blob.core.windows.net",
    "*.queue.core.windows.net",
    "*.table.core.windows.net",
    "127.0.0.1",
    "localhost",
)


class Certificates:
    """Made once a sandbox; a host's certificate the first time somebody asks for the host."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._contexts: dict[str, ssl.SSLContext] = {}

    def create(self) -> None:
        """Make the authority and Azurite's certificate where they are missing."""
        if not (self._directory.ca_bundle.exists() and self._directory.ca_key.exists()):
            import trustme

            authority = trustme.CA(organization_name="amlops sandbox")
            write_atomically(self._directory.ca_key, authority.private_key_pem.bytes().decode())
            write_atomically(
                self._directory.ca_bundle, authority.cert_pem.bytes().decode(), mode=0o644
            )
        self.azurite()

    def azurite(self) -> tuple[Path, Path]:
        """Certificate and key for Azurite."""
        certificate, key = self._directory.ca / "azurite.pem", self._directory.ca / "azurite.key"
        if not (certificate.exists() and key.exists()):
            chain, private = self._issue(*AZURITE_NAMES)
            write_atomically(key, private)
            write_atomically(certificate, chain)
        return certificate, key

    def context(self, host: str) -> ssl.SSLContext:
        """The server side of TLS for one host. The name must be checked before."""
        context = self._contexts.get(host)
        if context is None:
            leaf = self._directory.ca / f"host-{host}.pem"
            if not leaf.exists():
                chain, private = self._issue(host)
                write_atomically(leaf, private + chain)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.set_alpn_protocols(["http/1.1"])
            context.load_cert_chain(leaf)
            self._contexts[host] = context
        return context

    def _issue(self, *names: str) -> tuple[str, str]:
        """Certificate chain and private key, both PEM."""
        import trustme

        authority = trustme.CA.from_pem(
            self._directory.ca_bundle.read_bytes(), self._directory.ca_key.read_bytes()
        )
        leaf = authority.issue_cert(*names)
        chain = b"".join(pem.bytes() for pem in leaf.cert_chain_pems)
        return chain.decode(), leaf.private_key_pem.bytes().decode()
