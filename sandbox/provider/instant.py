"""A provider that answers at once and knows no Azure: the anchor of the benchmark of `up`.

The engine, the program and the gRPC traffic are the same; what the other provider takes longer is
its own work and ARM's.
"""

# The names and arguments of the methods are gRPC's.
# ruff: noqa: N802, ARG002

from __future__ import annotations

from typing import Any

from sandbox.provider import check, translate
from sandbox.provider.protocol import messages
from sandbox.provider.service import Provider, _empty, _token
from sandbox.provider.table import resource_type
from sandbox.provider.values import UNKNOWN, decode, encode

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"


class Instant(Provider):
    """Creates nothing and says it did: outputs are the inputs, and made-up text for the rest."""

    def Configure(self, request: Any, context: Any) -> Any:
        return messages.ConfigureResponse(
            supportsPreview=True, supports_autonaming_configuration=True
        )

    def _check(self, request: Any) -> Any:
        inputs = check.complete(
            resource_type(_token(request.urn)),
            request.urn,
            decode(request.olds),
            decode(request.news),
            bytes(request.randomSeed),
            None,
            lambda _: "eastus",
        )
        return messages.CheckResponse(inputs=encode(inputs))

    def Create(self, request: Any, context: Any) -> Any:
        resource = resource_type(_token(request.urn))
        inputs = decode(request.properties)
        shown = translate.preview(resource, inputs)
        if request.preview:
            return messages.CreateResponse(properties=encode(shown))
        made = {name: _made(name, value) for name, value in shown.items()}
        identifier = translate.resource_id(resource, inputs, SUBSCRIPTION)
        return messages.CreateResponse(id=identifier, properties=encode(made))

    def Update(self, request: Any, context: Any) -> Any:
        return messages.UpdateResponse(properties=request.news)

    def Read(self, request: Any, context: Any) -> Any:
        return messages.ReadResponse(
            id=request.id, inputs=request.inputs, properties=request.properties
        )

    def Delete(self, request: Any, context: Any) -> Any:
        return _empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        made = dict.fromkeys(("clientId", "objectId", "subscriptionId", "tenantId"), SUBSCRIPTION)
        return messages.InvokeResponse(**{"return": encode(decode(request.args) | made)})


def _made(name: str, value: Any) -> Any:
    """Text in the place of what only Azure would know."""
    if isinstance(value, dict):
        return {key: _made(key, item) for key, item in value.items()}
    return name if value is UNKNOWN else value
