"""What one may wish of Azure, said twice: with Pulumi's SDK and with Microsoft's own client.

A module holds the pairs of one family of services. A name that stands before a module's pairs is
said to both sides alike; whatever the two call differently stands with each.
"""

from __future__ import annotations

from tests.sandbox.provider.recordings import (
    computes,
    containers,
    data,
    events,
    machine_learning,
    monitoring,
    network,
    resources,
    storage,
    vault,
)
from tests.sandbox.provider.recordings.recorder import Pair

FAMILIES = (
    resources,
    storage,
    vault,
    containers,
    network,
    monitoring,
    events,
    machine_learning,
    data,
    computes,
)
PAIRS: dict[str, Pair] = {
    f"{family.__name__.rpartition('.')[2]}: {name}": pair
    for family in FAMILIES
    for name, pair in family.PAIRS.items()
}
