"""What a compute cluster is to be, as Azure Machine Learning takes it."""

from __future__ import annotations

import pulumi

from infra.settings import Cluster, iso8601

CREATE_ONLY = [
    f"properties.properties.{name}"
    for name in (
        "vmSize",
        "vmPriority",
        "subnet",
        "enableNodePublicIp",
        "isolatedNetwork",
        "remoteLoginPortPublicAccess",
        "userAccountCredentials",
    )
]
"""The service refuses to change these of a cluster: another value makes it anew."""


def cluster_properties(
    cluster: Cluster, *, subnet: pulumi.Input[str] | None, private_nodes: bool
) -> dict[str, object]:
    """Out of the settings, and of the network where they are silent."""
    public = not private_nodes if cluster.public_ip is None else cluster.public_ip
    within = cluster.subnet or subnet
    properties: dict[str, object] = {
        "os_type": "Linux",
        "vm_size": cluster.size,
        "vm_priority": "LowPriority" if cluster.priority == "low" else "Dedicated",
        "scale_settings": {
            "min_node_count": cluster.min,
            "max_node_count": cluster.max,
            "node_idle_time_before_scale_down": iso8601(cluster.idle),
        },
        "enable_node_public_ip": public,
        "isolated_network": cluster.isolated,
        "remote_login_port_public_access": "Enabled" if cluster.ssh and public else "Disabled",
    }
    if within:
        properties["subnet"] = {"id": within}
    if cluster.ssh:
        properties["user_account_credentials"] = {
            "admin_user_name": cluster.ssh.user,
            "admin_user_ssh_public_key": cluster.ssh.public_key,
        }
    return {
        "compute_type": "AmlCompute",
        # Local authentication is SSH with a user of the nodes' own.
        "disable_local_auth": cluster.ssh is None,
        "properties": properties,
    }
