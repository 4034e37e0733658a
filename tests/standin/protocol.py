"""The half of Pulumi's provider protocol that every stand-in shares: properties in and out, differences, one server."""

# The protocol's generated messages carry no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingParameterType=false, reportIncompatibleMethodOverride=false

import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Mapping
from concurrent import futures
from typing import Any

import grpc
from google.protobuf import empty_pb2, struct_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import plugin_pb2
from pulumi.runtime.proto import provider_pb2 as messages
from pulumi.runtime.proto import provider_pb2_grpc as services

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
ASSET = "c44067f5952c0a294b673a41bacd8c17"

Values = dict[str, Any]


class StandIn(services.ResourceProviderServicer, ABC):
    """A provider without a cloud: subclasses say what they check, keep and give back."""

    name: str
    version: str

    # What a stand-in is made of.

    @abstractmethod
    def refusals(self, kind: str, inputs: Values) -> Iterable[tuple[str, str]]:
        """Why inputs are refused: the property, and the reason."""

    @abstractmethod
    def completed(self, kind: str, urn: str, inputs: Values, old: Values, seed: bytes) -> Values:
        """The inputs with what a provider adds to them: names, default tags."""

    @abstractmethod
    def replacing(self, kind: str, changed: Iterable[str]) -> list[str]:
        """Which of the changed inputs can't be changed in place."""

    @abstractmethod
    def create(self, kind: str, inputs: Values) -> tuple[str, Values]:
        """Make a resource: its ID and its outputs."""

    @abstractmethod
    def read(self, kind: str, identity: str) -> Values | None:
        """What a resource is now; None if there is none."""

    @abstractmethod
    def update(self, kind: str, identity: str, old: Values, new: Values) -> Values:
        """Change a resource in place: its outputs."""

    @abstractmethod
    def delete(self, kind: str, identity: str) -> None:
        """Remove a resource."""

    def call(self, token: str) -> Values | None:
        """Answer a function's invocation; None if there is no such function."""
        del token
        return None

    def configured(self, settings: Values) -> None:
        """Take the provider's own inputs."""

    # The protocol.

    def Handshake(self, request, context):
        return messages.ProviderHandshakeResponse(accept_secrets=False, accept_resources=False, accept_outputs=False)

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version=self.version)

    def GetSchema(self, request, context):
        return messages.GetSchemaResponse(schema=json.dumps({"name": self.name, "version": self.version}))

    def GetMapping(self, request, context):
        return messages.GetMappingResponse()

    def CheckConfig(self, request, context):
        return messages.CheckResponse(inputs=request.news)

    def DiffConfig(self, request, context):
        changed = plain(request.old_inputs) != plain(request.news)
        kind = messages.DiffResponse.DIFF_SOME if changed else messages.DiffResponse.DIFF_NONE
        return messages.DiffResponse(changes=kind)

    def Configure(self, request, context):
        self.configured(plain(request.args))
        return messages.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

    def Attach(self, request, context):
        return empty_pb2.Empty()

    def Cancel(self, request, context):
        return empty_pb2.Empty()

    def Check(self, request, context):
        kind = kind_of(request.urn)
        inputs = self.completed(kind, request.urn, plain(request.news), plain(request.olds), request.randomSeed)
        failures = [messages.CheckFailure(property=at, reason=why) for at, why in self.refusals(kind, inputs)]
        return messages.CheckResponse(inputs=struct(inputs), failures=failures)

    def Diff(self, request, context):
        old, new, ignored = plain(request.old_inputs), plain(request.news), set(request.ignoreChanges)
        changed = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key) and key not in ignored]
        replacing = self.replacing(kind_of(request.urn), changed)
        details = {
            key: messages.PropertyDiff(
                kind=messages.PropertyDiff.UPDATE_REPLACE if key in replacing else messages.PropertyDiff.UPDATE,
                inputDiff=True,
            )
            for key in changed
        }
        return messages.DiffResponse(
            changes=messages.DiffResponse.DIFF_SOME if changed else messages.DiffResponse.DIFF_NONE,
            diffs=changed,
            replaces=replacing,
            hasDetailedDiff=True,
            detailedDiff=details,
        )

    def Create(self, request, context):
        inputs = plain(request.properties)
        if request.preview:
            return messages.CreateResponse(id="", properties=struct(inputs))
        with refusing(context):
            identity, outputs = self.create(kind_of(request.urn), inputs)
            return messages.CreateResponse(id=identity, properties=struct(outputs))

    def Read(self, request, context):
        with refusing(context):
            found = self.read(kind_of(request.urn), request.id)
            if found is None:
                return messages.ReadResponse(id="")
            inputs = {
                key: found[key] if key in found and not within(value, found[key]) else value
                for key, value in plain(request.inputs).items()
            }
            outputs = {**plain(request.properties), **found}
            return messages.ReadResponse(id=request.id, properties=struct(outputs), inputs=struct(inputs))

    def Update(self, request, context):
        new = plain(request.news)
        if request.preview:
            return messages.UpdateResponse(properties=struct({**plain(request.olds), **new}))
        with refusing(context):
            outputs = self.update(kind_of(request.urn), request.id, plain(request.old_inputs), new)
            return messages.UpdateResponse(properties=struct(outputs))

    def Delete(self, request, context):
        with refusing(context):
            self.delete(kind_of(request.urn), request.id)
        return empty_pb2.Empty()

    def Invoke(self, request, context):
        answer = self.call(request.tok)
        if answer is None:
            refused = messages.CheckFailure(property="", reason=f"the stand-in has no {request.tok}")
            return messages.InvokeResponse(failures=[refused])
        response: Any = {"return": struct(answer)}  # a keyword of Python's
        return messages.InvokeResponse(**response)


def kind_of(urn: str) -> str:
    """A resource's type, of its URN."""
    return urn.split("::")[2].rpartition("$")[2]


def plain(message: Any) -> Values:
    """Properties as Python has them: secrets opened, whole numbers whole, assets as their contents."""
    return _opened(MessageToDict(message)) if message is not None else {}


def _opened(value: Any) -> Any:
    if isinstance(value, dict):
        opened = value["value"] if value.get(SIGNATURE) == SECRET else None
        return _opened(opened) if opened is not None else {key: _opened(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_opened(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Properties as the protocol has them."""
    made = struct_pb2.Struct()
    made.update(json.loads(json.dumps(values, default=str)))
    return made


def unknown(value: Any) -> bool:
    """Whether something in it is not known before the update."""
    if isinstance(value, dict):
        return any(unknown(each) for each in value.values())
    return any(unknown(each) for each in value) if isinstance(value, list) else value == UNKNOWN


def within(wanted: Any, found: Any) -> bool:
    """Whether what was asked for is what is there, whatever else is: servers add defaults."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(key in found and within(value, found[key]) for key, value in wanted.items())
    if isinstance(wanted, str) and isinstance(found, str) and wanted[:1] in "[{" and found[:1] in "[{":
        with contextlib.suppress(json.JSONDecodeError):
            return json.loads(wanted) == json.loads(found)
    return wanted == found


@contextlib.contextmanager
def refusing(context: Any) -> Generator[None]:
    """Tell the engine of an error as a provider does."""
    try:
        yield
    except Exception as error:
        context.abort(grpc.StatusCode.UNKNOWN, f"{type(error).__name__}: {error}")


@contextlib.contextmanager
def served(provider: StandIn) -> Generator[int]:
    """Serve a stand-in on a free port of the loopback."""
    server = grpc.server(futures.ThreadPoolExecutor(8), options=[("grpc.max_receive_message_length", 400 * 2**20)])
    services.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(grace=1).wait()
