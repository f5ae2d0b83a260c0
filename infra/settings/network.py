"""Settings of the network: from where the environment is reached, and what it may reach itself."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from itertools import combinations
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from infra.settings.azure_ids import AnyId, GroupId, VirtualNetworkId
from infra.settings.faults import Fault, FaultsError
from infra.settings.fields import (
    AS_TEXT,
    KEBAB,
    KEBAB_TEXT,
    NUMBER_TOO,
    Checked,
    Section,
    named,
    table,
)
from infra.settings.hosts import Hosts, PublicAddresses, Range

ADDRESSES = "10.40.0.0/16"
"""Of a virtual network for which none are given."""
SUBNET_PREFIX = 24
"""Length of the subnets that are cut out of it."""


DOCKER = {"172.17.0.0/16": "Docker's own network on every node"}
KUBERNETES = {
    "10.0.0.0/16": "the services of a Kubernetes cluster",
    "10.244.0.0/16": "the pods of a Kubernetes cluster",
}
"""Ranges that are taken already where nodes lie: "Do not use the 172.17.0.0/16 IP address range
for your VNet", "Secure an Azure Machine Learning workspace with virtual networks"; what Azure
Kubernetes Service takes where nobody says another, "Configure Azure CNI Overlay", Microsoft Learn.
"""
PARALLEL = ("queue", "table")
"""What batch endpoints and parallel jobs need of the workspace's account beside what the service
lets through by itself: "Workspace managed virtual network isolation", Microsoft Learn.
"""


def program_rules() -> dict[str, tuple[str, str]]:
    """Rules that the program has itself in mode managed, by name: an account of the environment's
    and its subresource.
    """
    parts = {"storage": PARALLEL, "lake": table("private-links.yaml")["lake"]}
    return {f"{account}-{part}": (account, part) for account in parts for part in parts[account]}


def _rule_name(value: str) -> str:
    if value in program_rules():
        names = ", ".join(program_rules())
        raise ValueError(f"is the program's own, as are {names}; choose another")
    return value


def _ports(value: str) -> str:
    """The service would refuse it only when the workspace is there already."""
    for part in value.replace(" ", "").split(",") if value != "*" else []:
        first, _, last = part.partition("-")
        if not 1 <= int(first) <= int(last or first) <= HIGHEST_PORT:
            raise ValueError(
                f"{part} is none; allowed are ports from 1 to {HIGHEST_PORT}, "
                "in a range the lower one first"
            )
    return value


HIGHEST_PORT = 65535
RuleName = Annotated[str, named(KEBAB, KEBAB_TEXT, 2, 48), AfterValidator(_rule_name)]
SubnetName = Annotated[
    str,
    named(r"[A-Za-z0-9][\w.-]*", "letters, digits and _ . -, a letter or digit first", 1, 80),
]
Ports = Annotated[
    str,
    AS_TEXT,
    named(r"\*|\d+(-\d+)?(, ?\d+(-\d+)?)*", "ports and ranges, as 443 or '80, 8080-8089'", 1, 100),
    Checked(_ports, NUMBER_TOO),
]

ServiceTag = Annotated[
    str,
    named(r"[A-Za-z][\w.]*", "a service tag, as DataFactory or Storage.WestEurope", 1, 80),
]


class Subnets(Section):
    """Address ranges of the subnets of a virtual network that is made."""

    endpoints: Range | None = None
    """For the private endpoints."""
    compute: Range | None = None
    """For clusters and instances."""
    kubernetes: Range | None = None
    """For the nodes of Kubernetes clusters."""


class ExistingSubnets(Section):
    """Names of subnets of a virtual network that is there already."""

    endpoints: SubnetName
    """Where the private endpoints lie."""
    compute: SubnetName | None = None
    """Where clusters and instances lie."""
    kubernetes: SubnetName | None = None
    """Where the nodes of Kubernetes clusters lie."""


class ExistingNetwork(Section):
    """What is there already and is used instead of made; its zones also in another subscription."""

    virtual_network: VirtualNetworkId | None = None
    """Its id."""
    subnets: ExistingSubnets | None = None
    dns_zones: GroupId | None = None
    """Id of the resource group with the private DNS zones; who owns it links them."""

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.virtual_network is None) is not (self.subnets is None):
            raise ValueError("virtual_network and subnets go together; give both or neither")
        return self


class OutboundRule(Section):
    """One thing that the service's network may reach."""

    fqdn: Hosts | None = None
    """A host; `*.` in front stands for all below it."""
    service_tag: ServiceTag | None = None
    """A service of Azure's, by its tag, such as DataFactory."""
    protocol: Literal["TCP", "UDP", "ICMP", "*"] = "TCP"
    """Of a service tag."""
    ports: Ports = "443"
    """Of a service tag."""
    resource: AnyId | None = None
    """The id of a resource that the service makes a private endpoint to."""
    subresource: Annotated[str, named(r"\w+", "one word, as blob", 1, 80)] | None = None
    """What of the resource a private endpoint leads to, such as blob."""

    @model_validator(mode="after")
    def _one_destination(self) -> Self:
        given = [name for name in ("fqdn", "service_tag", "resource") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(
                f"{' and '.join(given) or 'no destination'} given; "
                "allowed is one of fqdn, service_tag, resource"
            )
        if (self.resource is None) is not (self.subresource is None):
            raise ValueError("resource and subresource go together; give both or neither")
        if self.service_tag is None and self.model_fields_set & {"protocol", "ports"}:
            raise ValueError("protocol and ports are for a service_tag")
        return self


class Network(Section):
    """public: open to all or `allowed_ips`; managed: the service's own network, reached through
    private endpoints; own: computes in a virtual network of yours, too.
    """

    mode: Literal["public", "managed", "own"] = "public"
    """From where it is reached and where computes are, see docs/network.md."""
    allowed_ips: list[PublicAddresses] = []
    """In mode public: from where storage, vault and container registry are reached; none: all."""
    outbound: Literal["internet", "approved"] | None = None
    """What computes reach; None: approved."""
    rules: dict[RuleName, OutboundRule] = {}
    firewall: Literal["standard", "basic"] | None = None
    """Size of the firewall that the service makes for outbound: approved; None: standard."""
    nat_gateway: bool | None = None
    """In mode own: a NAT gateway, by which computes without public addresses reach the service;
    None: one where the virtual network is made."""
    addresses: Range | None = None
    """Of the virtual network; None: 10.40.0.0/16."""
    subnets: Subnets = Subnets()
    """None given: /24 after /24 of `addresses`."""
    existing: ExistingNetwork = ExistingNetwork()

    @property
    def private(self) -> bool:
        """Whether public access is off and private endpoints lead in."""
        return self.mode != "public"

    @property
    def approved_only(self) -> bool:
        """Whether computes reach only what the service needs and what is named."""
        return self.private and self.outbound != "internet"

    @property
    def makes_nat_gateway(self) -> bool:
        return self.mode == "own" and bool(self.ranges()) and self.nat_gateway is not False

    def ranges(self) -> dict[str, str]:
        """The subnets to be made with their ranges; none where they exist already."""
        if not self.private or self.existing.virtual_network:
            return {}
        given = self.subnets.model_dump(exclude_none=True)
        if given:
            return {name: str(text) for name, text in given.items()}
        wanted = ["endpoints", "compute"] if self.mode == "own" else ["endpoints"]
        return dict(zip(wanted, self._cut(), strict=False))

    def _cut(self) -> Iterator[str]:
        whole = ipaddress.IPv4Network(self.addresses or ADDRESSES)
        prefix = max(SUBNET_PREFIX, whole.prefixlen + 1)
        return (str(part) for part in whole.subnets(new_prefix=prefix))

    @model_validator(mode="after")
    def _belongs_to_the_mode(self) -> Self:
        given = {
            name for name in self.model_fields_set if getattr(self, name) not in (None, [], {})
        }
        given -= {"subnets"} if self.subnets == Subnets() else set()
        given -= {"existing"} if self.existing == ExistingNetwork() else set()
        strangers = {
            "public": (
                "outbound",
                "rules",
                "firewall",
                "nat_gateway",
                "addresses",
                "subnets",
                "existing",
            ),
            "managed": ("allowed_ips", "nat_gateway"),
            "own": ("allowed_ips", "rules", "firewall"),
        }
        found = []
        for name in strangers[self.mode]:
            if name in given:
                modes = [mode for mode, names in strangers.items() if name not in names]
                text = f"given, but mode is {self.mode}; it is for mode {' or '.join(modes)}"
                found.append(Fault((name,), text))
        if self.mode == "managed" and self.firewall and not self.approved_only:
            text = "the service makes none for outbound: internet; leave it out, or set approved"
            found.append(Fault(("firewall",), text))
        if found:
            raise FaultsError(found)
        for key, rule in self.rules.items():
            if not self.approved_only and not rule.resource:
                raise FaultsError.at(
                    f"rules.{key}",
                    "allows what outbound: internet allows anyway; "
                    "leave it out, or set outbound: approved",
                )
        return self

    @model_validator(mode="after")
    def _one_virtual_network(self) -> Self:
        existing = self.existing
        if existing.virtual_network:
            ours = ("addresses", "subnets", "nat_gateway")
            for name in (*ours, "outbound") if self.mode == "own" else ours:
                if name in self.model_fields_set:
                    raise FaultsError.at(
                        name,
                        "is for a virtual network to be made, but "
                        "existing.virtual_network names one; give one of the two",
                    )
        of_subnets = "existing.subnets" if existing.virtual_network else "subnets"
        of_computes = existing.subnets if existing.virtual_network else self.subnets
        wanted = self.mode == "own" and (existing.virtual_network or self.subnets != Subnets())
        if wanted and not (of_computes and of_computes.compute):
            raise FaultsError.at(
                of_subnets, "mode own needs one for computes; give subnets.compute"
            )
        if self.mode == "managed" and of_computes and of_computes.compute:
            raise FaultsError.at(
                f"{of_subnets}.compute",
                "mode managed has computes in the service's network, not in a subnet",
            )
        return self

    @model_validator(mode="after")
    def _addresses_fit(self) -> Self:
        ranges = self.ranges()
        if ranges and "endpoints" not in ranges:
            raise FaultsError.at("subnets", "private endpoints need one; give subnets.endpoints")
        whole = ipaddress.IPv4Network(self.addresses or ADDRESSES)
        for taken, owner in {**DOCKER, **(KUBERNETES if "kubernetes" in ranges else {})}.items():
            if ranges and whole.overlaps(ipaddress.IPv4Network(taken)):
                raise FaultsError.at(
                    "addresses", f"{whole} overlaps {taken}, {owner}; choose another range"
                )
        parts = {name: ipaddress.IPv4Network(text) for name, text in ranges.items()}
        for name, part in parts.items():
            if not part.subnet_of(whole):
                raise FaultsError.at(f"subnets.{name}", f"{part} is outside addresses {whole}")
        for (one, first), (other, second) in combinations(parts.items(), 2):
            if first.overlaps(second):
                raise FaultsError.at(f"subnets.{other}", f"{second} overlaps subnets.{one} {first}")
        return self
