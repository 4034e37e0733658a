"""One service's Triton model repository: which files it consists of, known by the digest of their contents."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from model_repo.config import MODELS, Signature, is_model, render_config, signature_change, signature_of
from model_repo.engines import Engine, Target, held_out_files, unbuildable
from model_repo.files import File, file_at, listing, text_file
from stacks.schema import Problem, Python, Service, Stack, StackError, TensorRt, nvidia_release

WEIGHTS = "model.onnx"
MODEL_CODE = "model.py"  # of the python engine; a version without one of its own gets the ONNX one
PYTHON_BACKEND = Path(__file__).parent / "backends" / "onnx" / "model.py"
DIGEST_LENGTH = 16  # 64 bits: even a million repositories meet by chance once in 40 million tries


@dataclass(frozen=True)
class Repository:
    """The files that Triton needs for one version of a service's model, sorted by path."""

    model: str
    version: int
    files: tuple[File, ...]
    engine: Engine | None = None
    """What is built beside the files, where a TensorRT engine is served."""

    @property
    def size_bytes(self) -> int:
        """What a server has to read before it is ready; an engine is taken to be as large as what it is made of."""
        return sum(file.size_bytes for file in (*self.files, *(self.engine.sources if self.engine else ())))

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that stand for every path and every byte, and for nothing else."""
        return _digest(listing(self.files) + (f"{self.engine.key}\n" if self.engine else ""))

    @property
    def folder(self) -> str:
        """Where it lies in a store, by what it holds. An engine's is shared by all configs that it is served with."""
        return f"engines/{self.engine.key}" if self.engine else self.digest

    @property
    def config_name(self) -> str | None:
        """Which of the configs in an engine's folder is this one's; None where there is one, `config.pbtxt`."""
        return PurePosixPath(self.files[0].path).stem if self.engine else None


@dataclass(frozen=True)
class Repositories:
    """A service's repositories: its stable version's, and its canary's where it has one."""

    stable: Repository
    canary: Repository | None = None

    def __iter__(self) -> Iterator[Repository]:
        yield self.stable
        if self.canary:
            yield self.canary


def assemble(name: str, service: Service, *, target: Target | None = None, models: Path = MODELS) -> Repositories:
    """The repositories of a service; `name` is the service's, `target` what its engines are built for if it has any.

    Reads files and writes none. Raises StackError with every problem of the service, such as a version that is not
    there.
    """
    problems = _version_problems(name, service, models)
    wanted = [service.version, *([service.canary.version] if service.canary else [])]
    try:
        configs = [render_config(name, service, version, models=models) for version in wanted]
    except StackError as error:
        raise StackError([*error.problems, *problems]) from error
    # Reading a config back takes time, and most services have no use for it.
    signatures = [signature_of(config) for config in configs] if service.canary or target else []
    if service.canary and (change := signature_change(*signatures)):
        problems.append(_changed_signature(name, service, service.canary.version, change))
    if problems:
        raise StackError(problems)
    if target and isinstance(service.engine, TensorRt):
        return _with_engines(
            name, service, service.engine, target, zip(wanted, configs, signatures, strict=True), models
        )
    return Repositories(
        *(_repository(service, version, config, models) for version, config in zip(wanted, configs, strict=True))
    )


def assemble_all(stack: Stack, *, models: Path = MODELS) -> Mapping[str, Repositories]:
    """Each service's repositories by the service's name. Raises one StackError with the problems of all of them."""
    repositories: dict[str, Repositories] = {}
    problems: list[Problem] = []
    for name, service in stack.services.items():
        try:
            repositories[name] = assemble(name, service, target=_target(stack, service), models=models)
        except StackError as error:
            problems += error.problems
    if problems:
        raise StackError(problems)
    return repositories


def _target(stack: Stack, service: Service) -> Target | None:
    """What a service's engines are built for. The schema has seen to it that there is one GPU model and one release."""
    release = nvidia_release(stack.images.tensorrt)
    if not isinstance(service.engine, TensorRt) or not service.pool or not release:
        return None
    return Target(stack.gpu_pools[service.pool].gpus[0], release)


def version_digests(repositories: Iterable[Repositories], *, models: Path = MODELS) -> dict[str, str]:
    """By `model/version` 16 hexadecimal digits for what is in its folder: nothing of how a service is configured."""
    versions = {f"{each.model}/{each.version}" for both in repositories for each in both}
    return {version: _digest(listing(_version_files(models / version))) for version in sorted(versions)}


def known_versions(model: str, models: Path = MODELS) -> list[int]:
    """The versions of a model, ascending: its numbered folders."""
    return sorted(int(folder.name) for folder in (models / model).iterdir() if folder.name.isdecimal())


def _repository(service: Service, version: int, config: str, models: Path) -> Repository:
    folder = models / service.model / str(version)
    files = [text_file(f"{service.model}/config.pbtxt", config)]
    files += [replace(file, path=f"{service.model}/{version}/{file.path}") for file in _version_files(folder)]
    if isinstance(service.engine, Python) and not (folder / MODEL_CODE).is_file():
        files.append(file_at(f"{service.model}/{version}/{MODEL_CODE}", PYTHON_BACKEND))
    return Repository(service.model, version, tuple(sorted(files, key=lambda file: file.path)))


def _with_engines(
    name: str,
    service: Service,
    spec: TensorRt,
    target: Target,
    rendered: Iterable[tuple[int, str, Signature]],
    models: Path,
) -> Repositories:
    """Of each version an engine, and its config under a name of its own: an engine may be served in many ways.

    `rendered` has each version's config and signature. Raises StackError where no engine can be built.
    """
    model, profile = models / service.model, spec.profile_for(service.batching.max_batch_size)
    problems: list[Problem] = []
    repositories: list[Repository] = []
    for version, config, signature in rendered:
        wrong = list(unbuildable(f"services.{name}.engine", model, version, signature, profile.min_batch))
        if wrong:
            problems += wrong
            continue
        weights, held_out = _version_files(model / str(version)), held_out_files(model, version, signature)
        sources = sorted([*weights, *held_out], key=lambda file: file.path)
        engine = Engine(
            service.model,
            version,
            target,
            spec.precision,
            profile,
            spec.allowed_error_percent,
            signature,
            tuple(sources),
        )
        config_name = _digest(config)
        file = text_file(f"{service.model}/configs/{config_name}.pbtxt", config)
        repositories.append(Repository(service.model, version, (file,), engine))
    if problems:
        raise StackError(problems)
    return Repositories(*repositories)


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


def _version_files(folder: Path) -> list[File]:
    """What is in a version's folder, sorted by path."""
    # Hidden files are what editors and file managers leave behind, and they differ from machine to machine.
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return [file_at(path.relative_to(folder).as_posix(), path) for path in paths]


def _digest(contents: str) -> str:
    return hashlib.sha256(contents.encode()).hexdigest()[:DIGEST_LENGTH]
