"""What watches: logs, alerts, whom they reach, and budgets."""

from __future__ import annotations

from typing import Any

from azure.mgmt.applicationinsights import ApplicationInsightsManagementClient
from azure.mgmt.applicationinsights import models as insights_models
from azure.mgmt.consumption import ConsumptionManagementClient
from azure.mgmt.consumption import models as budget_models
from azure.mgmt.loganalytics import LogAnalyticsManagementClient
from azure.mgmt.loganalytics import models as logs_models
from azure.mgmt.monitor import MonitorManagementClient
from azure.mgmt.monitor.v2018_03_01 import models as metric_models
from azure.mgmt.monitor.v2020_10_01 import models as activity_models
from azure.mgmt.monitor.v2021_05_01_preview import models as diagnostic_models
from azure.mgmt.monitor.v2022_08_01_preview import models as query_models
from azure.mgmt.monitor.v2023_01_01 import models as people_models
from pulumi_azure_native import applicationinsights, consumption, monitor, operationalinsights

from tests.sandbox.provider.recordings.recorder import GROUP, STORAGE, Pair

PEOPLE = f"{GROUP}/providers/Microsoft.Insights/actionGroups/ag"
LOGS = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/log"
COMPONENT: dict[str, Any] = {
    "location": "eastus",
    "kind": "web",
    "application_type": "web",
    "flow_type": "Bluefield",
    "request_source": "rest",
    "ingestion_mode": "LogAnalytics",
    "workspace_resource_id": STORAGE,
    "retention_in_days": 30,
    "disable_local_auth": True,
}
ME: dict[str, Any] = {
    "name": "me",
    "email_address": "me@example.com",
    "use_common_alert_schema": True,
}
METRIC_ALERT: dict[str, Any] = {
    "location": "global",
    "enabled": True,
    "severity": 1,
    "scopes": [STORAGE],
    "window_size": "PT15M",
    "evaluation_frequency": "PT5M",
}
METRIC: dict[str, Any] = {
    "name": "availability",
    "metric_name": "Availability",
    "metric_namespace": "Microsoft.Storage/storageAccounts",
    "operator": "LessThan",
    "threshold": 99,
    "time_aggregation": "Average",
}
QUERY_ALERT: dict[str, Any] = {
    "location": "eastus",
    "kind": "LogAlert",
    "severity": 3,
    "scopes": [LOGS],
    "window_size": "PT15M",
    "evaluation_frequency": "PT15M",
    "skip_query_validation": True,
}
CONDITION: dict[str, Any] = {
    "query": "T",
    "time_aggregation": "Count",
    "operator": "GreaterThan",
    "threshold": 0,
}
NOTICE: dict[str, Any] = {
    "enabled": True,
    "operator": "GreaterThanOrEqualTo",
    "threshold": 80,
    "threshold_type": "Actual",
    "contact_emails": ["me@example.com"],
    "contact_groups": [PEOPLE],
}

PAIRS: dict[str, Pair] = {
    "insights": Pair(
        "applicationinsights:Component",
        applicationinsights.ComponentArgs(
            resource_group_name="rg",
            resource_name="appi",
            **COMPONENT,
        ),
        ApplicationInsightsManagementClient,
        lambda c: c.components.create_or_update(
            "rg",
            "appi",
            insights_models.ApplicationInsightsComponent(**COMPONENT),
        ),
    ),
    "logs": Pair(
        "operationalinsights:Workspace",
        operationalinsights.WorkspaceArgs(
            resource_group_name="rg",
            workspace_name="log",
            location="eastus",
            retention_in_days=30,
            sku=operationalinsights.WorkspaceSkuArgs(name="PerGB2018"),
            features=operationalinsights.WorkspaceFeaturesArgs(disable_local_auth=True),
        ),
        LogAnalyticsManagementClient,
        lambda c: c.workspaces.begin_create_or_update(
            "rg",
            "log",
            logs_models.Workspace(
                location="eastus",
                properties=logs_models.WorkspaceProperties(
                    retention_in_days=30,
                    sku=logs_models.WorkspaceSku(name="PerGB2018"),
                    features=logs_models.WorkspaceFeatures(disable_local_auth=True),
                ),
            ),
        ),
    ),
    "diagnostics": Pair(
        "monitor:DiagnosticSetting",
        monitor.DiagnosticSettingArgs(
            resource_uri=STORAGE,
            name="amlops",
            workspace_id=LOGS,
            logs=[monitor.DiagnosticsLogSettingsArgs(category_group="allLogs", enabled=True)],
            metrics=[monitor.DiagnosticsMetricSettingsArgs(category="Transaction", enabled=True)],
        ),
        MonitorManagementClient,
        lambda c: c.diagnostic_settings.create_or_update(
            STORAGE,
            "amlops",
            diagnostic_models.DiagnosticSettingsResource(
                workspace_id=LOGS,
                logs=[diagnostic_models.LogSettings(category_group="allLogs", enabled=True)],
                metrics=[diagnostic_models.MetricSettings(category="Transaction", enabled=True)],
            ),
        ),
    ),
    "action group": Pair(
        "monitor:ActionGroup",
        monitor.action_group.ActionGroupInitArgs(
            resource_group_name="rg",
            action_group_name="ag",
            location="Global",
            enabled=True,
            group_short_name="dev",
            email_receivers=[monitor.MicrosoftCommonEmailReceiverArgs(**ME)],
        ),
        MonitorManagementClient,
        lambda c: c.action_groups.create_or_update(
            "rg",
            "ag",
            people_models.ActionGroupResource(
                location="Global",
                enabled=True,
                group_short_name="dev",
                email_receivers=[people_models.EmailReceiver(**ME)],
            ),
        ),
    ),
    "metric alert": Pair(
        "monitor:MetricAlert",
        monitor.MetricAlertArgs(
            resource_group_name="rg",
            rule_name="availability",
            **METRIC_ALERT,
            criteria=monitor.MetricAlertSingleResourceMultipleMetricCriteriaArgs(
                odata_type="Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
                all_of=[
                    monitor.MetricCriteriaArgs(
                        criterion_type="StaticThresholdCriterion",
                        **METRIC,
                        dimensions=[
                            monitor.MetricDimensionArgs(
                                name="ApiName", operator="Include", values=["*"]
                            )
                        ],
                    )
                ],
            ),
            actions=[monitor.MetricAlertActionArgs(action_group_id=PEOPLE)],
        ),
        MonitorManagementClient,
        lambda c: c.metric_alerts.create_or_update(
            "rg",
            "availability",
            metric_models.MetricAlertResource(
                **METRIC_ALERT,
                criteria=metric_models.MetricAlertSingleResourceMultipleMetricCriteria(
                    all_of=[
                        metric_models.MetricCriteria(
                            **METRIC,
                            dimensions=[
                                metric_models.MetricDimension(
                                    name="ApiName", operator="Include", values=["*"]
                                )
                            ],
                        )
                    ]
                ),
                actions=[metric_models.MetricAlertAction(action_group_id=PEOPLE)],
            ),
        ),
    ),
    "activity alert": Pair(
        "monitor:ActivityLogAlert",
        monitor.ActivityLogAlertArgs(
            resource_group_name="rg",
            activity_log_alert_name="deleted",
            location="global",
            enabled=True,
            scopes=[GROUP],
            condition=monitor.AlertRuleAllOfConditionArgs(
                all_of=[
                    monitor.AlertRuleAnyOfOrLeafConditionArgs(
                        any_of=[
                            monitor.AlertRuleLeafConditionArgs(
                                field="operationName", equals="a/delete"
                            )
                        ]
                    )
                ]
            ),
            actions=monitor.ActionListArgs(
                action_groups=[monitor._inputs.ActionGroupArgs(action_group_id=PEOPLE)]
            ),
        ),
        MonitorManagementClient,
        lambda c: c.activity_log_alerts.create_or_update(
            "rg",
            "deleted",
            activity_models.ActivityLogAlertResource(
                location="global",
                enabled=True,
                scopes=[GROUP],
                condition=activity_models.AlertRuleAllOfCondition(
                    all_of=[
                        activity_models.AlertRuleAnyOfOrLeafCondition(
                            any_of=[
                                activity_models.AlertRuleLeafCondition(
                                    field="operationName", equals="a/delete"
                                )
                            ]
                        )
                    ]
                ),
                actions=activity_models.ActionList(
                    action_groups=[activity_models.ActionGroup(action_group_id=PEOPLE)]
                ),
            ),
        ),
    ),
    "query alert": Pair(
        "monitor:ScheduledQueryRule",
        monitor.ScheduledQueryRuleArgs(
            resource_group_name="rg",
            rule_name="failed",
            **QUERY_ALERT,
            criteria=monitor.ScheduledQueryRuleCriteriaArgs(
                all_of=[monitor.ConditionArgs(**CONDITION)]
            ),
            actions=monitor.ActionsArgs(action_groups=[PEOPLE]),
        ),
        MonitorManagementClient,
        lambda c: c.scheduled_query_rules.create_or_update(
            "rg",
            "failed",
            query_models.ScheduledQueryRuleResource(
                **QUERY_ALERT,
                public_network_access=None,  # Enabled unless told otherwise, of a later version
                criteria=query_models.ScheduledQueryRuleCriteria(
                    all_of=[query_models.Condition(**CONDITION)]
                ),
                actions=query_models.Actions(action_groups=[PEOPLE]),
            ),
        ),
    ),
    "budget": Pair(
        "consumption:Budget",
        consumption.BudgetArgs(
            scope=GROUP,
            budget_name="monthly",
            amount=200,
            category="Cost",
            time_grain="Monthly",
            time_period=consumption.BudgetTimePeriodArgs(start_date="2026-11-01T00:00:00Z"),
            notifications={"actual-80": consumption.NotificationArgs(**NOTICE)},
        ),
        ConsumptionManagementClient,
        lambda c: c.budgets.create_or_update(
            GROUP,
            "monthly",
            budget_models.Budget(
                properties=budget_models.BudgetProperties(
                    amount=200,
                    category="Cost",
                    time_grain="Monthly",
                    time_period={"startDate": "2026-11-01T00:00:00Z"},
                    notifications={"actual-80": budget_models.Notification(**NOTICE)},
                )
            ),
        ),
    ),
}
