"""Triton's two protocols behind one small interface: one float tensor in, one out."""

from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException

TIMEOUT_SECONDS = 10.0


class TensorClient(Protocol):
    """A connection to one model. Not to be shared between threads."""

    def infer(self, input_name: str, values: NDArray[np.float32], output_name: str) -> NDArray[np.float32]:
        """The named output for `values`, whose first dimension is the batch. Raises InferenceServerException."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


class GrpcClient:
    """KServe v2 over gRPC. `url` is host:port; `host` the name to ask for there, if that is another."""

    def __init__(self, url: str, model: str, host: str | None = None) -> None:
        named = [("grpc.default_authority", host)] if host else None
        self._client: Any = triton_grpc.InferenceServerClient(url, channel_args=named)
        self._model = model

    def infer(self, input_name: str, values: NDArray[np.float32], output_name: str) -> NDArray[np.float32]:
        """See TensorClient."""
        tensor: Any = triton_grpc.InferInput(input_name, list(values.shape), "FP32")
        tensor.set_data_from_numpy(values)
        return self._client.infer(self._model, [tensor], client_timeout=TIMEOUT_SECONDS).as_numpy(output_name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.close()


class _HttpConnection(triton_http.InferenceServerClient):  # pyright: ignore[reportUntypedBaseClass] - it ships no types
    def __del__(self) -> None:
        """Do nothing: `HttpClient` closes it, in the thread that opened it. gevent allows no other to."""


class HttpClient:
    """KServe v2 over HTTP, with binary tensors. `url` is host:port; `host` the name to ask for there."""

    def __init__(self, url: str, model: str, host: str | None = None) -> None:
        self._headers = {"Host": host} if host else None
        self._client: Any = _HttpConnection(url, connection_timeout=TIMEOUT_SECONDS, network_timeout=TIMEOUT_SECONDS)
        self._model = model

    def infer(self, input_name: str, values: NDArray[np.float32], output_name: str) -> NDArray[np.float32]:
        """See TensorClient."""
        tensor: Any = triton_http.InferInput(input_name, list(values.shape), "FP32")
        tensor.set_data_from_numpy(values)
        return self._client.infer(self._model, [tensor], headers=self._headers).as_numpy(output_name)

    def ready(self) -> bool:
        """Whether the model can answer now."""
        try:
            return bool(self._client.is_model_ready(self._model, headers=self._headers))
        except (OSError, InferenceServerException):
            return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.close()
