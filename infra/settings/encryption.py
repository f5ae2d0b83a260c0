"""Settings of the key that data at rest is encrypted with."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from infra.settings.azure_ids import KeyId
from infra.settings.fields import Duration, Section, within

Rotation = Annotated[
    Duration, within(timedelta(days=28), timedelta(days=730), "28d to 730d, the service's bounds")
]


class Encryption(Section):
    """Whose key storage, workspace and container registry encrypt with."""

    customer_key: bool = False
    """A key of yours instead of Microsoft's; chosen when the workspace is made, and stays."""
    key: KeyId | None = None
    """A key that is there already, in a vault with purge protection; None: one is made."""
    key_size: Annotated[int, Field(multiple_of=1024, ge=2048, le=4096)] = 3072
    """Bits of the RSA key that is made."""
    rotate: Rotation = timedelta(days=365)
    """Age at which the key that is made gets a new version."""

    @property
    def vault(self) -> str | None:
        """Id of the vault that has `key`."""
        return self.key and self.key.rsplit("/", 2)[0]

    @model_validator(mode="after")
    def _key_is_used(self) -> Self:
        if self.key and not self.customer_key:
            raise ValueError("key given, but customer_key is false; set customer_key: true")
        # What is as it would be anyway may stand there: `amlops config show` writes all of it.
        usual = {name: type(self).model_fields[name].default for name in ("key_size", "rotate")}
        idle = [name for name, value in usual.items() if getattr(self, name) != value]
        if idle and not self.customer_key:
            raise ValueError(
                f"{idle[0]} is of a key that is made, but customer_key is false; "
                "set customer_key: true, or leave it out"
            )
        if idle and self.key:
            raise ValueError("key_size and rotate are of a key to be made, but key names one")
        return self
