"""A client of the deployed service that keeps calling while something else happens to it."""

import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tritonclient.utils import InferenceServerException

from model_repo.digits.images import held_out
from ops.clients import HttpClient
from ops.stack import ServedModel


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
                    with HttpClient(f"{self.served.address}:{self.served.http_port}", self.served.model) as client:
                        assert client.infer("image", image, "probabilities").shape == (1, 10)
                    self.answered += 1
                    break
                except (OSError, InferenceServerException) as error:
                    self.retried += 1
                    if attempt == self.tries - 1:
                        self.lost.append(error)
                    time.sleep(0.1 * 2**attempt)
            time.sleep(0.01)
