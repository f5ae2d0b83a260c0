"""Tags of one's own, as Azure takes them beside those that the program gives every resource.

"Use tags to organize your Azure resources" and "Naming rules and restrictions for Azure resources",
Microsoft Learn. A storage account, which takes every tag too, has names of up to 128 characters.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from infra.settings.faults import Fault, FaultsError
from infra.settings.fields import named

OURS = {
    "workload": "set workload",
    "environment": "it is the stack's name; leave it out",
    "owner": "set owner",
    "cost-centre": "set cost_centre",
    "cost_centre": "set cost_centre",
    "expires": "set expires",
}
"""Names of the program's own tags, also as the setting is written, and how they get a value."""
MOST = 45
"""Azure takes fifty of a resource, and five are the program's."""


def _tags(value: dict[str, str]) -> dict[str, str]:
    """Azure makes no difference of case in names."""
    found = []
    first: dict[str, str] = {}
    for name in value:
        if name.lower() in OURS:
            text = f"is a tag of the program's own: {OURS[name.lower()]}"
            found.append(Fault((name,), text))
        elif (other := first.setdefault(name.lower(), name)) != name:
            text = f"is {other} to Azure, which makes no difference of case; leave one of the two"
            found.append(Fault((name,), text))
    if found:
        raise FaultsError(found)
    return value


TagName = Annotated[
    str, named(r"[^<>%&\\?/\x00-\x1f\x7f]+", r"texts without < > % & \ ? / and line breaks", 1, 128)
]
TagValue = Annotated[str, Field(min_length=1, max_length=256)]
Tags = Annotated[dict[TagName, TagValue], Field(max_length=MOST), AfterValidator(_tags)]
