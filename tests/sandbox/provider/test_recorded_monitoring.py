"""What watches: the plugin's requests are those of Microsoft's own clients for the same wish."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi_azure_native.consumption as consumption
import pulumi_azure_native.eventgrid as events
import pulumi_azure_native.machinelearningservices as ml
import pulumi_azure_native.monitor as monitor
import pulumi_azure_native.storage as storage
import pytest
from azure.ai.ml._restclient.arm_ml_service import MachineLearningServicesMgmtClient
from azure.ai.ml._restclient.arm_ml_service import models as ml_models
from azure.mgmt.consumption import ConsumptionManagementClient
from azure.mgmt.consumption import models as budget_models
from azure.mgmt.eventgrid import EventGridManagementClient
from azure.mgmt.eventgrid import models as event_models
from azure.mgmt.monitor import MonitorManagementClient
from azure.mgmt.monitor.v2018_03_01 import models as metric_models
from azure.mgmt.monitor.v2020_10_01 import models as activity_models
from azure.mgmt.monitor.v2021_05_01_preview import models as diagnostic_models
from azure.mgmt.monitor.v2022_08_01_preview import models as query_models
from azure.mgmt.monitor.v2023_01_01 import models as people_models
from azure.mgmt.storage import StorageManagementClient

from sandbox.provider.table import resource_type
from sandbox.provider.translate import request_body, resource_id
from tests.sandbox.provider.test_recorded import GROUP, STORAGE, SUBSCRIPTION, plain, recorded

PEOPLE = f"{GROUP}/providers/Microsoft.Insights/actionGroups/ag"
LOGS = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/log"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/mlw"

PAIRS: dict[str, tuple[str, Any, Any, Callable[[Any], Any]]] = {
    "diagnostics": (
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
    "people": (
        "monitor:ActionGroup",
        monitor.action_group.ActionGroupInitArgs(
            resource_group_name="rg",
            action_group_name="ag",
            location="Global",
            enabled=True,
            group_short_name="dev",
            email_receivers=[
                monitor.MicrosoftCommonEmailReceiverArgs(
                    name="me", email_address="me@example.com", use_common_alert_schema=True
                )
            ],
        ),
        MonitorManagementClient,
        lambda c: c.action_groups.create_or_update(
            "rg",
            "ag",
            people_models.ActionGroupResource(
                location="Global",
                enabled=True,
                group_short_name="dev",
                email_receivers=[
                    people_models.EmailReceiver(
                        name="me", email_address="me@example.com", use_common_alert_schema=True
                    )
                ],
            ),
        ),
    ),
    "metric": (
        "monitor:MetricAlert",
        monitor.MetricAlertArgs(
            resource_group_name="rg",
            rule_name="availability",
            location="global",
            enabled=True,
            severity=1,
            scopes=[STORAGE],
            window_size="PT15M",
            evaluation_frequency="PT5M",
            criteria=monitor.MetricAlertSingleResourceMultipleMetricCriteriaArgs(
                odata_type="Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
                all_of=[
                    monitor.MetricCriteriaArgs(
                        criterion_type="StaticThresholdCriterion",
                        name="availability",
                        metric_name="Availability",
                        metric_namespace="Microsoft.Storage/storageAccounts",
                        operator="LessThan",
                        threshold=99,
                        time_aggregation="Average",
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
                location="global",
                enabled=True,
                severity=1,
                scopes=[STORAGE],
                window_size="PT15M",
                evaluation_frequency="PT5M",
                criteria=metric_models.MetricAlertSingleResourceMultipleMetricCriteria(
                    all_of=[
                        metric_models.MetricCriteria(
                            name="availability",
                            metric_name="Availability",
                            metric_namespace="Microsoft.Storage/storageAccounts",
                            operator="LessThan",
                            threshold=99,
                            time_aggregation="Average",
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
    "activity": (
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
    "query": (
        "monitor:ScheduledQueryRule",
        monitor.ScheduledQueryRuleArgs(
            resource_group_name="rg",
            rule_name="failed",
            location="eastus",
            kind="LogAlert",
            severity=3,
            scopes=[LOGS],
            window_size="PT15M",
            evaluation_frequency="PT15M",
            skip_query_validation=True,
            criteria=monitor.ScheduledQueryRuleCriteriaArgs(
                all_of=[
                    monitor.ConditionArgs(
                        query="T", time_aggregation="Count", operator="GreaterThan", threshold=0
                    )
                ]
            ),
            actions=monitor.ActionsArgs(action_groups=[PEOPLE]),
        ),
        MonitorManagementClient,
        lambda c: c.scheduled_query_rules.create_or_update(
            "rg",
            "failed",
            query_models.ScheduledQueryRuleResource(
                location="eastus",
                kind="LogAlert",
                severity=3,
                scopes=[LOGS],
                window_size="PT15M",
                evaluation_frequency="PT15M",
                skip_query_validation=True,
                public_network_access=None,  # Enabled unless told otherwise, of a later version
                criteria=query_models.ScheduledQueryRuleCriteria(
                    all_of=[
                        query_models.Condition(
                            query="T",
                            time_aggregation="Count",
                            operator="GreaterThan",
                            threshold=0,
                        )
                    ]
                ),
                actions=query_models.Actions(action_groups=[PEOPLE]),
            ),
        ),
    ),
    "topic": (
        "eventgrid:SystemTopic",
        events.SystemTopicArgs(
            resource_group_name="rg",
            system_topic_name="egst",
            location="eastus",
            source=WORKSPACE,
            topic_type="Microsoft.MachineLearningServices.Workspaces",
            identity=events.IdentityInfoArgs(type="SystemAssigned"),
        ),
        EventGridManagementClient,
        lambda c: c.system_topics.begin_create_or_update(
            "rg",
            "egst",
            event_models.SystemTopic(
                location="eastus",
                source=WORKSPACE,
                topic_type="Microsoft.MachineLearningServices.Workspaces",
                identity=event_models.IdentityInfo(type="SystemAssigned"),
            ),
        ),
    ),
    "subscription": (
        "eventgrid:SystemTopicEventSubscription",
        events.SystemTopicEventSubscriptionArgs(
            resource_group_name="rg",
            system_topic_name="egst",
            event_subscription_name="jobs",
            event_delivery_schema="CloudEventSchemaV1_0",
            filter=events.EventSubscriptionFilterArgs(
                included_event_types=["a.b"], subject_begins_with="models/"
            ),
            retry_policy=events.RetryPolicyArgs(
                max_delivery_attempts=30, event_time_to_live_in_minutes=1440
            ),
            delivery_with_resource_identity=events.DeliveryWithResourceIdentityArgs(
                identity=events.EventSubscriptionIdentityArgs(type="SystemAssigned"),
                destination=events.StorageQueueEventSubscriptionDestinationArgs(
                    endpoint_type="StorageQueue",
                    resource_id=STORAGE,
                    queue_name="jobs",
                    queue_message_time_to_live_in_seconds=60,
                ),
            ),
            dead_letter_with_resource_identity=events.DeadLetterWithResourceIdentityArgs(
                identity=events.EventSubscriptionIdentityArgs(type="SystemAssigned"),
                dead_letter_destination=events.StorageBlobDeadLetterDestinationArgs(
                    endpoint_type="StorageBlob", resource_id=STORAGE, blob_container_name="letters"
                ),
            ),
        ),
        EventGridManagementClient,
        lambda c: c.system_topic_event_subscriptions.begin_create_or_update(
            "rg",
            "egst",
            "jobs",
            event_models.EventSubscription(
                event_delivery_schema="CloudEventSchemaV1_0",
                filter=event_models.EventSubscriptionFilter(
                    included_event_types=["a.b"], subject_begins_with="models/"
                ),
                retry_policy=event_models.RetryPolicy(
                    max_delivery_attempts=30, event_time_to_live_in_minutes=1440
                ),
                delivery_with_resource_identity=event_models.DeliveryWithResourceIdentity(
                    identity=event_models.EventSubscriptionIdentity(type="SystemAssigned"),
                    destination=event_models.StorageQueueEventSubscriptionDestination(
                        resource_id=STORAGE,
                        queue_name="jobs",
                        queue_message_time_to_live_in_seconds=60,
                    ),
                ),
                dead_letter_with_resource_identity=event_models.DeadLetterWithResourceIdentity(
                    identity=event_models.EventSubscriptionIdentity(type="SystemAssigned"),
                    dead_letter_destination=event_models.StorageBlobDeadLetterDestination(
                        resource_id=STORAGE, blob_container_name="letters"
                    ),
                ),
            ),
        ),
    ),
    "hook": (
        "eventgrid:SystemTopicEventSubscription",
        events.SystemTopicEventSubscriptionArgs(
            resource_group_name="rg",
            system_topic_name="egst",
            event_subscription_name="hook",
            destination=events.WebHookEventSubscriptionDestinationArgs(
                endpoint_type="WebHook", endpoint_url="https://example.com/hook"
            ),
        ),
        EventGridManagementClient,
        lambda c: c.system_topic_event_subscriptions.begin_create_or_update(
            "rg",
            "egst",
            "hook",
            event_models.EventSubscription(
                event_delivery_schema="EventGridSchema",
                destination=event_models.WebHookEventSubscriptionDestination(
                    endpoint_url="https://example.com/hook"
                ),
            ),
        ),
    ),
    "queue": (
        "storage:Queue",
        storage.queue.QueueArgs(resource_group_name="rg", account_name="st", queue_name="jobs"),
        StorageManagementClient,
        lambda c: c.queue.create("rg", "st", "jobs", {}),
    ),
    "budget": (
        "consumption:Budget",
        consumption.BudgetArgs(
            scope=GROUP,
            budget_name="monthly",
            amount=200,
            category="Cost",
            time_grain="Monthly",
            time_period=consumption.BudgetTimePeriodArgs(start_date="2026-11-01T00:00:00Z"),
            notifications={
                "actual-80": consumption.NotificationArgs(
                    enabled=True,
                    operator="GreaterThanOrEqualTo",
                    threshold=80,
                    threshold_type="Actual",
                    contact_emails=["me@example.com"],
                    contact_groups=[PEOPLE],
                )
            },
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
                    notifications={
                        "actual-80": budget_models.Notification(
                            enabled=True,
                            operator="GreaterThanOrEqualTo",
                            threshold=80,
                            threshold_type="Actual",
                            contact_emails=["me@example.com"],
                            contact_groups=[PEOPLE],
                        )
                    },
                )
            ),
        ),
    ),
    "registry": (
        "machinelearningservices:Registry",
        ml.RegistryArgs(
            resource_group_name="rg",
            registry_name="mlr",
            location="eastus",
            identity=ml.ManagedServiceIdentityArgs(type="SystemAssigned"),
            public_network_access="Enabled",
            region_details=[
                ml.RegistryRegionArmDetailsArgs(
                    location="eastus",
                    acr_details=[
                        ml.AcrDetailsArgs(
                            system_created_acr_account=ml.SystemCreatedAcrAccountArgs(
                                acr_account_sku="Premium"
                            )
                        )
                    ],
                    storage_account_details=[
                        ml.StorageAccountDetailsArgs(
                            system_created_storage_account=ml.SystemCreatedStorageAccountArgs(
                                storage_account_type="Standard_LRS",
                                storage_account_hns_enabled=False,
                            )
                        )
                    ],
                )
            ],
        ),
        MachineLearningServicesMgmtClient,
        lambda c: c.registries.begin_create_or_update(
            "rg",
            "mlr",
            ml_models.Registry(
                location="eastus",
                identity=ml_models.ManagedServiceIdentity(type="SystemAssigned"),
                properties=ml_models.RegistryProperties(
                    public_network_access="Enabled",
                    region_details=[
                        ml_models.RegistryRegionArmDetails(
                            location="eastus",
                            acr_details=[
                                ml_models.AcrDetails(
                                    system_created_acr_account=ml_models.SystemCreatedAcrAccount(
                                        acr_account_sku="Premium"
                                    )
                                )
                            ],
                            storage_account_details=[
                                ml_models.StorageAccountDetails(
                                    system_created_storage_account=(
                                        ml_models.SystemCreatedStorageAccount(
                                            storage_account_type="Standard_LRS",
                                            storage_account_hns_enabled=False,
                                        )
                                    )
                                )
                            ],
                        )
                    ],
                ),
            ),
        ),
    ),
    "batch": (
        "machinelearningservices:BatchEndpoint",
        ml.BatchEndpointArgs(
            resource_group_name="rg",
            workspace_name="mlw",
            endpoint_name="nightly",
            location="eastus",
            properties=ml.BatchEndpointPropertiesArgs(auth_mode="AADToken"),
        ),
        MachineLearningServicesMgmtClient,
        lambda c: c.batch_endpoints.begin_create_or_update(
            "rg",
            "mlw",
            "nightly",
            ml_models.BatchEndpoint(
                location="eastus",
                properties=ml_models.BatchEndpointProperties(auth_mode="AADToken"),
            ),
        ),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_request_is_that_of_the_official_client(name: str) -> None:
    token, arguments, client, wish = PAIRS[name]
    resource = resource_type(f"azure-native:{token}")
    inputs = plain(arguments)
    official = recorded(client, wish)
    path = "/" + resource_id(resource, inputs, SUBSCRIPTION).lstrip("/")
    assert official.method == "PUT"
    assert path.lower() == official.path.lower().replace("//", "/")
    assert request_body(resource, inputs) == official.body
