"""moto as a server of this process: on the loopback, on a free port, empty at first."""

import contextlib
import logging
import os
from collections.abc import Generator
from unittest.mock import patch

from moto import settings
from moto.moto_api._internal.models import moto_api_backend
from moto.server import ThreadedMotoServer

from tests.standin import moto_eks, moto_iam


@contextlib.contextmanager
def moto() -> Generator[str]:
    """The address of a fresh moto."""
    moto_iam.judge_conditions()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # each call is a line, and there are thousands
    # With AWS' own policies at hand, one with a misspelled name is an error.
    with patch.dict(os.environ, {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}):
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        moto_api_backend.reset()  # what there is, this process keeps beyond a server
        moto_eks.RECORDS.clear()
        try:
            host, port = server.get_host_and_port()
            yield f"http://{host}:{port}"
        finally:
            settings.INITIAL_NO_AUTH_ACTION_COUNT = float("inf")
            server.stop()


def enforce_iam() -> None:
    """Have moto ask IAM about every call from now on, until this moto ends."""
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
