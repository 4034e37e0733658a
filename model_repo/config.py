"""A model's config.pbtxt: rendered from what the stack asks for, and read back with Triton's own schema."""

# protobuf's generated classes and text_format carry no types: `_Config` and `_Tensor` say what is read of them.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol, cast

import jinja2
from google.protobuf import text_format
from google.protobuf.message import Message

from model_repo.triton_messages import model_config_pb2
from stacks.schema import Problem, Service, StackError, TensorRt

MODELS = Path(__file__).parent
"""The folder that holds a folder for each model."""
TEMPLATE = "config.pbtxt.j2"


@dataclass(frozen=True)
class Tensor:
    """An input or output of a model."""

    name: str
    data_type: str
    """As Triton spells it: `TYPE_FP32`."""
    dims: tuple[int, ...]
    """Without the batch; -1 for any size."""

    def __str__(self) -> str:
        return f"{self.data_type} {list(self.dims)}"


@dataclass(frozen=True)
class Signature:
    """What a model takes and gives."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def tensors(self) -> dict[str, Tensor]:
        """Each by the words for it."""
        return {
            **{f"input '{tensor.name}'": tensor for tensor in self.inputs},
            **{f"output '{tensor.name}'": tensor for tensor in self.outputs},
        }


class _Tensor(Protocol):
    name: str
    data_type: int
    dims: Sequence[int]


class _Config(Protocol):
    name: str
    input: Sequence[_Tensor]
    output: Sequence[_Tensor]


def known_models(models: Path = MODELS) -> list[str]:
    """The names of the models there are, sorted: the folders with a template of their own."""
    return sorted(template.parent.name for template in models.glob(f"*/{TEMPLATE}"))


def is_model(name: str, models: Path = MODELS) -> bool:
    """Whether there is a model of this name."""
    return (models / name / TEMPLATE).is_file()


def render_config(name: str, service: Service, version: int, *, models: Path = MODELS) -> str:
    """The config.pbtxt with which one version of a service's model is served; `name` is the service's.

    Raises StackError where the model has no template, or where what it renders is not a Triton config with inputs and
    outputs.
    """
    path = f"services.{name}.model"
    if not is_model(service.model, models):
        raise StackError([_unknown_model(path, service.model, models)])
    template = f"model_repo/{service.model}/{TEMPLATE}"
    try:
        text = (
            _environment(models)
            .get_template(f"{service.model}/{TEMPLATE}")
            .render(
                service=service,
                version=version,
                threads=_threads(service),
                warmup_batches=_warmup_batches(service),
                inputs_of=_inputs_of,
            )
        )
    except jinja2.TemplateSyntaxError as error:
        raise StackError([_invalid(path, f"{template}, line {error.lineno}: {error.message}")]) from error
    except jinja2.TemplateError as error:
        raise StackError([_invalid(path, f"{template}: {error.message}")]) from error
    problems = [_invalid(path, f"{template} {found}") for found in _faults(text, service.model)]
    if problems:
        raise StackError(problems)
    return text


def signature_of(config: str) -> Signature:
    """The inputs and outputs that a rendered config names."""
    parsed = _parse(config)
    return Signature(_tensors(parsed.input), _tensors(parsed.output))


def signature_change(before: Signature, after: Signature) -> str | None:
    """What differs between the inputs and outputs of two versions, as a clause; None where nothing does."""
    old, new = before.tensors, after.tensors
    changes = [
        f"{tensor} was {old.get(tensor, 'not there')} and is {new.get(tensor, 'not there')}"
        for tensor in sorted(old.keys() | new.keys())
        if old.get(tensor) != new.get(tensor)
    ]
    return "; ".join(changes) or None


def _tensors(tensors: Sequence[_Tensor]) -> tuple[Tensor, ...]:
    return tuple(
        Tensor(tensor.name, model_config_pb2.DataType.Name(tensor.data_type), tuple(tensor.dims)) for tensor in tensors
    )


@cache
def _environment(models: Path) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([models, MODELS]),
        undefined=jinja2.StrictUndefined,
        autoescape=jinja2.select_autoescape(),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _threads(service: Service) -> int:
    """How many threads one instance computes with: a replica's cores shared out among its instances."""
    return max(1, int(service.resources.cpu // service.instances))


def _warmup_batches(service: Service) -> list[int]:
    """The smallest and the largest batch that the service's engine accepts."""
    largest = service.batching.max_batch_size
    smallest = service.engine.profile_for(largest).min_batch if isinstance(service.engine, TensorRt) else 1
    return sorted({smallest, largest})


@cache  # asked for every batch size of every service, and a model has one signature
def _inputs_of(signature: str) -> list[dict[str, str | list[int]]]:
    """What a warm-up has to send: each input's name and type, and its shape with 1 where any size will do."""
    try:
        config = _parse(signature)
    except text_format.ParseError:
        return []  # the same error comes again from the whole text, with its line there
    return [
        {
            "name": tensor.name,
            "data_type": model_config_pb2.DataType.Name(tensor.data_type),
            "dims": [max(size, 1) for size in tensor.dims],
        }
        for tensor in config.input
    ]


def _parse(text: str) -> _Config:
    config = cast("Message", model_config_pb2.ModelConfig())
    return cast("_Config", text_format.Parse(text, config))


def _faults(text: str, model: str) -> list[str]:
    """What is wrong with a rendered text, as clauses that follow the template's name."""
    try:
        config = _parse(text)
    except text_format.ParseError as error:
        line = error.GetLine()
        shown = f" in `{text.splitlines()[line - 1].strip()}`" if line else ""
        return [f"renders what Triton cannot read{shown}: {error}"]
    faults = [] if config.name == model else [f"names the model '{config.name}', and its folder is '{model}'"]
    for direction, tensors in (("input", config.input), ("output", config.output)):
        if not tensors:
            faults.append(f"has no {direction}")
        for tensor in tensors:
            faults += [f"has {direction} '{tensor.name}' {fault}" for fault in _tensor_faults(tensor)]
    return faults


def _tensor_faults(tensor: _Tensor) -> list[str]:
    faults: list[str] = []
    if not tensor.name:
        faults.append("without a name")
    if tensor.data_type == model_config_pb2.DataType.Value("TYPE_INVALID"):
        faults.append("without a data_type")
    if not tensor.dims or any(size < 1 and size != -1 for size in tensor.dims):
        faults.append(f"with dims {list(tensor.dims)}: each is a size from 1, or -1 for any, without the batch")
    return faults


def _unknown_model(path: str, model: str, models: Path) -> Problem:
    return Problem(
        path=path,
        found=f"'{model}' is not a model",
        limit=f"one of: {', '.join(known_models(models))}",
        reason=f"a model is a folder of model_repo with a {TEMPLATE} that says its inputs and outputs",
        way_out=f"name one of those, or add model_repo/{model}/{TEMPLATE} and a version (model_repo/README.md)",
    )


def _invalid(path: str, found: str) -> Problem:
    return Problem(
        path=path,
        found=found,
        limit=f"a template that extends {TEMPLATE} and fills in its signature block with inputs and outputs",
        reason="Triton refuses to load a model whose config.pbtxt it cannot read, and no replica gets ready",
        way_out="correct the template (model_repo/digits has a complete one), or serve another model",
    )
