"""checkov, as its hashed lock names it, in a virtual environment of its own in the cache."""

import hashlib
import json
import subprocess
import sys
import venv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local.toolchain.progress import display
from local.toolchain.store import Artifact, Workshop, ensure
from tests.scanner.terraform import Resource, plan

LOCK = Path(__file__).parent / "requirements.lock"


@dataclass(frozen=True, order=True)
class Finding:
    """A check that a resource or an object fails."""

    check: str
    of: str
    """Terraform's address, or kind, namespace and name of a Kubernetes object."""
    title: str

    def __str__(self) -> str:
        return f"{self.of}: {self.title} ({self.check})"


@dataclass(frozen=True)
class Scan:
    """What checkov says of a stack."""

    findings: tuple[Finding, ...]
    judged: frozenset[str]
    """The Terraform types and the Kubernetes kinds that some check was made on."""
    counts: Mapping[str, Mapping[str, int]]
    """checkov's own summary, by framework."""


def scan(resources: Iterable[Resource], objects: Iterable[Mapping[str, Any]], folder: Path) -> Scan:
    """Scan AWS resources and Kubernetes objects, with the folder for the files that checkov reads."""
    ensure([_artifact()], display())
    (folder / "plan.json").write_text(json.dumps(plan(resources)))
    (folder / "objects.yaml").write_text(yaml.safe_dump_all(objects))
    done = subprocess.run(
        (
            *(str(_python(_artifact().folder)), "-m", "checkov.main", "--directory", str(folder)),
            *("--framework", "kubernetes", "terraform_plan", "--output", "json", "--compact", "--skip-download"),
        ),
        cwd=folder,
        # Nothing is asked of a network, and no settings of whoever runs it are read.
        env={"CKV_SKIP_PACKAGE_UPDATE_CHECK": "true", "HOME": str(folder)},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    reports: list[dict[str, Any]] = json.loads(done.stdout)
    failed = [each for report in reports for each in report["results"]["failed_checks"]]
    passed = [each for report in reports for each in report["results"]["passed_checks"]]
    return Scan(
        findings=tuple(sorted({Finding(each["check_id"], each["resource"], each["check_name"]) for each in failed})),
        judged=frozenset(each["resource"].partition(".")[0] for each in (*failed, *passed)),
        counts={report["check_type"]: report["summary"] for report in reports},
    )


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"


def _artifact() -> Artifact:
    # A virtual environment ends with the Python that it was made of.
    recipe = f"{LOCK.read_text()}{Path(__file__).read_text()}{sys.base_prefix}{sys.version}"
    key = hashlib.sha256(recipe.encode()).hexdigest()
    return Artifact(shelf="scanner", name="checkov", key=key, disk_mib=300, build=_build)


def _build(workshop: Workshop) -> None:
    venv.create(workshop.into, symlinks=True)  # its scripts would not outlive the move to its place; its Python does
    workshop.run(
        [
            *(sys.executable, "-m", "pip", "--python", _python(workshop.into), "install"),
            *("--no-deps", "--require-hashes", "--only-binary", ":all:"),
            *("--disable-pip-version-check", "--requirement", LOCK),
        ]
    )
