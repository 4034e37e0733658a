"""Image archives: the same bytes from the same files, under exactly the name that pods use."""

import json
import os
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from local import images, toolchain
from local.images import oci, triton
from local.images.__main__ import app
from local.toolchain import ToolchainError

REFERENCE = "plimsoll.local/tool:1"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLIMSOLL_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def a_root(folder: Path) -> Path:
    root = folder / "root"
    (root / "usr/bin").mkdir(parents=True)
    (root / "bin").symlink_to("usr/bin")
    (root / "usr/bin/tool").write_text("program")
    (root / "usr/bin/tool").chmod(0o755)
    (root / "usr/notes").write_text("words")
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)
    return root


def packed(root: Path, *, config: oci.Config | None = None) -> Path:
    archive, scratch = root.parent / "image.tar", root.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    config = config or oci.Config(user="1000:1000")
    oci.write_archive(archive, reference=REFERENCE, root=root, config=config, scratch=scratch)
    return archive


def read(archive: Path, name: str) -> dict[str, Any]:
    with tarfile.open(archive) as image:
        content = image.extractfile(name)
        assert content is not None
        return json.load(content)


def blob(descriptor: dict[str, Any]) -> str:
    return f"blobs/{descriptor['digest'].replace(':', '/')}"


def manifest(archive: Path) -> dict[str, Any]:
    [named] = read(archive, "index.json")["manifests"]
    return read(archive, blob(named))


def layer(archive: Path) -> dict[str, tarfile.TarInfo]:
    [descriptor] = manifest(archive)["layers"]
    with tarfile.open(archive) as image, tarfile.open(fileobj=image.extractfile(blob(descriptor))) as files:
        return {entry.name: entry for entry in files}


def test_equal_files_make_equal_bytes_whatever_their_times_and_the_umask(tmp_path: Path) -> None:
    first = a_root(tmp_path / "first")
    umask = os.umask(0o077)
    try:
        second = a_root(tmp_path / "second")
    finally:
        os.umask(umask)
    for path in second.rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)

    assert packed(first).read_bytes() == packed(second).read_bytes()


def test_other_files_make_other_bytes(tmp_path: Path) -> None:
    first, second = a_root(tmp_path / "first"), a_root(tmp_path / "second")
    (second / "usr/notes").write_text("other")

    assert packed(first).read_bytes() != packed(second).read_bytes()


def test_containerd_finds_exactly_the_name_that_pods_use(tmp_path: Path) -> None:
    [named] = read(packed(a_root(tmp_path)), "index.json")["manifests"]

    assert named["annotations"]["io.containerd.image.name"] == REFERENCE


def test_every_blob_is_named_by_its_digest_and_has_the_size_that_is_claimed(tmp_path: Path) -> None:
    archive = packed(a_root(tmp_path))
    index = read(archive, "index.json")
    descriptors = [*index["manifests"], manifest(archive)["config"], *manifest(archive)["layers"]]

    with tarfile.open(archive) as image:
        for descriptor in descriptors:
            assert image.getmember(blob(descriptor)).size == descriptor["size"]


def test_files_belong_to_root_links_stay_links_and_the_user_may_write_only_to_tmp(tmp_path: Path) -> None:
    root = a_root(tmp_path)
    (root / "usr/bin/tool").chmod(0o4777)
    entries = layer(packed(root))

    assert {(entry.uid, entry.gid, entry.mtime, entry.uname) for entry in entries.values()} == {(0, 0, 0, "")}
    assert entries["bin"].issym()
    assert entries["bin"].linkname == "usr/bin"
    assert entries["usr/bin/tool"].mode == 0o755, "no set-user-ID, and nobody but root writes"
    assert [name for name, entry in entries.items() if not entry.issym() and entry.mode & 0o002] == ["tmp"]


def test_a_config_says_who_runs_what_with_which_environment(tmp_path: Path) -> None:
    config = oci.Config(user="7:8", env={"PATH": "/bin"}, entrypoint=("/tool",), command=("serve",))
    archive = packed(a_root(tmp_path), config=config)
    image = read(archive, blob(manifest(archive)["config"]))

    assert image["config"] == {"User": "7:8", "Env": ["PATH=/bin"], "Entrypoint": ["/tool"], "Cmd": ["serve"]}


def test_an_image_of_one_binary_holds_it_and_nothing_but_a_place_for_temporary_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CI", "true")
    pause = toolchain.bin_dir("pause")
    pause.mkdir(parents=True)
    (pause / "pause").write_text("program")
    (pause / "pause").chmod(0o755)

    images.ensure(["pause"])

    assert [*layer(images.archive("pause"))] == ["bin", "tmp", "usr", "usr/bin", "usr/bin/pause"]
    assert images.reference("pause") == "plimsoll.local/pause:1"


def test_an_image_has_its_tools_version_and_changes_with_its_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    coredns = toolchain.tool("coredns")
    before = images.archive("coredns")
    monkeypatch.setattr(type(coredns), "key", "0" * 64)

    assert re.fullmatch(r"plimsoll\.local/coredns:\d+\.\d+\.\d+", images.reference("coredns"))
    assert images.archive("coredns") != before


def test_triton_runs_as_an_ordinary_user_from_where_nvidias_image_has_it() -> None:
    assert images.reference("triton") == "plimsoll.local/triton:2.51.0"
    assert triton.CONFIG.user == "1000:1000"
    assert triton.CONFIG.env["PATH"].startswith("/opt/tritonserver/bin:")


def test_tritons_lock_is_hashed_names_no_registry_and_holds_the_numpy_that_its_backend_understands() -> None:
    lock = triton.LOCK.read_text()

    assert "://" not in lock
    assert all("--hash=sha256:" in pin for pin in re.split(r"\n(?=\S)", lock) if "==" in pin)
    assert re.search(r"^numpy==1\.", lock, re.MULTILINE), "numpy 2 makes the backend return empty tensors"


def test_a_server_package_of_unknown_version_is_refused_with_the_way_to_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("nvidia-pytriton==9.9.9\n")
    monkeypatch.setattr(triton, "LOCK", lock)

    with pytest.raises(ToolchainError, match=r"nvidia-pytriton 9\.9\.9; the server versions known .* SERVER_VERSIONS"):
        images.reference("triton")


def test_the_command_refuses_an_unknown_image_and_lists_the_known_ones() -> None:
    result = CliRunner().invoke(app, ["build", "tritonn"])

    assert result.exit_code == 1
    assert result.stderr.startswith("there is no image 'tritonn'; there are pause, ")
