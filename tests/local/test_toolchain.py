"""The catalogue's tools: what decides their keys, and what is said where they can't be built."""

import re
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local import toolchain
from local.toolchain import ToolchainError, debian, golang
from local.toolchain.__main__ import app
from local.toolchain.catalogue import KUBERNETES, PULUMI_KUBERNETES_SDK_VERSION
from local.toolchain.debian import DebianTools
from local.toolchain.golang import GoTool

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
GO_MOD = "module plimsoll.local/toolchain/tool\n\ngo 1.26.0\n\nrequire example.org/tool v1.2.3\n"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLIMSOLL_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "modules" / "tool"
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text(GO_MOD)
    (folder / "go.sum").write_text("example.org/tool v1.2.3 h1:abc=\n")
    monkeypatch.setattr(golang, "FOLDER", folder.parent)
    return folder


def a_go_tool(*, stamps: Mapping[str, str] | None = None) -> GoTool:
    binaries = {"tool": "example.org/tool"}
    return GoTool(name="tool", module="example.org/tool", binaries=binaries, stamps=stamps or {}, disk_mib=0)


def a_debian_tool() -> DebianTools:
    return DebianTools(name="tool", packages=("tool",), binaries={"tool": "usr/bin/tool"}, disk_mib=0)


@pytest.mark.parametrize("file", ["go.mod", "go.sum", "main.go"])
def test_a_key_changes_with_each_file_that_go_builds_from(module: Path, file: str) -> None:
    before = a_go_tool().key
    with (module / file).open("a") as source:
        source.write("// changed\n")

    assert a_go_tool().key != before


def test_a_key_changes_with_what_the_linker_is_told(module: Path) -> None:
    assert module.is_dir()
    assert a_go_tool(stamps={"main.version": "{version}"}).key != a_go_tool().key


def test_a_key_changes_with_nothing_else(module: Path) -> None:
    before = a_go_tool().key
    (module / "README.md").write_text("words")
    (module / "go.mod").touch()

    assert replace(a_go_tool(), disk_mib=5).key == before


def test_a_version_is_read_from_go_mod(module: Path) -> None:
    assert a_go_tool().version == "1.2.3"

    (module / "go.mod").write_text("module plimsoll.local/toolchain/tool\n")
    with pytest.raises(ToolchainError, match=r"go\.mod: it pins no version of example\.org/tool"):
        _ = a_go_tool().version


def test_kubernetes_is_stamped_with_the_version_that_its_clients_ask_for() -> None:
    stamps = KUBERNETES.resolved_stamps
    major, minor, _ = KUBERNETES.version.split(".")

    assert stamps["k8s.io/component-base/version.gitVersion"] == f"v{KUBERNETES.version}"
    assert stamps["k8s.io/component-base/version.gitMajor"] == major
    assert stamps["k8s.io/component-base/version.gitMinor"] == minor


def test_the_provider_has_the_version_that_the_projects_sdk_asks_for() -> None:
    dependencies: list[str] = tomllib.loads(PROJECT.read_text())["project"]["dependencies"]

    assert f"pulumi-kubernetes=={PULUMI_KUBERNETES_SDK_VERSION}" in dependencies


def test_every_go_tool_has_a_folder_that_pins_its_module() -> None:
    for tool in toolchain.TOOLS.values():
        if isinstance(tool, GoTool):
            assert re.fullmatch(r"\d+(\.\d+\.\d+.*)?", tool.version), tool.name


def test_every_module_folder_belongs_to_a_tool() -> None:
    folders = {path.parent.name for path in golang.FOLDER.glob("*/go.mod")}

    assert folders == {tool.name for tool in toolchain.TOOLS.values() if isinstance(tool, GoTool)}


def test_without_go_the_error_names_the_version_to_install_and_the_other_way(
    module: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert module.is_dir()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(toolchain.TOOLS, "tool", a_go_tool())

    with pytest.raises(ToolchainError) as failure:
        toolchain.ensure(["tool"])

    assert str(failure.value) == (
        "tool: `go` is not on PATH, and tool is built from Go modules. Install Go 1.26.0 or newer. "
        "Or build nothing: put `pulumi` and `kubectl` on PATH, and run KUBECONFIG=… make up STACK=existing."
    )


def test_a_go_that_is_too_old_is_told_from_what_it_says(
    module: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert module.is_dir()
    a_command(
        tmp_path, "go", "echo 'go: go.mod requires go >= 1.26.0 (running go 1.24.1; GOTOOLCHAIN=local)' >&2; exit 1"
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(toolchain.TOOLS, "tool", a_go_tool())

    with pytest.raises(ToolchainError, match=r"(?s)running go 1\.24\.1.*Go is too old for this module"):
        toolchain.ensure(["tool"])


def test_a_go_tool_is_built_static_stamped_and_under_its_own_name(
    module: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert module.is_dir()
    record = tmp_path / "record"
    a_command(
        tmp_path,
        "go",
        f'echo "$CGO_ENABLED $*" >> {record}\n'
        'while [ "$1" != -o ]; do shift; done\n'
        '/bin/mkdir -p "${2%/*}"; echo built > "$2"',
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(toolchain.TOOLS, "tool", a_go_tool(stamps={"main.version": "v{version}"}))

    toolchain.ensure(["tool"])

    assert (toolchain.bin_dir("tool") / "tool").read_text() == "built\n"
    assert record.read_text().startswith("0 build -v -trimpath -ldflags -s -w -X main.version=v1.2.3 -o ")


def test_without_apt_the_error_says_what_kind_of_machine_it_takes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(toolchain.TOOLS, "tool", a_debian_tool())

    with pytest.raises(ToolchainError, match=r"`apt-get` is not on PATH.*Use a machine with Debian 12"):
        toolchain.ensure(["tool"])


def test_lists_that_served_are_used_again_and_lists_that_did_not_are_fetched_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands = tmp_path / "commands"
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(toolchain.TOOLS, "tool", a_debian_tool())
    a_command(tmp_path, "dpkg-deb", "exit 1")

    def updates(outcome: str) -> int:
        """How many times apt has fetched its lists after one more build, whose install ends so."""
        a_command(
            tmp_path, "apt-get", f'case "$*" in *update) echo update >> {commands};; *install*) exit {outcome};; esac'
        )
        with pytest.raises(ToolchainError):
            toolchain.ensure(["tool"])
        return commands.read_text().count("update")

    assert updates("100") == 1
    assert updates("0") == 2
    assert updates("0") == 2


def test_a_debian_tools_wrapper_finds_the_libraries_that_came_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def download(*_: object, **__: object) -> list[Path]:
        return []

    def unpack(_workshop: object, _archives: object, root: Path) -> None:
        (root / "usr/bin").mkdir(parents=True)
        a_command(root / "usr/bin", "tool", 'echo "$LD_LIBRARY_PATH" "$@"')

    monkeypatch.setattr(debian, "download", download)
    monkeypatch.setattr(debian, "unpack", unpack)
    monkeypatch.setitem(toolchain.TOOLS, "tool", a_debian_tool())
    toolchain.ensure(["tool"])

    wrapper = toolchain.bin_dir("tool") / "tool"
    said = subprocess.run([wrapper, "-v"], capture_output=True, text=True, check=True).stdout.split()
    assert Path(said[0]).resolve() == toolchain.bin_dir("tool").parent / "root/usr/lib" / debian.triplet()
    assert said[1:] == ["-v"]


def test_what_is_there_needs_neither_go_nor_apt_nor_a_network(
    cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert not cache.exists()
    for tool in toolchain.TOOLS.values():
        tool.artifact.folder.mkdir(parents=True)
    monkeypatch.setenv("PATH", str(tmp_path))

    toolchain.ensure(list(toolchain.TOOLS))


def test_the_command_prints_folders_as_path_wants_them() -> None:
    result = CliRunner().invoke(app, ["path", "etcd", "runc"])

    assert result.stdout == f"{toolchain.bin_dir('etcd')}:{toolchain.bin_dir('runc')}\n"


def test_the_command_refuses_an_unknown_tool_and_lists_the_known_ones() -> None:
    result = CliRunner().invoke(app, ["ensure", "etcdd"])

    assert result.exit_code == 1
    assert result.stderr.startswith("there is no tool 'etcdd'; there are kubernetes, ")


def a_command(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
