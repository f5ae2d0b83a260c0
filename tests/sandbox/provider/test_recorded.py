"""The plugin's requests are those of Microsoft's own clients for the same wish.

Each pair (`recordings/`) says one thing twice: with the arguments of Pulumi's SDK, and with a model
of the official client, whose request is recorded at its transport. Path and body must be the same.
"""

from __future__ import annotations

import pytest

from sandbox.provider.table import resource_type, tokens
from sandbox.provider.translate import request_body, resource_id
from tests.sandbox.provider.recordings import PAIRS
from tests.sandbox.provider.recordings.recorder import SUBSCRIPTION, plain, recorded


@pytest.mark.parametrize("name", PAIRS)
def test_a_request_is_that_of_the_official_client(name: str) -> None:
    pair = PAIRS[name]
    resource = resource_type(f"azure-native:{pair.kind}")
    inputs = plain(pair.arguments)
    official = recorded(pair)
    path = "/" + resource_id(resource, inputs, SUBSCRIPTION).lstrip("/")
    assert official.method == "PUT"
    assert path.lower() == official.path.lower().replace("//", "/")
    assert request_body(resource, inputs) == official.body


def test_every_resource_type_has_been_compared() -> None:
    compared = {f"azure-native:{pair.kind}" for pair in PAIRS.values()}
    assert not set(tokens()) - compared
