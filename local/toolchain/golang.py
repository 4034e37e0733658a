"""Tools built from Go modules: one folder with a go.mod and a go.sum each, so that their dependencies stay apart."""

import hashlib
import json
import platform
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.toolchain.store import OTHER_WAY, Artifact, ToolchainError, Workshop

FOLDER = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class EmbeddedJson:
    """A file that a program of ours embeds, made from one that the tool's module carries, with fields set."""

    file: str
    source: str
    """Inside the module."""
    fields: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True)
class GoTool:
    """Binaries of one Go module, at the version that the go.mod in the tool's folder pins."""

    name: str
    """Also the folder's, beside this file."""
    module: str = ""
    """The module whose version is the tool's own; empty for a program of ours."""
    binaries: Mapping[str, str]
    """Each binary's name, and the package that it is built from."""
    stamps: Mapping[str, str] = field(default_factory=dict[str, str])
    """Variables that the linker sets, as `{version}`, `{major}` and `{minor}` of `module`."""
    embedded: tuple[EmbeddedJson, ...] = ()
    """Generated files of the tool's folder, which exist only while Go builds."""
    tags: tuple[str, ...] = ()
    """Go's build tags."""
    charts: Mapping[str, str] = field(default_factory=dict[str, str])
    """Helm charts that the module carries: each one's name, and its folder inside the module."""
    manifests: Mapping[str, str] = field(default_factory=dict[str, str])
    """Folders of Kubernetes objects that the module carries: each one's name, and its folder inside the module."""
    disk_mib: int
    """Space that a first build takes: fetched modules, Go's build cache and the binaries."""

    @property
    def version(self) -> str:
        """What go.mod pins, without its `v`: '1.36.3'. A program of ours has the version '1'."""
        if not self.module:
            return "1"
        go_mod = FOLDER / self.name / "go.mod"
        found = re.search(rf"^\s*(?:require )?{re.escape(self.module)} v(\S+)", go_mod.read_text(), re.MULTILINE)
        if found is None:
            raise ToolchainError(f"{go_mod}: it pins no version of {self.module}; add `require {self.module} v…`")
        return found[1]

    @property
    def resolved_stamps(self) -> Mapping[str, str]:
        """`stamps` with the version filled in."""
        if not self.stamps:
            return {}
        major, minor, *_ = self.version.split(".")
        return {
            variable: value.format(version=self.version, major=major, minor=minor)
            for variable, value in self.stamps.items()
        }

    @property
    def key(self) -> str:
        """Hash of the folder, of this recipe and of the platform.

        Not of Go's own version: go.mod names the oldest that will do, and a built toolchain works without any Go.
        """
        recipe = {
            "binaries": self.binaries,
            "stamps": self.stamps,
            "embedded": [[each.file, each.source, each.fields] for each in self.embedded],
            "platform": [sys.platform, platform.machine()],
            **({"tags": self.tags} if self.tags else {}),
            **({"charts": self.charts} if self.charts else {}),
            **({"manifests": self.manifests} if self.manifests else {}),
        }
        digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode())
        for source in sorted(path for path in (FOLDER / self.name).iterdir() if path.suffix in {".go", ".mod", ".sum"}):
            digest.update(source.name.encode() + b"\0" + source.read_bytes())
        return digest.hexdigest()

    @property
    def artifact(self) -> Artifact:
        """Its binaries in `bin/`, its charts in `charts/`, its manifests in `manifests/`."""
        return Artifact(shelf="toolchain", name=self.name, key=self.key, disk_mib=self.disk_mib, build=self._build)

    def _build(self, workshop: Workshop) -> None:
        if shutil.which("go") is None:
            raise ToolchainError(
                f"{self.name}: `go` is not on PATH, and {self.name} is built from Go modules. "
                f"Install Go {_go_version(FOLDER / self.name)} or newer. {OTHER_WAY}"
            )
        folder = FOLDER / self.name
        # Go's own work folder goes with the build, so that a killed one leaves nothing in /tmp.
        env = {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOWORK": "off", "GOTMPDIR": str(workshop.scratch)}
        linker = " ".join(["-s -w", *(f"-X {variable}={value}" for variable, value in self.resolved_stamps.items())])
        tags = ["-tags", ",".join(self.tags)] if self.tags else []
        overlay = ["-overlay", self._overlay(workshop, env)] if self.embedded else []
        for binary, package in self.binaries.items():
            output = workshop.into / "bin" / binary
            workshop.run(
                ["go", "build", "-v", "-trimpath", "-ldflags", linker, *tags, *overlay, "-o", output, package],
                cwd=folder,
                env=env,
            )

        for kind, carried in (("charts", self.charts), ("manifests", self.manifests)):
            for name, source in carried.items():
                # Go keeps modules read-only, and nobody could remove a copy that is.
                shutil.copytree(
                    self._module(workshop, env) / source, workshop.into / kind / name, copy_function=shutil.copyfile
                )

    def _module(self, workshop: Workshop, env: Mapping[str, str]) -> Path:
        """The tool's module as Go fetched it."""
        fetched = workshop.scratch / "module.json"
        workshop.run(["go", "mod", "download", "-json", self.module], cwd=FOLDER / self.name, env=env, output=fetched)
        return Path(json.loads(fetched.read_text())["Dir"])

    def _overlay(self, workshop: Workshop, env: Mapping[str, str]) -> Path:
        """Write the embedded files, and tell Go to see them in the tool's folder: none lands in the checkout."""
        folder = FOLDER / self.name
        module = self._module(workshop, env)
        replace: dict[str, str] = {}
        for each in self.embedded:
            generated = workshop.scratch / each.file
            generated.write_text(json.dumps({**json.loads((module / each.source).read_text()), **each.fields}))
            replace[str(folder / each.file)] = str(generated)
        overlay = workshop.scratch / "overlay.json"
        overlay.write_text(json.dumps({"Replace": replace}))
        return overlay


def _go_version(folder: Path) -> str:
    found = re.search(r"^go (\S+)", (folder / "go.mod").read_text(), re.MULTILINE)
    return found[1] if found else "1.26"
