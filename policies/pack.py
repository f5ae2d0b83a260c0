"""Rules as Pulumi takes them: metadata of `rules.yaml` joined with the checks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pulumi_policy import EnforcementLevel, ResourceValidationPolicy
from pydantic import BaseModel, ConfigDict, Field

from policies.checks import CHECKS, Check

if TYPE_CHECKING:
    from pulumi_policy import ReportViolation, ResourceValidationArgs

NAME = "amlops"


class Metadata(BaseModel):
    """One entry of `rules.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    what: str = Field(min_length=1)
    why: str = Field(min_length=1)
    mend: str = Field(min_length=1)
    level: EnforcementLevel
    types: tuple[str, ...] = Field(min_length=1)
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    id: str
    metadata: Metadata
    check: Check

    def validate(self, args: ResourceValidationArgs, report: ReportViolation) -> None:
        """Report what the check finds on a resource of the rule's types."""
        if args.resource_type not in self.metadata.types:
            return
        for finding in self.check(args.props):
            report(f"{args.name}: {finding}. {self.metadata.mend}")

    def policy(self) -> ResourceValidationPolicy:
        return ResourceValidationPolicy(
            name=self.id,
            description=f"{self.metadata.what} {self.metadata.why}",
            enforcement_level=self.metadata.level,
            validate=self.validate,
        )


@cache
def rules() -> dict[str, Rule]:
    """By id, in the order of `rules.yaml`; raises KeyError for an entry without a check."""
    entries = yaml.safe_load((Path(__file__).parent / "rules.yaml").read_text())
    checks = {check.__name__.replace("_", "-"): check for check in CHECKS}
    return {
        id_: Rule(id_, Metadata.model_validate(entry), checks[id_])
        for id_, entry in entries.items()
    }


def policies() -> list[ResourceValidationPolicy]:
    return [rule.policy() for rule in rules().values()]
