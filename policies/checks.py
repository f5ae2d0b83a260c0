"""The checks: each reads a resource's inputs and yields what it found wrong, value included.

Pulumi raises on reading an input that is not known yet and tells so in the preview; it checks again
before the resource is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Inputs = Mapping[str, Any]
Check = Callable[[Inputs], Iterator[str]]

REQUIRED_TAGS = ("workload", "environment", "owner", "cost-centre")
SAFE_TLS = ("TLS1_2", "TLS1_3")


def cluster_scales_to_zero(inputs: Inputs) -> Iterator[str]:
    properties = inputs.get("properties") or {}
    if properties.get("computeType") != "AmlCompute":
        return
    scale = (properties.get("properties") or {}).get("scaleSettings") or {}
    minimum = scale.get("minNodeCount") or 0
    if minimum > 0:
        yield f"minNodeCount is {minimum:g}"


def storage_transport_and_access(inputs: Inputs) -> Iterator[str]:
    # Azure's own defaults are safe for the first and unsafe or not decided for the other two.
    if inputs.get("enableHttpsTrafficOnly") is False:
        yield "enableHttpsTrafficOnly is false"
    if inputs.get("minimumTlsVersion") not in SAFE_TLS:
        yield f"minimumTlsVersion is {inputs.get('minimumTlsVersion') or 'not set'}"
    if inputs.get("allowBlobPublicAccess") is not False:
        value = "true" if inputs.get("allowBlobPublicAccess") else "not set"
        yield f"allowBlobPublicAccess is {value}"


def required_tags(inputs: Inputs) -> Iterator[str]:
    tags = inputs.get("tags") or {}
    for tag in REQUIRED_TAGS:
        if not tags.get(tag):
            yield f"tag {tag} is missing"


CHECKS: tuple[Check, ...] = (
    cluster_scales_to_zero,
    storage_transport_and_access,
    required_tags,
)
