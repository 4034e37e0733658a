"""How to ask a process whether it does its work."""

import socket
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

PROBE_TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True)
class Answers:
    """An HTTP(S) endpoint that says 200 when the process is well.

    Without an authority the certificate goes unchecked: such endpoints listen on the node's own loopback, with
    certificates that the process made for itself.
    """

    url: str
    authority: Path | None = None

    def __call__(self) -> bool:
        """Whether it answers 200 now."""
        context = ssl.create_default_context(cafile=str(self.authority) if self.authority else None)
        if self.authority is None:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        try:
            with urllib.request.urlopen(self.url, timeout=PROBE_TIMEOUT_SECONDS, context=context) as answer:  # noqa: S310 - our own URLs
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False


@dataclass(frozen=True)
class Listens:
    """A Unix socket that accepts connections."""

    path: Path

    def __call__(self) -> bool:
        """Whether it accepts one now."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(PROBE_TIMEOUT_SECONDS)
            try:
                client.connect(str(self.path))
            except OSError:
                return False
            return True


Probe = Answers | Listens
