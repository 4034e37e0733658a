"""A client of the deployed service that keeps calling while something else happens to it."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import tritonclient.grpc as triton_grpc
from tritonclient.utils import InferenceServerException

from model_repo.digits.images import held_out
from ops.clients import HttpClient
from ops.load import Answer
from ops.stack import ServedModel


def failures(answers: Sequence[Answer]) -> Counter[str]:
    """How many requests failed, by what was said of them."""
    return Counter(answer.error for answer in answers if answer.error)


@dataclass
class RetryingCaller:
    """Sends one request after another and retries a failed one, as a client behind any load balancer does."""

    served: ServedModel
    tries: int = 5
    answered: int = 0
    retried: int = 0
    lost: list[Exception] = field(default_factory=list[Exception])
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._call)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _call(self) -> None:
        image = held_out().pixels[:1]
        while not self._stop.is_set():
            for attempt in range(self.tries):
                try:
                    with HttpClient(self.served.stable.http, self.served.model) as client:
                        assert client.infer("image", image, "probabilities").shape == (1, 10)
                    self.answered += 1
                    break
                except (OSError, InferenceServerException) as error:
                    self.retried += 1
                    if attempt == self.tries - 1:
                        self.lost.append(error)
                    time.sleep(0.1 * 2**attempt)
            time.sleep(0.01)


class Burst:
    """Sends many requests at once over one gRPC connection, without waiting for any answer."""

    def __init__(self, served: ServedModel) -> None:
        self._served = served
        self._client: Any = triton_grpc.InferenceServerClient(served.stable.grpc)
        self._sent = 0
        self.answers: list[object] = []
        self.refusals: list[str] = []

    @property
    def unanswered(self) -> int:
        """How many requests wait for their answer."""
        return self._sent - len(self.answers) - len(self.refusals)

    def refused_for(self, reason: str) -> int:
        """How many requests were refused in these words."""
        return sum(reason in refusal for refusal in self.refusals)

    def send(self, requests: int) -> None:
        """Send so many, one image each."""
        image = held_out().pixels[:1]
        tensor: Any = triton_grpc.InferInput("image", list(image.shape), "FP32")
        tensor.set_data_from_numpy(image)
        self._sent += requests
        for _ in range(requests):
            self._client.async_infer(self._served.model, [tensor], self._note)

    def _note(self, result: object, error: InferenceServerException | None) -> None:
        if error is None:
            self.answers.append(result)
        else:
            self.refusals.append(str(error))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.close()
