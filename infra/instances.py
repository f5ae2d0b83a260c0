"""What a compute instance is to be, as Azure Machine Learning takes it."""

from __future__ import annotations

import pulumi

from infra.settings import Instance, PowerSchedule, Script, iso8601

CREATE_ONLY = ["properties", "identity"]
"""Another value makes an instance anew: the request that makes one changes nothing of one that is
there, and says so of nothing. Idle times "in ARM templates: only configurable during new compute
instance creation", Microsoft Learn, "Create a compute instance"; schedules and the rest alike, as
github.com/Azure/bicep-types-az/issues/2543 reports and Terraform's provider has it.
"""


def instance_properties(
    instance: Instance,
    *,
    tenant_id: pulumi.Input[str],
    subnet: pulumi.Input[str] | None,
    private_nodes: bool,
) -> dict[str, object]:
    """Out of the settings, and of the network where they are silent."""
    within = instance.subnet or subnet
    scripts = {
        f"{name}_script": _script(script)
        for name, script in (
            ("creation", instance.setup.creation),
            ("startup", instance.setup.start),
        )
        if script
    }
    properties: dict[str, object] = {
        "vm_size": instance.size,
        "idle_time_before_shutdown": iso8601(instance.idle),
        "application_sharing_policy": instance.applications.capitalize(),
        "compute_instance_authorization_type": "personal",
        "enable_node_public_ip": (
            not private_nodes if instance.public_ip is None else instance.public_ip
        ),
        # The service switches it off, for the person to switch on, where somebody else's script
        # has run: "Create on behalf of", Microsoft Learn.
        "enable_sso": not (instance.assigned_user and scripts),
        "ssh_settings": (
            {"ssh_public_access": "Enabled", "admin_public_key": instance.ssh.public_key}
            if instance.ssh
            else {"ssh_public_access": "Disabled"}
        ),
    }
    if within:
        properties["subnet"] = {"id": within}
    if instance.assigned_user:
        properties["personal_compute_instance_settings"] = {
            "assigned_user": {"object_id": instance.assigned_user, "tenant_id": tenant_id}
        }
    if scripts:
        properties["setup_scripts"] = {"scripts": scripts}
    if instance.schedules:
        schedules = [_schedule(schedule) for schedule in instance.schedules.values()]
        properties["schedules"] = {"compute_start_stop": schedules}
    return {
        "compute_type": "ComputeInstance",
        # Local authentication is SSH with a user of the machine's own.
        "disable_local_auth": instance.ssh is None,
        "properties": properties,
    }


def _script(script: Script) -> dict[str, object]:
    """Sent along in base64, so that it need not lie in the workspace's file share before."""
    seconds = int(script.timeout.total_seconds())
    sent: dict[str, object] = {
        "script_source": "inline",
        "script_data": script.data,
        "timeout": f"{seconds // 60}m",
    }
    if script.arguments:
        sent["script_arguments"] = script.arguments
    return sent


def _schedule(schedule: PowerSchedule) -> dict[str, object]:
    common: dict[str, object] = {
        "action": schedule.action.capitalize(),
        "status": "Enabled" if schedule.enabled else "Disabled",
    }
    if schedule.cron:
        cron = {"expression": schedule.cron, "time_zone": schedule.time_zone}
        return {**common, "trigger_type": "Cron", "cron": cron}
    hour, minute = (int(part) for part in (schedule.at or "0:0").split(":"))
    when: dict[str, object] = {"hours": [hour], "minutes": [minute]}
    if schedule.weekdays:
        when["week_days"] = [day.capitalize() for day in schedule.weekdays]
    if schedule.month_days:
        when["month_days"] = list(schedule.month_days)
    recurrence = {
        "frequency": (schedule.every or "day").capitalize(),
        "interval": schedule.interval,
        "schedule": when,
        "time_zone": schedule.time_zone,
    }
    return {**common, "trigger_type": "Recurrence", "recurrence": recurrence}
