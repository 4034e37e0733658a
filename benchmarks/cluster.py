"""The embedded cluster, for as long as a benchmark needs it."""

from collections.abc import Generator
from contextlib import contextmanager

from local.cluster import commands, lifecycle


@contextmanager
def cluster() -> Generator[None]:
    """Bring the cluster up, and leave it as it was: running or not."""
    was_running = lifecycle.node_pid() is not None
    commands.up()
    try:
        yield
    finally:
        if not was_running:
            commands.down()
