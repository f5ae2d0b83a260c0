"""Pulumi's protocol for policies: the engine sends each resource, and all of them at the end.

The SDK's own `PolicyPack` reads every resource anew for every policy, which with this many takes a
tenth of a preview, and it has one level a policy, where what is exempt needs another.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import analyzer_pb2 as messages
from pulumi.runtime.proto import analyzer_pb2_grpc, plugin_pb2
from pulumi_policy.deserialize import deserialize_properties
from pulumi_policy.proxy import unknown_checking_proxy

from policies.pack import NAME, Finding, Pack
from policies.resource import Resource, Stack

# Names and parameters of the methods are the protocol's.
# ruff: noqa: N802, ARG002

VERSION = "1.0.0"
MESSAGE_LIMIT = 400 * 1024 * 1024
"""Bytes; the engine's own: a stack is one message."""
LEVELS = {"advisory": messages.ADVISORY, "mandatory": messages.MANDATORY}
SCOPES = {"resource": messages.POLICY_TYPE_RESOURCE, "stack": messages.POLICY_TYPE_STACK}
SEVERITIES = {
    "low": messages.POLICY_SEVERITY_LOW,
    "medium": messages.POLICY_SEVERITY_MEDIUM,
    "high": messages.POLICY_SEVERITY_HIGH,
    "critical": messages.POLICY_SEVERITY_CRITICAL,
}


class Analyzer(analyzer_pb2_grpc.AnalyzerServicer):
    """Asks the rules as they are in the stack of what it is sent."""

    def __init__(self, stack: str) -> None:
        """Raises PolicyError where a file of the pack is wrong."""
        self._pack = cache(Pack)
        self._stack = stack
        self._pack(stack)

    def Handshake(self, request: Any, context: Any) -> Any:
        return messages.AnalyzerHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=VERSION)

    def Configure(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def ConfigureStack(self, request: Any, context: Any) -> Any:
        self._stack = request.stack or self._stack
        return messages.AnalyzerStackConfigureResponse()

    def GetAnalyzerInfo(self, request: Any, context: Any) -> Any:
        return messages.AnalyzerInfo(
            name=NAME,
            version=VERSION,
            policies=[
                messages.PolicyInfo(
                    name=rule.id,
                    description=rule.metadata.what,
                    enforcementLevel=LEVELS[rule.level(self._stack)],
                    policy_type=SCOPES[rule.metadata.scope],
                    severity=SEVERITIES[rule.metadata.severity],
                    remediation_steps=rule.metadata.mend,
                )
                for rule in self._pack(self._stack).rules
            ],
        )

    def Analyze(self, request: Any, context: Any) -> Any:
        pack = self._pack(self._stack)
        return _response(pack.of_resource(_resource(pack, request)))

    def AnalyzeStack(self, request: Any, context: Any) -> Any:
        pack = self._pack(self._stack)
        stack = Stack(_resource(pack, item, refers=_refers(item)) for item in request.resources)
        return _response(pack.of_stack(stack))

    def Remediate(self, request: Any, context: Any) -> Any:
        return messages.RemediateResponse()

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()


def _resource(pack: Pack, item: Any, **more: Any) -> Resource:
    properties = deserialize_properties(json_format.MessageToDict(item.properties))
    known = unknown_checking_proxy(properties)
    protected = item.options.protect
    return pack.resource(item.type, item.name, known, urn=item.urn, protected=protected, **more)


def _refers(item: Any) -> dict[str, frozenset[str]]:
    return {name: frozenset(found.urns) for name, found in item.propertyDependencies.items()}


def _response(findings: Iterable[Finding]) -> Any:
    return messages.AnalyzeResponse(
        diagnostics=[
            messages.AnalyzeDiagnostic(
                policyName=finding.rule.id,
                policyPackName=NAME,
                policyPackVersion=VERSION,
                description=finding.rule.metadata.what,
                message=f"{finding.rule.metadata.what} {finding.rule.metadata.why}\n"
                f"{finding.message}",
                enforcementLevel=LEVELS[finding.level],
                urn=finding.resource.urn,
                severity=SEVERITIES[finding.rule.metadata.severity],
            )
            for finding in findings
        ]
    )


def serve(analyzer: Analyzer) -> None:
    """Serve on a free port, which is printed first, until the engine ends the process."""
    options = [
        ("grpc.max_receive_message_length", MESSAGE_LIMIT),
        ("grpc.max_send_message_length", MESSAGE_LIMIT),
    ]
    server = grpc.server(ThreadPoolExecutor(max_workers=4), options=options)
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(analyzer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
