"""The rules as Pulumi takes them, for one stack."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from pulumi_policy import (
    EnforcementLevel,
    ResourceValidationPolicy,
    Severity,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from policies import exemptions
from policies.catalogue import Rule, rules
from policies.exemptions import Exemption
from policies.parameters import Parameters, parameters
from policies.resource import PREFIX, Resource, Stack

if TYPE_CHECKING:
    from pulumi_policy import (
        PolicyResource,
        ReportViolation,
        ResourceValidationArgs,
        StackValidationArgs,
    )

NAME = "amlops"
EXEMPTED = " (exempted)"
"""Ends the name of the advisory policy that tells what a rule's exemptions let pass."""
LATER = "cannot be known before up, which asks again"


@dataclass(frozen=True)
class Enforced:
    """A rule in a stack: reports what is not exempt, or with `exempted` only what is."""

    rule: Rule
    stack: str
    parameters: Parameters
    exemptions: Sequence[Exemption]
    today: date
    exempted: bool = False

    @cached_property
    def types(self) -> frozenset[str]:
        return frozenset(self.rule.metadata.types)

    def policy(self) -> ResourceValidationPolicy | StackValidationPolicy:
        metadata = self.rule.metadata
        level = "advisory" if self.exempted else self.rule.level(self.stack)
        options = {
            "name": self.rule.id + (EXEMPTED if self.exempted else ""),
            "description": f"{metadata.what} {metadata.why}",
            "enforcement_level": EnforcementLevel(level),
            "severity": Severity(metadata.severity),
            "remediation_steps": metadata.mend,
        }
        if metadata.scope == "stack":
            return StackValidationPolicy(validate=self.validate_stack, **options)
        return ResourceValidationPolicy(validate=self.validate, **options)

    def validate(self, args: ResourceValidationArgs, report: ReportViolation) -> None:
        """Report what the check finds on a resource of the rule's types."""
        type_ = args.resource_type.removeprefix(PREFIX)
        if type_ not in self.types:
            return
        resource = Resource(
            type=type_,
            name=args.name,
            properties=args.props,
            parameters=self.parameters,
            stack=self.stack,
            urn=args.urn,
            protected=args.opts.protect,
        )
        self._judge([resource], lambda one: self.rule.check(one), report)

    def validate_stack(self, args: StackValidationArgs, report: ReportViolation) -> None:
        """Report what the check finds on the resources of the rule's types, knowing the others."""
        stack = Stack(self._of_stack(item) for item in args.resources)
        judged = stack.of(*self.types)
        self._judge(judged, lambda one: self.rule.check(one, stack), report)

    def _of_stack(self, item: PolicyResource) -> Resource:
        return Resource(
            type=item.resource_type.removeprefix(PREFIX),
            name=item.name,
            properties=item.props,
            parameters=self.parameters,
            stack=self.stack,
            urn=item.urn,
            protected=item.opts.protect,
            refers={
                name: frozenset(source.urn for source in sources)
                for name, sources in item.property_dependencies.items()
            },
        )

    def _judge(
        self,
        resources: Iterable[Resource],
        check: Callable[[Resource], Iterator[str]],
        report: ReportViolation,
    ) -> None:
        """One resource with a value that is not known yet does not hide the findings on others.

        Raises UnknownValueError for all of them at the end, which Pulumi tells as advisory: the
        rule is asked again when the values are known.
        """
        unknown: list[UnknownValueError] = []
        for resource in resources:
            try:
                for finding in check(resource):
                    self._tell(resource, finding, report)
            except UnknownValueError as error:
                path = ".".join(error.props)
                error.message = f"{resource.name}: {path} {LATER}"
                unknown.append(error)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                # Not what Azure's shape of it says: the provider has let it pass, a rule does not.
                self._tell(resource, f"its properties cannot be judged ({error})", report)
        if unknown and not self.exempted:
            unknown[0].message = "; ".join(error.message for error in unknown)
            raise unknown[0]

    def _tell(self, resource: Resource, finding: str, report: ReportViolation) -> None:
        covering = [item for item in self.exemptions if item.covers(resource.name)]
        holding = [item for item in covering if item.holds(self.today)]
        if bool(holding) is not self.exempted:
            return
        text = f"{resource.name}: {finding}. "
        if holding:
            text += f"Exempt until {holding[0].expires}: {holding[0].reason}"
        else:
            text += self.rule.metadata.mend
            text += "".join(f" (Its exemption expired on {item.expires}.)" for item in covering[:1])
        report(text, resource.urn)


def policies(
    stack: str, today: date | None = None, granted: Sequence[Exemption] | None = None
) -> list[ResourceValidationPolicy | StackValidationPolicy]:
    """What is enforced in a stack; raises PolicyError where a file of the pack is wrong."""
    today = today or date.today()
    every = rules()
    if granted is None:
        granted = exemptions.load(every)
    here = exemptions.of_stack(granted, stack)
    found = []
    for rule in every.values():
        if rule.level(stack) == "disabled":
            continue
        own = [item for item in here if item.rule == rule.id]
        enforced = Enforced(rule, stack, parameters(stack), own, today)
        found.append(enforced.policy())
        if own:
            exempted = Enforced(rule, stack, parameters(stack), own, today, exempted=True)
            found.append(exempted.policy())
    return found
