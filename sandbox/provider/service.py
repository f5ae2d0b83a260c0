"""The plugin's gRPC side: Pulumi's `ResourceProvider` in front of `Resources`."""

# The names and arguments of the methods are gRPC's.
# ruff: noqa: N802, ARG002

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import grpc

from sandbox.provider import check, functions, translate
from sandbox.provider.diff import CREATE_BEFORE_DELETE, differences, ignored
from sandbox.provider.protocol import grpc_service, messages, plugin, status
from sandbox.provider.table import UnknownTypeError, resource_type, tokens
from sandbox.provider.values import decode, encode

if TYPE_CHECKING:
    from sandbox.provider.connection import Connection

T = TypeVar("T")

# The version whose SDK the shapes were read from; the engine shows it.
VERSION = "3.29.0"
_AUTONAMING = {0: "propose", 1: "enforce", 2: "disable"}


class Provider(grpc_service.ResourceProviderServicer):
    """One provider process; configured once, then asked many things at the same time."""

    def __init__(self, engine: str = "", connect: Callable[..., Connection] | None = None) -> None:
        self._engine = engine
        self._connect = connect or _connect
        self._connection: Connection | None = None
        self._lock = threading.Lock()
        self._config: dict[str, str] = {}

    # What the engine asks about the plugin itself

    def Handshake(self, request: Any, context: Any) -> Any:
        self._engine = request.engine_address or self._engine
        return messages.ProviderHandshakeResponse(supports_autonaming_configuration=True)

    def Attach(self, request: Any, context: Any) -> Any:
        self._engine = request.address
        return _empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin.PluginInfo(version=VERSION)

    def GetSchema(self, request: Any, context: Any) -> Any:
        """Names only: what needs the types of the properties asks the SDK."""
        import json

        schema = {
            "name": "azure-native",
            "version": VERSION,
            "resources": {token: {} for token in tokens()},
        }
        return messages.GetSchemaResponse(schema=json.dumps(schema))

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return messages.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return messages.DiffResponse(changes=messages.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:
        self._config = {
            key.rpartition(":")[2]: value for key, value in request.variables.items()
        } | {key: str(value) for key, value in decode(request.args).items() if value != ""}
        # Opening the connection takes a tenth of a second, which the engine spends elsewhere.
        threading.Thread(target=self._warm, daemon=True).start()
        return messages.ConfigureResponse(
            supportsPreview=True, supports_autonaming_configuration=True
        )

    def Cancel(self, request: Any, context: Any) -> Any:
        if self._connection is not None:
            self._connection.arm.cancel()
        return _empty()

    # What it asks about resources

    def Check(self, request: Any, context: Any) -> Any:
        return self._answer(context, request.urn, lambda: self._check(request))

    def _check(self, request: Any) -> Any:
        resource = resource_type(_token(request.urn))
        naming = None
        if request.HasField("autonaming"):
            naming = check.Autonaming(
                _AUTONAMING[request.autonaming.mode], request.autonaming.proposed_name
            )
        inputs = check.complete(
            resource,
            request.urn,
            decode(request.olds),
            decode(request.news),
            bytes(request.randomSeed),
            naming,
            lambda group: self._open().resources.group_region(group),
        )
        return messages.CheckResponse(
            inputs=encode(inputs),
            failures=[
                messages.CheckFailure(property=failure.property, reason=failure.reason)
                for failure in check.failures(resource, inputs)
            ],
        )

    def Diff(self, request: Any, context: Any) -> Any:
        return self._answer(context, request.urn, lambda: self._diff(request))

    def _diff(self, request: Any) -> Any:
        resource = resource_type(_token(request.urn))
        old = decode(request.old_inputs)
        found = [
            change
            for change in differences(resource, old, decode(request.news))
            if not ignored(change.path, request.ignoreChanges)
        ]
        kinds = messages.PropertyDiff.Kind
        replaces = [change.path for change in found if change.replaces]
        return messages.DiffResponse(
            changes=messages.DiffResponse.DIFF_SOME if found else messages.DiffResponse.DIFF_NONE,
            replaces=replaces,
            # A made name leaves room for the new resource beside the old one; a given one does not.
            deleteBeforeReplace=bool(replaces) and not old.get(CREATE_BEFORE_DELETE, False),
            diffs=sorted({_head(change.path) for change in found}),
            detailedDiff={
                change.path: messages.PropertyDiff(
                    kind=kinds.Value(change.kind.upper() + ("_REPLACE" if change.replaces else "")),
                    inputDiff=True,
                )
                for change in found
            },
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: Any) -> Any:
        resource_urn = request.urn

        def create() -> Any:
            resource = resource_type(_token(resource_urn))
            inputs = decode(request.properties)
            if request.preview:
                shown = translate.preview(resource, inputs)
                return messages.CreateResponse(properties=encode(shown))
            connection = self._open()
            identifier, shown = connection.resources.create(
                resource, resource_urn, inputs, connection.progress(resource_urn)
            )
            return messages.CreateResponse(id=identifier, properties=encode(shown))

        return self._answer(context, resource_urn, create, request.properties)

    def Update(self, request: Any, context: Any) -> Any:
        def update() -> Any:
            resource = resource_type(_token(request.urn))
            inputs = decode(request.news)
            if request.preview:
                olds = decode(request.olds)
                shown = translate.preview(resource, inputs)
                # What azure-native shows of the old state; all else that inputs do not say is open.
                shown |= {name: olds[name] for name in ("name", "location") if name in olds}
                return messages.UpdateResponse(properties=encode(shown))
            connection = self._open()
            shown = connection.resources.update(
                resource, request.id, inputs, connection.progress(request.urn)
            )
            return messages.UpdateResponse(properties=encode(shown))

        return self._answer(context, request.urn, update, request.news)

    def Read(self, request: Any, context: Any) -> Any:
        def read() -> Any:
            resource = resource_type(_token(request.urn))
            found = self._open().resources.read(
                resource, request.id, decode(request.inputs), decode(request.properties)
            )
            if found is None:
                return messages.ReadResponse()
            identifier, inputs, shown = found
            return messages.ReadResponse(
                id=identifier, inputs=encode(inputs), properties=encode(shown)
            )

        return self._answer(context, request.urn, read)

    def Delete(self, request: Any, context: Any) -> Any:
        def delete() -> Any:
            resource = resource_type(_token(request.urn))
            connection = self._open()
            connection.resources.delete(resource, request.id, connection.progress(request.urn))
            return _empty()

        return self._answer(context, request.urn, delete)

    def Invoke(self, request: Any, context: Any) -> Any:
        def invoke() -> Any:
            connection = self._open()
            found = functions.call(
                request.tok, decode(request.args), connection.resources, connection.credentials
            )
            return messages.InvokeResponse(**{"return": encode(found)})

        return self._answer(context, request.tok, invoke)

    # How it gets done

    def _warm(self) -> None:
        from sandbox.provider.credentials import ARM, LoginError

        try:
            self._open().credentials.token(ARM)
        except (LoginError, OSError, ValueError):
            return  # said again, and to somebody, by the first request that needs it

    def _open(self) -> Connection:
        with self._lock:
            if self._connection is None:
                self._connection = self._connect(self._config, self._engine)
            return self._connection

    def _answer(
        self, context: Any, subject: str, work: Callable[[], T], inputs: Any = None
    ) -> T | None:
        """Do the work; what goes wrong becomes the engine's kind of error, one clear text."""
        from sandbox.provider.arm import ArmFailure
        from sandbox.provider.credentials import LoginError
        from sandbox.provider.resources import AlreadyExistsError, IncompleteError

        try:
            return work()
        except IncompleteError as error:
            _refuse_incomplete(context, error, inputs)
        except ArmFailure as error:
            name = subject.rpartition("::")[2]
            context.abort(grpc.StatusCode.UNKNOWN, f"'{name}': {error}")
        except (
            AlreadyExistsError,
            LoginError,
            UnknownTypeError,
            functions.MissingError,
            ValueError,
        ) as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        return None


def _refuse_incomplete(context: Any, error: Any, inputs: Any) -> None:
    """Tell the engine that the resource exists in part, so that it keeps it in the state."""
    detail = messages.ErrorResourceInitFailed(
        id=error.identifier,
        properties=encode(error.outputs),
        reasons=[error.reason],
        inputs=inputs,
    )
    found = status.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=error.reason)
    found.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", found.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, error.reason)


def _connect(config: dict[str, str], engine: str) -> Connection:
    from sandbox.provider.connection import connect

    return connect(config, engine)


def _token(urn: str) -> str:
    """The resource's own type: the last of the types that the URN chains with `$`."""
    return urn.split("::")[2].rpartition("$")[2]


def _head(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def _empty() -> Any:
    from google.protobuf import empty_pb2

    return empty_pb2.Empty()
