"""A build is there or it is not, whatever stops it, and however many ask for it at once."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from local.home import home
from local.toolchain.progress import Progress
from local.toolchain.store import Artifact, ToolchainError, Workshop, ensure


class Usage(NamedTuple):
    total: int
    used: int
    free: int


class Events:
    """A display that remembers what it was told."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.someone_waits = threading.Event()

    def waiting(self, name: str, holder: str) -> None:
        self.seen.append(f"{name} waits for {holder}")
        self.someone_waits.set()

    def building(self, name: str) -> None:
        self.seen.append(f"{name} builds")

    def ready(self, name: str, seconds: float) -> None:
        assert seconds >= 0
        self.seen.append(f"{name} ready")

    @contextmanager
    def display(self, builds: Sequence[tuple[str, Path]]) -> Generator[Progress]:
        self.seen.append(f"shows {', '.join(name for name, _ in builds)}")
        yield self


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLIMSOLL_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def events() -> Events:
    return Events()


def a_build(workshop: Workshop) -> None:
    (workshop.into / "tool").write_text("works")


def an_artifact(
    build: Callable[[Workshop], None] = a_build, *, name: str = "tool", key: str = "0" * 64, disk_mib: int = 0
) -> Artifact:
    return Artifact(shelf="toolchain", name=name, key=key, disk_mib=disk_mib, build=build)


def temporary_folders(cache: Path) -> list[str]:
    return [path.name for path in (cache / "toolchain").iterdir() if path.name.startswith(".")]


def test_what_is_built_is_there_with_the_seconds_that_it_took(events: Events) -> None:
    artifact = an_artifact()

    ensure([artifact], events.display)

    assert (artifact.folder / "tool").read_text() == "works"
    assert artifact.build_seconds is not None
    assert events.seen == ["shows tool", "tool builds", "tool ready"]


def test_what_is_there_is_neither_built_nor_shown(events: Events) -> None:
    def never(_: Workshop) -> None:
        raise AssertionError("it was there")

    ensure([an_artifact()], events.display)
    events.seen.clear()
    ensure([an_artifact(never)], events.display)

    assert events.seen == []


def test_a_builder_killed_in_the_middle_leaves_nothing_ready_and_the_next_one_converges(
    cache: Path, tmp_path: Path, events: Events
) -> None:
    half_way = tmp_path / "half-way"
    program = f"""
import pathlib, time
from local.toolchain.progress import display
from local.toolchain.store import Artifact, ensure

def build(workshop):
    (workshop.into / "tool").write_text("half")
    pathlib.Path({str(half_way)!r}).touch()
    time.sleep(60)

ensure([Artifact(shelf="toolchain", name="tool", key="0" * 64, disk_mib=0, build=build)], display())
"""
    builder = subprocess.Popen([sys.executable, "-B", "-c", program], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while not half_way.exists():
        assert time.monotonic() < deadline, "the builder never started"
        time.sleep(0.02)
    builder.send_signal(signal.SIGKILL)
    builder.wait()
    artifact = an_artifact()
    assert not artifact.ready
    assert temporary_folders(cache), "the kill came too late to prove anything"

    ensure([artifact], events.display)

    assert (artifact.folder / "tool").read_text() == "works"
    assert temporary_folders(cache) == []
    assert events.seen == ["shows tool", "tool builds", "tool ready"], "the kernel frees a killed builder's lock"


def test_an_interrupted_build_cleans_up_after_itself(cache: Path, events: Events) -> None:
    def interrupted(_: Workshop) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure([an_artifact(interrupted)], events.display)

    assert not an_artifact().ready
    assert temporary_folders(cache) == []


def test_two_at_once_build_once_and_the_second_is_told_whom_it_waits_for() -> None:
    first, second = Events(), Events()
    builds: list[str] = []

    def slow(workshop: Workshop) -> None:
        builds.append("first")
        assert second.someone_waits.wait(20)
        a_build(workshop)

    def unwanted(_: Workshop) -> None:
        builds.append("second")

    builder = threading.Thread(target=ensure, args=([an_artifact(slow)], first.display))
    builder.start()
    while not builds:
        time.sleep(0.01)
    ensure([an_artifact(unwanted)], second.display)
    builder.join()

    assert builds == ["first"]
    assert second.seen == ["shows tool", f"tool waits for process {os.getpid()}", "tool ready"]


def test_a_failed_build_shows_its_logs_end_where_it_is_and_the_way_out(cache: Path, events: Events) -> None:
    def failing(workshop: Workshop) -> None:
        workshop.run(["sh", "-c", "seq 100; echo 'dial tcp: lookup proxy: no such host' >&2; exit 1"])

    with pytest.raises(ToolchainError) as failure:
        ensure([an_artifact(failing)], events.display)

    said, log = str(failure.value), cache / "toolchain" / "tool.log"
    assert "no such host" in said
    assert "| 100\n" in said
    assert "| 50\n" not in said, "only the end"
    assert "50\n" in log.read_text()
    assert str(log) in said
    assert "The network or the registry did not answer" in said
    assert "KUBECONFIG=… make up STACK=existing" in said


def test_a_build_after_a_failed_one_takes_the_log_away(cache: Path, events: Events) -> None:
    def failing(workshop: Workshop) -> None:
        workshop.run(["false"])

    with pytest.raises(ToolchainError):
        ensure([an_artifact(failing)], events.display)
    ensure([an_artifact()], events.display)

    assert not (cache / "toolchain" / "tool.log").exists()


def test_what_was_built_before_a_failure_is_kept(events: Events) -> None:
    def failing(workshop: Workshop) -> None:
        workshop.run(["false"])

    good = an_artifact(name="good")
    with pytest.raises(ToolchainError):
        ensure([good, an_artifact(failing)], events.display)

    assert good.ready


def test_a_full_disk_says_so_whether_a_command_or_python_met_it(events: Events) -> None:
    def full(_: Workshop) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(ToolchainError, match="The disk is full: free some space, or set PLIMSOLL_HOME"):
        ensure([an_artifact(full)], events.display)


def test_too_little_space_is_refused_before_anything_is_built(
    events: Events, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nearly_full(_: object) -> Usage:
        return Usage(total=10 * 2**30, used=9 * 2**30, free=2**30)

    monkeypatch.setattr(shutil, "disk_usage", nearly_full)

    with pytest.raises(ToolchainError) as refusal:
        ensure([an_artifact(disk_mib=1024), an_artifact(name="other", disk_mib=512)], events.display)

    assert str(refusal.value).startswith(
        f"{cache}: 1.0 GiB are free, and a first build of tool, other takes about 1.5 GiB."
    )
    assert events.seen == []


def test_space_is_not_asked_for_again_where_an_earlier_build_filled_the_caches(
    events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> Usage:
        return Usage(total=1, used=1, free=0)

    ensure([an_artifact()], events.display)
    monkeypatch.setattr(shutil, "disk_usage", full)
    newer = an_artifact(key="1" * 64, disk_mib=1024)
    ensure([newer], events.display)

    assert newer.ready


def test_the_build_before_the_newest_is_kept_and_older_ones_are_removed(events: Events) -> None:
    builds = [an_artifact(key=digit * 64) for digit in "0123"]
    neighbour = an_artifact(name="tool-kit")
    ensure([neighbour], events.display)

    for age, artifact in enumerate(builds):
        ensure([artifact], events.display)
        os.utime(artifact.folder, (age, age))

    assert [artifact.ready for artifact in builds] == [False, False, True, True]
    assert neighbour.ready


def test_the_cache_is_where_the_user_says_and_only_they_can_read_it(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert home() == cache
    assert cache.stat().st_mode & 0o777 == 0o700

    monkeypatch.delenv("PLIMSOLL_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert home() == tmp_path / "xdg" / "plimsoll"

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert home() == tmp_path / "me" / ".cache" / "plimsoll"
