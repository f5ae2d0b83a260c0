"""Runs a deployment: puts what its template declares, each as any other ARM request is put."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sandbox.arm.answers import render
from sandbox.arm.application import Arm
from sandbox.arm.errors import ArmError
from sandbox.arm.ids import GROUP, SUBSCRIPTION, ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import FAILED, SUCCEEDED, Resource
from sandbox.login.tokens import Caller
from sandbox.templates.expressions import TemplateError
from sandbox.templates.template import DEPLOYMENTS, Declaration, PendingError, Template

if TYPE_CHECKING:
    from sandbox.azure import Azure


class World:
    """What the expressions of one deployment may ask, answered out of the store."""

    def __init__(self, azure: Azure, deployment: Resource) -> None:
        self.azure = azure
        self.principal = deployment.private["principal"]
        at = ResourceId.parse(deployment.private["evaluated_at"])
        self.now: datetime = azure.clock.now()
        self.subscription = {
            "id": f"/subscriptions/{at.subscription}",
            "subscriptionId": at.subscription,
            "tenantId": azure.identity.tenant_id,
            "displayName": azure.subscriptions.name(at.subscription),
        }
        group = azure.resources.get(at) if at.type == GROUP else None
        self.group = render(azure, group) if group else {}
        self.deployment = {"name": deployment.name, "location": deployment.location}

    def read(self, at: ResourceId) -> dict[str, Any]:
        kind = self.azure.types.need(at.type)
        self.azure.authorization.check(self.principal, at, f"{kind.name}/read")
        return render(self.azure, self.azure.resources.need(at))

    def act(self, at: ResourceId, action: str, body: Any) -> Any:
        kind = self.azure.types.need(at.type)
        spelled = {known.lower(): known for known in kind.actions}.get(action.lower())
        handler = kind.actions[spelled].handler if spelled else None
        if handler is None:
            raise TemplateError(f"'{kind.name}' has no action '{action}' in this sandbox.")
        self.azure.authorization.check(self.principal, at, f"{kind.name}/{spelled}/action")
        request = Request("POST", f"{at}/{spelled}", {}, {}, body=body)
        return handler(self.azure, self.azure.resources.need(at), request)


def open_template(azure: Azure, deployment: Resource) -> Template:
    """The deployment's template, evaluated. Raises 400 ``InvalidTemplate``."""
    private = deployment.private
    scope = deployment.id.parent
    if scope is None or scope.type not in (GROUP, SUBSCRIPTION):
        raise ArmError(
            400,
            "InvalidTemplate",
            "In the sandbox, a deployment is made to a subscription or to a resource group.",
        )
    try:
        return Template(
            private["template"],
            private["parameters"],
            scope,
            World(azure, deployment),
            [(name, index) for name, index in private["loops"]],
        )
    except TemplateError as error:
        raise ArmError(
            400, "InvalidTemplate", f"Deployment template validation failed: '{error}'"
        ) from None


class Execution:
    """One run. A killed sandbox runs it again: what is there already is put once more."""

    def __init__(self, azure: Azure, deployment: Resource) -> None:
        self.azure = azure
        self.deployment = deployment
        self.template = open_template(azure, deployment)
        self.arm = Arm(azure, [])
        self.errors: list[dict[str, Any]] = []
        private = deployment.private
        self.caller = Caller(private["principal"], private.get("client", ""))

    async def run(self) -> None:
        """Raises `ArmError` ``DeploymentFailed`` with each resource's own error in its details."""
        started = self.azure.clock.now()
        self.deployment.private["operations"] = []
        pending = {one.key: one for one in self.template.declarations if one.wanted}
        while pending and not self.errors:
            waiting = set(pending)
            ready = [one for one in pending.values() if not one.depends_on & waiting]
            if not ready:
                names = ", ".join(str(one.id) for one in pending.values())
                self.errors.append(
                    {"code": "InvalidTemplate", "message": f"Circular dependency among: {names}"}
                )
                break
            for one in await asyncio.gather(*(self._deploy(one) for one in ready)):
                if one:
                    del pending[one.key]
        self._conclude(started)

    async def _deploy(self, declaration: Declaration) -> Declaration | None:
        """The declaration when it is dealt with, None when it has to wait for another."""
        try:
            body = self.template.body(declaration)
        except PendingError as wait:
            declaration.depends_on.add(wait.at.key)
            return None
        except TemplateError as error:
            refusal = ArmError(400, "InvalidTemplate", str(error))
            self._fail(declaration, self._note(declaration), refusal.error())
            return declaration
        operation = self._note(declaration)
        try:
            failure = await self._put(declaration, body)
        except ArmError as error:
            failure = error.error()
        if failure:
            self._fail(declaration, operation, failure)
        else:
            operation.update(provisioningState=SUCCEEDED, statusCode="OK")
            self.template.deployed.add(declaration.key)
        operation["timestamp"] = self.azure.clock.now().isoformat()
        operation["seconds"] = self.azure.clock.time() - operation["began"]
        self.azure.resources.save(self.deployment)
        return declaration

    async def _put(self, declaration: Declaration, body: dict[str, Any]) -> dict[str, Any] | None:
        """Put one resource and wait until it is there; the error it ended with."""
        at = declaration.id
        running = self.azure.operations.open_on(at)
        if running:  # of the run that a kill ended
            await self.azure.operations.finish(running.id)
        extra: dict[str, Any] = {}
        if at.type.lower() == DEPLOYMENTS.lower():
            extra = self._nested(body, declaration)
        query = {"api-version": declaration.api_version}
        request = Request("PUT", str(at), query, {}, body=body, caller=self.caller, extra=extra)
        await self.arm.dispatch(request)
        running = self.azure.operations.open_on(at)
        if running:
            await self.azure.operations.finish(running.id)
        stored = self.azure.resources.get(at)
        if stored is None:
            return {"code": "ResourceNotFound", "message": f"'{at}' was deleted meanwhile."}
        if stored.state == SUCCEEDED or not self.azure.types.of(stored).states:
            return None
        ended = self.azure.operations.last_on(at)
        unknown = {"code": "ProvisioningFailed", "message": f"'{at}' ended as {stored.state}."}
        return (ended.error if ended else None) or unknown

    def _nested(self, body: dict[str, Any], declaration: Declaration) -> dict[str, Any]:
        """Give a template that is nested with outer scope the scope of this one."""
        properties = body["properties"]
        options = properties.pop("expressionEvaluationOptions", None) or {}
        if str(options.get("scope", "outer")).lower() == "inner":
            return {}
        source = self.template.source
        properties["template"] = {
            **properties.get("template", {}),
            "parameters": source.get("parameters") or {},
            "variables": source.get("variables") or {},
        }
        properties["parameters"] = {
            name: {"value": value} for name, value in self.template.parameters.items()
        }
        at = self.deployment.private["evaluated_at"]
        return {"evaluated_at": at, "loops": declaration.loops}

    def _note(self, declaration: Declaration) -> dict[str, Any]:
        """A line in the deployment's list of operations."""
        operation: dict[str, Any] = {
            "target": str(declaration.id),
            "provisioningState": "Running",
            "statusCode": "",
            "timestamp": self.azure.clock.now().isoformat(),
            "began": self.azure.clock.time(),
            "seconds": 0.0,
        }
        self.deployment.private["operations"].append(operation)
        self.azure.resources.save(self.deployment)
        return operation

    def _fail(
        self, declaration: Declaration, operation: dict[str, Any], error: dict[str, Any]
    ) -> None:
        operation.update(provisioningState=FAILED, statusCode=error["code"], error=error)
        self.errors.append({"target": str(declaration.id), **error})
        self.azure.resources.save(self.deployment)

    def _conclude(self, started: datetime) -> None:
        properties = self.deployment.properties
        now = self.azure.clock.now()
        properties["timestamp"] = now.isoformat()
        properties["duration"] = f"PT{(now - started).total_seconds():.3f}S"
        properties["outputResources"] = [
            {"id": str(one.id)}
            for one in self.template.declarations
            if one.key in self.template.deployed
        ]
        if not self.errors:
            try:
                properties["outputs"] = self.template.outputs()
            except TemplateError as error:
                self.errors.append({"code": "DeploymentOutputEvaluationFailed",
                                    "message": str(error)})  # fmt: skip
        if self.errors:
            failure = ArmError(
                409,
                "DeploymentFailed",
                "At least one resource deployment operation failed. See the details, and list "
                "deployment operations for more.",
                details=self.errors,
            )
            properties["error"] = failure.error()
            self.azure.resources.save(self.deployment)
            raise failure
