"""The rules as they are in one stack: which levels, values and exemptions hold, what they find."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pulumi_policy.proxy import UnknownValueError

from policies import exemptions
from policies.catalogue import Level, Rule, rules
from policies.exemptions import Exemption
from policies.parameters import parameters
from policies.resource import Resource, Stack, type_of

NAME = "amlops"
LATER = "cannot be known before up, which asks again"


@dataclass(frozen=True)
class Finding:
    """`text` says what was found, and how to mend it or why it is let pass."""

    rule: Rule
    level: Level
    resource: Resource
    text: str

    @property
    def message(self) -> str:
        return f"{self.resource.name}: {self.text}"


class Pack:
    """What is enforced in a stack. Raises PolicyError where a file of the pack is wrong."""

    def __init__(
        self,
        stack: str,
        today: date | None = None,
        granted: Sequence[Exemption] | None = None,
    ) -> None:
        self.stack = stack
        self.parameters = parameters(stack)
        self._today = today or date.today()
        if granted is None:
            granted = exemptions.load(rules())
        self._exemptions = exemptions.of_stack(granted, stack)
        self.rules = [rule for rule in rules().values() if rule.level(stack) != "disabled"]
        self._by_type: dict[str, list[Rule]] = {}
        for rule in self.rules:
            for type_ in rule.metadata.types if rule.metadata.scope == "resource" else ():
                self._by_type.setdefault(type_, []).append(rule)

    def resource(self, token: str, name: str, properties: Any, **more: Any) -> Resource:
        """A resource of this stack, by its Pulumi type."""
        return Resource(type_of(token), name, properties, self.parameters, self.stack, **more)

    def of_resource(self, resource: Resource) -> Iterator[Finding]:
        """What the rules find on a resource, before it is made."""
        for rule in self._by_type.get(resource.type, ()):
            yield from self.judge(rule, resource)

    def of_stack(self, stack: Stack) -> Iterator[Finding]:
        """What the rules of scope stack find, when everything is declared."""
        for rule in self.rules:
            if rule.metadata.scope == "stack":
                for resource in stack.of(*rule.metadata.types):
                    yield from self.judge(rule, resource, stack)
        yield from self._exempt_nothing(stack)

    def _exempt_nothing(self, stack: Stack) -> Iterator[Finding]:
        """Exemptions of this stack, by its name, for resources that are not in it (any more)."""
        for item in self._exemptions:
            rule = rules()[item.rule]
            there = stack.of(*rule.metadata.types)
            if item.stack != "*" and not any(item.covers(resource.name) for resource in there):
                pattern = self.resource("", item.resource, {})
                text = f"no such resource is there. {item.until}"
                yield Finding(rule, "advisory", pattern, text)

    def judge(self, rule: Rule, resource: Resource, *stack: Stack) -> Iterator[Finding]:
        """What one rule finds, whatever its level.

        A value that is not known yet is told as advisory: the update asks again.
        """
        try:
            for found in rule.check(resource, *stack):
                yield self._finding(rule, resource, found)
        except UnknownValueError as error:
            text = f"{'.'.join(error.props)} {LATER}"
            yield Finding(rule, "advisory", resource, text)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # Not what Azure's shape of it says: the provider has let it pass, a rule does not.
            found = f"its properties cannot be judged ({error})"
            yield self._finding(rule, resource, found)

    def _finding(self, rule: Rule, resource: Resource, found: str) -> Finding:
        granted = [item for item in self._exemptions if item.rule == rule.id]
        covering = [item for item in granted if item.covers(resource.name)]
        for item in covering:
            if item.holds(self._today):
                return Finding(rule, "advisory", resource, f"{found}. {item.until}")
        expired = "".join(f" (Its exemption expired on {item.expires}.)" for item in covering[:1])
        text = f"{found}. {rule.metadata.mend}{expired}"
        return Finding(rule, rule.level(self.stack), resource, text)
