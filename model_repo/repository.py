"""One service's Triton model repository: which files it consists of, known by the digest of their contents."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from model_repo.config import MODELS, is_model, render_config, signature_change
from stacks.schema import Problem, Python, Service, StackError

WEIGHTS = "model.onnx"
MODEL_CODE = "model.py"  # of the python engine; a version without one of its own gets the ONNX one
PYTHON_BACKEND = Path(__file__).parent / "backends" / "onnx" / "model.py"
DIGEST_LENGTH = 16  # 64 bits: even a million repositories meet by chance once in 40 million tries


@dataclass(frozen=True)
class File:
    """One file of a repository."""

    path: str
    """Where it lies in the repository: relative, with forward slashes."""
    source: bytes | Path
    """Its contents, or the file that has them: weights are larger than memory."""
    sha256: str


@dataclass(frozen=True)
class Repository:
    """The files that Triton needs for one version of a service's model, sorted by path."""

    model: str
    version: int
    files: tuple[File, ...]

    @property
    def size_bytes(self) -> int:
        """What a server has to read before it is ready."""
        return sum(
            len(file.source) if isinstance(file.source, bytes) else file.source.stat().st_size for file in self.files
        )

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that stand for every path and every byte, and for nothing else."""
        listing = "".join(f"{file.sha256}  {file.path}\n" for file in self.files)
        return hashlib.sha256(listing.encode()).hexdigest()[:DIGEST_LENGTH]


@dataclass(frozen=True)
class Repositories:
    """A service's repositories: its stable version's, and its canary's where it has one."""

    stable: Repository
    canary: Repository | None = None

    def __iter__(self) -> Iterator[Repository]:
        yield self.stable
        if self.canary:
            yield self.canary


def assemble(name: str, service: Service, *, models: Path = MODELS) -> Repositories:
    """The repositories of a service; `name` is the service's. Reads files and writes none.

    Raises StackError with every problem of the service, such as a version that is not there.
    """
    problems = _version_problems(name, service, models)
    wanted = [service.version, *([service.canary.version] if service.canary else [])]
    try:
        configs = [render_config(name, service, version, models=models) for version in wanted]
    except StackError as error:
        raise StackError([*error.problems, *problems]) from error
    if service.canary and (change := signature_change(*configs)):
        problems.append(_changed_signature(name, service, service.canary.version, change))
    if problems:
        raise StackError(problems)
    return Repositories(
        *(_repository(service, version, config, models) for version, config in zip(wanted, configs, strict=True))
    )


def assemble_all(services: Mapping[str, Service], *, models: Path = MODELS) -> Mapping[str, Repositories]:
    """Each service's repositories by the service's name. Raises one StackError with the problems of all of them."""
    repositories: dict[str, Repositories] = {}
    problems: list[Problem] = []
    for name, service in services.items():
        try:
            repositories[name] = assemble(name, service, models=models)
        except StackError as error:
            problems += error.problems
    if problems:
        raise StackError(problems)
    return repositories


def known_versions(model: str, models: Path = MODELS) -> list[int]:
    """The versions of a model, ascending: its numbered folders."""
    return sorted(int(folder.name) for folder in (models / model).iterdir() if folder.name.isdecimal())


def _repository(service: Service, version: int, config: str, models: Path) -> Repository:
    folder = models / service.model / str(version)
    files = [_text(f"{service.model}/config.pbtxt", config)]
    files += [
        _file(f"{service.model}/{version}/{path.relative_to(folder).as_posix()}", path) for path in _weights(folder)
    ]
    if isinstance(service.engine, Python) and not (folder / MODEL_CODE).is_file():
        files.append(_file(f"{service.model}/{version}/{MODEL_CODE}", PYTHON_BACKEND))
    return Repository(service.model, version, tuple(sorted(files, key=lambda file: file.path)))


def _changed_signature(name: str, service: Service, version: int, change: str) -> Problem:
    return Problem(
        path=f"services.{name}.canary.version",
        found=f"{service.model} {version} takes or gives something else than {service.version}: {change}",
        limit="the inputs and outputs of the stable version",
        reason="the same request goes to either, so whatever one can't read is an error for a share of the callers",
        way_out=f"keep the signature in model_repo/{service.model}, or serve the new one as a model of its own",
    )


def _version_problems(name: str, service: Service, models: Path) -> list[Problem]:
    if not is_model(service.model, models):
        return []  # one problem is enough for a model that is not there
    wanted = {"version": service.version}
    if service.canary:
        wanted["canary.version"] = service.canary.version
    versions = known_versions(service.model, models)
    problems: list[Problem] = []
    for key, version in wanted.items():
        folder = f"model_repo/{service.model}/{version}"
        if version not in versions:
            found = f"{service.model} has no version {version}"
        elif not (models / service.model / str(version) / WEIGHTS).is_file():
            found = f"{folder} holds no {WEIGHTS}"
        else:
            continue
        problems.append(
            Problem(
                path=f"services.{name}.{key}",
                found=found,
                limit=f"one of: {', '.join(map(str, versions))}" if versions else f"{service.model} has no version yet",
                reason=f"a version is a numbered folder with a {WEIGHTS}; Triton loads exactly that one",
                way_out=f"name one of those, or add {folder}/{WEIGHTS}",
            )
        )
    return problems


def _weights(version: Path) -> list[Path]:
    # Hidden files are what editors and file managers leave behind, and they differ from machine to machine.
    return [path for path in version.rglob("*") if path.is_file() and not path.name.startswith(".")]


def _text(path: str, text: str) -> File:
    contents = text.encode()
    return File(path, contents, hashlib.sha256(contents).hexdigest())


def _file(path: str, source: Path) -> File:
    status = source.stat()
    return File(path, source, _sha256(source, status.st_size, status.st_mtime_ns))


@cache
def _sha256(source: Path, _size: int, _modified_ns: int) -> str:
    """The hash of a file's contents, read once for each size and time of change, however many services share it."""
    with source.open("rb") as contents:
        return hashlib.file_digest(contents, "sha256").hexdigest()
