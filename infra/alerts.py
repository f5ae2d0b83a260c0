"""Who is told when something goes wrong, and of what: the rules of `alerts.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import monitor

from infra import settings
from infra.names import Names
from infra.placement import Placement
from infra.settings import ActivityRule, MetricRule, QueryRule, alert_rules, iso8601

ONE_RESOURCE = "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria"
WATCHED = {
    "workspace": "Microsoft.MachineLearningServices/workspaces",
    "endpoints": "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
    "storage": "Microsoft.Storage/storageAccounts",
    "vault": "Microsoft.KeyVault/vaults",
}


@dataclass(frozen=True)
class AlertsArgs:
    names: Names
    placement: Placement
    alerts: settings.Alerts
    group: pulumi.Input[str]
    """Id of the resource group, whose activity is watched."""
    watched: Mapping[str, Mapping[str, pulumi.Input[str]]]
    """Ids by what a rule is `of`, each by a name of its own that becomes part of the alert's."""
    logs: pulumi.Input[str] | None
    """Id of a Log Analytics workspace that the diagnostics go to; None: no questions to it."""


class Alerts(pulumi.ComponentResource):
    """Does not manage who is on call: an address is a mailing list's. Nor what an alert has found:
    those are opened and closed by Azure Monitor.
    """

    def __init__(
        self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:Alerts", name, None, opts)
        self.child = pulumi.ResourceOptions(parent=self)
        self.action_group = monitor.ActionGroup(
            f"{name}-people",
            action_group_name=args.names.action_group,
            resource_group_name=args.placement.resource_group,
            location="Global",
            enabled=True,
            group_short_name=args.names.environment,
            email_receivers=[
                {"name": email, "email_address": email, "use_common_alert_schema": True}
                for email in args.alerts.emails
            ],
            webhook_receivers=[
                {
                    "name": "webhook",
                    "service_uri": args.alerts.webhook,
                    "use_common_alert_schema": True,
                }
            ]
            if args.alerts.webhook
            else [],
            tags=args.placement.tags,
            opts=self.child,
        )
        for key, rule in alert_rules().items():
            if not args.alerts.on(key):
                continue
            match rule:
                case MetricRule():
                    self._metric(name, key, rule, args)
                case ActivityRule():
                    self._activity(name, key, rule, args)
                case QueryRule():
                    self._query(name, key, rule, args)
        self.register_outputs({"actionGroup": self.action_group.id})

    def _metric(self, name: str, key: str, rule: MetricRule, args: AlertsArgs) -> None:
        dimensions = [
            monitor.MetricDimensionArgs(name=dimension, operator="Include", values=values)
            for dimension, values in rule.dimensions.items()
        ]
        for subject, scope in args.watched[rule.of].items():
            rule_name = f"{key}-{subject}" if rule.of == "endpoints" else key
            monitor.MetricAlert(
                f"{name}-{rule_name}",
                rule_name=args.names.alert(rule_name),
                resource_group_name=args.placement.resource_group,
                location="global",
                description=rule.what,
                enabled=True,
                severity=rule.severity,
                scopes=[scope],
                window_size=iso8601(rule.window),
                evaluation_frequency=iso8601(rule.every),
                auto_mitigate=True,
                # Of several possible types: their dictionaries the SDK does not translate.
                criteria=monitor.MetricAlertSingleResourceMultipleMetricCriteriaArgs(
                    odata_type=ONE_RESOURCE,
                    all_of=[
                        monitor.MetricCriteriaArgs(
                            criterion_type="StaticThresholdCriterion",
                            name=key,
                            metric_name=rule.metric,
                            metric_namespace=WATCHED[rule.of],
                            operator=rule.operator,
                            threshold=args.alerts.threshold(key, rule.threshold),
                            time_aggregation=rule.measure,
                            dimensions=dimensions,
                        )
                    ],
                ),
                actions=[{"action_group_id": self.action_group.id}],
                tags=args.placement.tags,
                opts=self.child,
            )

    def _activity(self, name: str, key: str, rule: ActivityRule, args: AlertsArgs) -> None:
        operations = [
            {"field": "operationName", "equals": operation} for operation in rule.operations
        ]
        monitor.ActivityLogAlert(
            f"{name}-{key}",
            activity_log_alert_name=args.names.alert(key),
            resource_group_name=args.placement.resource_group,
            location="global",
            description=rule.what,
            enabled=True,
            scopes=[args.group],
            condition={
                "all_of": [
                    {"field": "category", "equals": "Administrative"},
                    {"any_of": operations} if len(operations) > 1 else operations[0],
                ]
            },
            actions={"action_groups": [{"action_group_id": self.action_group.id}]},
            tags=args.placement.tags,
            opts=self.child,
        )

    def _query(self, name: str, key: str, rule: QueryRule, args: AlertsArgs) -> None:
        if args.logs is None:
            return
        monitor.ScheduledQueryRule(
            f"{name}-{key}",
            rule_name=args.names.alert(key),
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            kind="LogAlert",
            description=rule.what,
            enabled=True,
            severity=rule.severity,
            scopes=[args.logs],
            window_size=iso8601(rule.window),
            evaluation_frequency=iso8601(rule.every),
            auto_mitigate=True,
            # A table is there only when the first row is: the check would refuse a new workspace.
            skip_query_validation=True,
            criteria={
                "all_of": [
                    {
                        "query": rule.query,
                        "time_aggregation": "Count",
                        "operator": rule.operator,
                        "threshold": args.alerts.threshold(key, rule.threshold),
                        "failing_periods": {
                            "number_of_evaluation_periods": 1,
                            "min_failing_periods_to_alert": 1,
                        },
                    }
                ]
            },
            actions={"action_groups": [self.action_group.id]},
            tags=args.placement.tags,
            opts=self.child,
        )
