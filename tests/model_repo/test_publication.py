import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from model_repo import File, PublishError, Repository, assemble, publish
from tests.factories import a_service

CHECKOUT = Path(__file__).parents[2]
DIGITS = assemble("digits", a_service()).stable
NEEDS_MOUNTS = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small volume")

PUBLISH_AND_DIE = """
import os, signal, sys
from pathlib import Path
from model_repo import assemble, publish
from tests.factories import a_service

steps = int(sys.argv[2])

def dying(call):
    def step(*arguments, **options):
        global steps
        if steps == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        steps -= 1
        return call(*arguments, **options)
    return step

for name in ("fsync", "fchmod", "mkdir", "rename"):
    setattr(os, name, dying(getattr(os, name)))
print(publish(assemble("digits", a_service()).stable, Path(sys.argv[1])))
"""
"""Publish into argv[1], and die at the argv[2]th call that changes the store."""


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def visible(store: Path) -> list[str]:
    """What a server could see in a store."""
    return sorted(path.name for path in store.iterdir() if path.is_dir())


@pytest.fixture
def small_volume(tmp_path: Path) -> Iterator[Path]:
    """A volume that ends after 256 KiB."""
    volume = tmp_path / "volume"
    volume.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", volume], check=True)
    try:
        yield volume
    finally:
        subprocess.run(["umount", volume], check=True)


def test_the_published_folder_is_named_by_the_digest_and_holds_every_byte(tmp_path: Path) -> None:
    published = publish(DIGITS, tmp_path)

    assert published == tmp_path / DIGITS.digest
    assert {path: sha256(data).hexdigest() for path, data in contents(published).items()} == {
        file.path: file.sha256 for file in DIGITS.files
    }


def test_publishing_again_changes_nothing(tmp_path: Path) -> None:
    published = publish(DIGITS, tmp_path)
    before = {path: path.stat() for path in published.rglob("*")}

    assert publish(DIGITS, tmp_path) == published
    assert {path: path.stat() for path in published.rglob("*")} == before


def test_servers_of_another_user_can_read_it_whatever_the_umask(tmp_path: Path) -> None:
    umask = os.umask(0o077)
    try:
        published = publish(DIGITS, tmp_path)
    finally:
        os.umask(umask)

    modes = {stat.S_IMODE(path.stat().st_mode) for path in published.rglob("*") if path.is_file()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in [published, *published.rglob("*")] if path.is_dir()}
    assert modes == {0o644}
    assert folders == {0o755}


def test_a_kill_at_any_step_leaves_all_or_nothing_and_the_next_one_cleans_up(tmp_path: Path) -> None:
    died = 0
    for steps in range(100):
        store = tmp_path / str(steps)
        store.mkdir()
        command = [sys.executable, "-c", PUBLISH_AND_DIE, store, str(steps)]
        finished = subprocess.run(command, cwd=CHECKOUT, capture_output=True, check=False)
        if visible(store) and DIGITS.digest in visible(store):
            assert len(contents(store / DIGITS.digest)) == len(DIGITS.files)
        if finished.returncode == 0:
            break
        assert finished.returncode == -signal.SIGKILL, finished.stderr.decode()
        died += 1

        publish(DIGITS, store)

        assert visible(store) == [DIGITS.digest]
    assert died >= 10, "each write, each folder and the rename is a step to die at"


def test_two_that_publish_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as publishers:
        published = [publishers.submit(publish, DIGITS, tmp_path) for _ in range(8)]

    assert {one.result() for one in published} == {tmp_path / DIGITS.digest}
    assert visible(tmp_path) == [DIGITS.digest]


def test_two_repositories_lie_side_by_side(tmp_path: Path) -> None:
    other = assemble("digits", a_service(version=3)).stable
    publish(DIGITS, tmp_path)
    publish(other, tmp_path)

    assert visible(tmp_path) == sorted([DIGITS.digest, other.digest])


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    store = tmp_path / "unmounted"

    with pytest.raises(PublishError, match="mount the volume") as refused:
        publish(DIGITS, store)

    assert str(store) in str(refused.value)
    assert not store.exists(), "a folder in place of an unmounted volume would fill the machine's own disk"


def test_a_store_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(PublishError, match="there is no such folder"):
        publish(DIGITS, tmp_path / "file")


def test_weights_that_change_while_they_are_copied_are_not_published(tmp_path: Path) -> None:
    changed = Repository(
        "digits", 1, (File("digits/1/model.onnx", b"new weights", sha256(b"old weights").hexdigest()),)
    )

    with pytest.raises(PublishError, match="changed after the digest was taken"):
        publish(changed, tmp_path)

    assert visible(tmp_path) == []


@NEEDS_MOUNTS
def test_a_full_volume_is_refused_and_left_as_it_was(small_volume: Path) -> None:
    with pytest.raises(PublishError, match="no space is left") as refused:
        publish(DIGITS, small_volume)

    assert "enlarge the volume" in refused.value.way_out
    assert visible(small_volume) == []


@NEEDS_MOUNTS
def test_a_read_only_volume_is_refused(small_volume: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_volume], check=True)

    with pytest.raises(PublishError, match="it cannot be written") as refused:
        publish(DIGITS, small_volume)

    assert "mount" in refused.value.way_out
