"""Declares the resources in the JSON file that DECLARED names: a list of objects with `type`,
`name`, `properties`, `protected`, `refers`.

`{"$later": true}` among the properties stands for a value that is not known before it is made.
"""

import json
import os
from pathlib import Path
from typing import Any

import pulumi

LATER = {"$later": True}


class Declared(pulumi.CustomResource):
    def __init__(self, type_: str, name: str, properties: dict[str, Any], protect: bool) -> None:
        super().__init__(type_, name, properties, pulumi.ResourceOptions(protect=protect))


later = Declared(
    "azure-native:managedidentity:UserAssignedIdentity",
    "later",
    {
        "resourceGroupName": "rg",
        "tags": {"workload": "w", "environment": "dev", "owner": "me", "cost-centre": "1"},
        "principalId": None,
    },
    False,
)


def resolved(value: Any) -> Any:
    if value == LATER:
        return pulumi.get(later, "principalId")
    if isinstance(value, dict):
        return {key: resolved(item) for key, item in value.items()}
    if isinstance(value, list):
        return [resolved(item) for item in value]
    return value


made: dict[str, Declared] = {}
waiting = json.loads(Path(os.environ["DECLARED"]).read_text())
while waiting:
    item = waiting.pop(0)
    sources = [name for names in item["refers"].values() for name in names]
    if any(name not in made for name in sources):
        waiting.append(item)
        continue
    properties = resolved(item["properties"])
    for property_, names in item["refers"].items():
        properties[property_] = pulumi.Output.all(*[made[name].id for name in names])
    made[item["name"]] = Declared(item["type"], item["name"], properties, item["protected"])
