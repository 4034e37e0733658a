"""Bounded load through a gateway, and who answered it."""

# tritonclient's generated messages and grpc's asyncio stubs carry no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import asyncio
import contextlib
import itertools
import json
import threading
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Any, Protocol, Self

import aiohttp
import grpc
import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc import service_pb2, service_pb2_grpc

from observability.variants import VARIANT_HEADER
from ops.stack import ServedModel

TIMEOUT_SECONDS = 30.0
"""Longer than the gateway waits, whose word on a late answer is the one to hear."""


UNDER_WAY_PER_CONNECTION = 4
"""How many requests `answers` has under way at once. Over HTTP those above one wait for the connection."""


class Via(StrEnum):
    """Triton's two protocols."""

    GRPC = "gRPC"
    HTTP = "HTTP"


@dataclass(frozen=True)
class Request:
    """One input of one model, sent over and over."""

    served: ServedModel
    input_name: str
    values: NDArray[np.float32]
    """Its first dimension is the batch."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Answer:
    """What became of one request."""

    sent_at: float
    """By the monotonic clock, in seconds."""
    latency_ms: float
    variant: str = ""
    """The side that the gateway says gave it."""
    version: str = ""
    """The version that the server says gave it."""
    error: str = ""
    """Why there is no answer; empty where there is one."""


class _Caller(Protocol):
    async def infer(self) -> tuple[str, str]:
        """The variant and the version that answered. Raises what the protocol's library raises."""
        ...


async def answers(gateway: str, request: Request, via: Via, *, count: int, connections: int = 4) -> list[Answer]:
    """Send so many requests, as fast as they are answered. `gateway` is host:port."""
    async with _caller(gateway, request, via, connections) as caller:
        numbers = iter(range(count))

        async def one_after_another() -> list[Answer]:
            return [await _answer(caller) for _ in numbers]

        shares = await asyncio.gather(*(one_after_another() for _ in range(connections * UNDER_WAY_PER_CONNECTION)))
    return list(itertools.chain.from_iterable(shares))


class SteadyLoad:
    """Sends requests evenly, whatever becomes of those before, over a fixed number of connections; retries nothing.

    Runs from `with` to its end, in a thread of its own, and for `at_most_seconds` at most.
    """

    def __init__(
        self,
        gateway: str,
        request: Request,
        via: Via,
        *,
        per_second: float,
        connections: int = 4,
        at_most_seconds: float = 600,
    ) -> None:
        self.answers: list[Answer] = []
        self._arguments = (gateway, request, via, connections)
        self._interval_seconds = 1 / per_second
        self._at_most_seconds = at_most_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._send()), daemon=True)

    def since(self, moment: float) -> list[Answer]:
        """The answers to what was sent since a moment of the monotonic clock."""
        return [answer for answer in list(self.answers) if answer.sent_at >= moment]

    async def _send(self) -> None:
        async with _caller(*self._arguments) as caller, asyncio.TaskGroup() as under_way:

            async def send() -> None:
                self.answers.append(await _answer(caller))

            began = time.monotonic()
            for number in itertools.count():
                due = began + number * self._interval_seconds
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if self._stop.is_set() or due - began > self._at_most_seconds:
                    return
                under_way.create_task(send())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()


async def _answer(caller: _Caller) -> Answer:
    sent_at, began = time.monotonic(), time.perf_counter()
    try:
        variant, version = await caller.infer()
    except (aiohttp.ClientError, grpc.RpcError, OSError, TimeoutError) as error:
        return Answer(sent_at, (time.perf_counter() - began) * 1000, error=_short(error))
    return Answer(sent_at, (time.perf_counter() - began) * 1000, variant, version)


def _short(error: Exception) -> str:
    if isinstance(error, grpc.aio.AioRpcError):
        return f"{error.code().name}: {error.details()}"
    return f"{type(error).__name__}: {error}"


@contextlib.asynccontextmanager
async def _caller(gateway: str, request: Request, via: Via, connections: int) -> AsyncGenerator[_Caller]:
    async with contextlib.AsyncExitStack() as open_until_done:
        if via is Via.HTTP:
            connector = aiohttp.TCPConnector(limit=connections)
            session = await open_until_done.enter_async_context(aiohttp.ClientSession(connector=connector))
            yield _HttpCaller(gateway, request, session)
        else:
            options = [
                ("grpc.default_authority", request.served.grpc_host),
                ("grpc.use_local_subchannel_pool", 1),  # otherwise equal channels share one connection
                ("grpc.enable_retries", 0),
            ]
            channels = [
                await open_until_done.enter_async_context(grpc.aio.insecure_channel(gateway, options))
                for _ in range(connections)
            ]
            yield _GrpcCaller(request, channels)


class _GrpcCaller:
    def __init__(self, request: Request, channels: Sequence[Any]) -> None:
        self._calls = itertools.cycle([service_pb2_grpc.GRPCInferenceServiceStub(each).ModelInfer for each in channels])
        self._metadata = tuple(request.headers.items())
        values = request.values
        messages: Any = service_pb2
        self._message = messages.ModelInferRequest(
            model_name=request.served.model,
            inputs=[
                messages.ModelInferRequest.InferInputTensor(
                    name=request.input_name, datatype="FP32", shape=values.shape
                )
            ],
            raw_input_contents=[values.tobytes()],
        )

    async def infer(self) -> tuple[str, str]:
        call = next(self._calls)(self._message, timeout=TIMEOUT_SECONDS, metadata=self._metadata)
        answer = await call
        headers = dict(await call.initial_metadata())
        return str(headers.get(VARIANT_HEADER, "")), str(answer.model_version)


class _HttpCaller:
    def __init__(self, gateway: str, request: Request, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._url = f"http://{gateway}/v2/models/{request.served.model}/infer"
        self._headers = {**request.headers, "Host": request.served.http_host, "Content-Type": "application/json"}
        tensor = {
            "name": request.input_name,
            "datatype": "FP32",
            "shape": request.values.shape,
            "data": request.values.ravel().tolist(),
        }
        self._body = json.dumps({"inputs": [tensor]}).encode()
        self._timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)

    async def infer(self) -> tuple[str, str]:
        async with self._session.post(
            self._url, data=self._body, headers=self._headers, timeout=self._timeout, raise_for_status=True
        ) as response:
            answer = await response.json(content_type=None)
            return response.headers.get(VARIANT_HEADER, ""), str(answer["model_version"])
