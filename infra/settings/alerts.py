"""Settings of alerts: who is told, and the rules of `infra/alerts.yaml`."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, TypeAdapter, WithJsonSchema, model_validator

from infra.settings.contacts import Email, Https
from infra.settings.faults import FaultsError
from infra.settings.fields import Duration, Section, known, table


def _number_or_off(value: object) -> object:
    """YAML 1.1 reads a bare `off` as false; Pulumi's own reader does not."""
    if value is False:
        return "off"
    if value != "off" and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError("allowed are a number and off")
    return value


Threshold = Annotated[
    float | Literal["off"],
    BeforeValidator(_number_or_off),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"enum": ["off", False]}]}),
]
Severity = Annotated[int, Field(ge=0, le=4)]


class Alerts(Section):
    """Who is told of what goes wrong; the rules are in `infra/alerts.yaml`."""

    emails: list[Email] = []
    """Who is written to."""
    webhook: Https | None = None
    """Called with the common alert schema. The stack file is no place for a secret address."""
    thresholds: dict[Annotated[str, known("alerts.yaml")], Threshold] = {}
    """Another threshold for a rule, or `off`."""

    @model_validator(mode="after")
    def _thresholds(self) -> Self:
        for name, chosen in self.thresholds.items():
            rule = alert_rules()[name]
            if chosen == "off":
                continue
            if isinstance(rule, ActivityRule):
                raise FaultsError.at(
                    f"thresholds.{name}", "tells of each time, without a threshold; allowed is off"
                )
            highest = rule.highest if isinstance(rule, MetricRule) else None
            if chosen < 0 or (highest is not None and chosen > highest):
                bounds = "0 or more" if highest is None else f"0 to {highest:g}"
                raise FaultsError.at(
                    f"thresholds.{name}", f"{chosen:g} makes no sense; allowed are {bounds}"
                )
        return self

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self.emails and not self.webhook:
            raise ValueError("tells nobody; give emails, a webhook or both")
        return self

    def on(self, rule: str) -> bool:
        return self.thresholds.get(rule) != "off"

    def threshold(self, rule: str, usual: float) -> float:
        """Of a rule that is on."""
        chosen = self.thresholds.get(rule, usual)
        return usual if chosen == "off" else chosen


class MetricRule(Section):
    """A number that Azure measures of a resource."""

    kind: Literal["metric"]
    what: str
    severity: Severity
    window: Duration
    every: Duration
    of: Literal["workspace", "endpoints", "storage", "vault"]
    metric: str
    dimensions: dict[str, list[str]] = {}
    measure: Literal["Average", "Minimum", "Maximum", "Total", "Count"]
    operator: Literal["GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"]
    threshold: float
    highest: float | None = None


class ActivityRule(Section):
    """Something that somebody does in the resource group."""

    kind: Literal["activity"]
    what: str
    operations: Annotated[list[str], Field(min_length=1)]


class QueryRule(Section):
    """A question to Log Analytics: the number of rows counts."""

    kind: Literal["query"]
    what: str
    severity: Severity
    window: Duration
    every: Duration
    query: str
    operator: Literal["GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"]
    threshold: float


Rule = Annotated[MetricRule | ActivityRule | QueryRule, Field(discriminator="kind")]


@cache
def alert_rules() -> dict[str, MetricRule | ActivityRule | QueryRule]:
    """The rows of `infra/alerts.yaml` by name; raises ValidationError for one that is wrong."""
    adapter: TypeAdapter[dict[str, Rule]] = TypeAdapter(dict[str, Rule])
    return adapter.validate_python(table("alerts.yaml"))
