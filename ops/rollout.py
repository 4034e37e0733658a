"""`ops rollout`: a new version, weight by weight, each judged before the next."""

import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile
from types import FrameType, TracebackType
from typing import Annotated, Self

import typer
from rich.console import Console
from rich.markup import escape

from observability.gateway import Counts
from observability.variants import VARIANT_HEADER, Variant
from ops import proxies
from ops.errors import CommandError
from ops.gate import Gate
from ops.pager import pages
from ops.stack import asked_for, pulumi, served_models
from policies.limits import Enforcement, read_limits
from stacks.schema import Stack

LOOK_SECONDS = 2.0
"""How often the gate looks while a step is watched."""
PATIENCE = 4
"""How many times the time of a step to wait for enough requests, before giving up."""
LOG_LINES_SHOWN = 15
SEEN_SECONDS = 60
"""Until Prometheus has read a new canary, and worked out how it does."""
INTERRUPTED = 130
"""The exit code of a command that Ctrl-C has ended."""

console = Console()


@dataclass(frozen=True)
class Rollout:
    """What was asked for."""

    stack: str
    service: str
    version: int
    steps: Sequence[int]
    """Weights in percent, rising."""
    watch_seconds: float
    gate: Gate


def command(
    service: Annotated[str, typer.Argument(help="The service, as the stack calls it.")],
    to: Annotated[int, typer.Option(help="The version to roll out: a folder of the model.")],
    steps: Annotated[str, typer.Option(help="The canary's weights on the way, in percent.")] = "5,25,50,100",
    stack: Annotated[str, typer.Option(help="The deployed stack.")] = "local",
    watch_seconds: Annotated[float, typer.Option(min=1, help="How long to watch each step, in seconds.")] = 30,
    least_requests: Annotated[int, typer.Option(min=1, help="How many to see of each side at each step.")] = 100,
    error_excess_percent: Annotated[
        float, typer.Option(min=0, help="How far its share of failed requests may lie above the stable side's.")
    ] = 1.0,
    p95_ratio: Annotated[float, typer.Option(min=1, help="How many times the stable side's p95 its may be.")] = 1.5,
    yes: Annotated[bool, typer.Option("--yes", help="Begin without asking.")] = False,  # noqa: FBT002 - typer's way
) -> None:
    """Roll a version out as a canary, weight by weight, and take it back when it does worse than the stable one."""
    least_seconds, least_of_policy = evidence_for(stack)
    least = max(least_requests, least_of_policy)
    rollout = Rollout(
        stack=stack,
        service=service,
        version=to,
        steps=_weights(steps),
        watch_seconds=max(watch_seconds, least_seconds),
        gate=Gate(error_excess=error_excess_percent / 100, p95_ratio=p95_ratio, least_requests=least),
    )
    remaining = plan(rollout, asked_for(stack))
    if not remaining:
        console.print(f"{service} serves version {to} already, and has no canary. Nothing to do.")
        return
    _show(rollout, remaining)
    if not yes and not typer.confirm("Begin?"):
        raise typer.Exit(1)
    with _Stop() as stop:
        raise typer.Exit(_roll_out(rollout, remaining, stop))


def evidence_for(stack: str) -> tuple[float, int]:
    """How many seconds a step has to be watched, and by how many requests, for policy canary-step to allow the next."""
    limits, _ = read_limits().of(stack)
    if limits.enforcement is Enforcement.ADVISORY:
        return 0, 0
    return limits.canary.healthy_minutes * 60 + SEEN_SECONDS, limits.canary.least_requests


def plan(rollout: Rollout, stack: Stack) -> Sequence[int]:
    """The weights that are still to come; none where the version serves already. Raises CommandError."""
    service = stack.services.get(rollout.service)
    if service is None:
        raise CommandError(
            f"stack {rollout.stack} has no service '{rollout.service}'", f"name one of: {', '.join(stack.services)}"
        )
    weight = 0
    if service.canary is None:
        if service.version == rollout.version:
            return ()
    elif service.canary.version != rollout.version:
        raise CommandError(
            f"{rollout.service} has a canary of version {service.canary.version}, at weight {service.canary.weight}",
            f"go on with that one (--to {service.canary.version}), or remove it: pulumi config rm --stack "
            f"{rollout.stack} --path '{_path(rollout)}.canary' && pulumi up --stack {rollout.stack}",
        )
    elif service.canary.mirror:
        raise CommandError(
            f"{rollout.service}'s canary is a shadow, and a shadow answers nobody",
            f"pulumi config rm --stack {rollout.stack} --path '{_path(rollout)}.canary.mirror'",
        )
    else:
        weight = service.canary.weight
    # The weight that it has was perhaps never watched to the end. At 100 nothing is left to compare with, so that the
    # step before is needed for what the stable side usually does.
    remaining = [step for step in rollout.steps if step >= weight]
    if remaining == [100]:
        remaining = list(rollout.steps[-2:])
    if not remaining or remaining == [100]:
        raise CommandError(
            f"--steps {','.join(map(str, rollout.steps))} leaves nothing to watch from weight {weight} on: at 100 the "
            "stable side does nothing to compare with",
            "name its weight or more, and one below 100 before 100, as in --steps 50,100",
        )
    return remaining


def _weights(steps: str) -> list[int]:
    try:
        weights = [int(step) for step in steps.split(",")]
    except ValueError:
        weights = []
    if not weights or weights != sorted(set(weights)) or not 1 <= weights[0] <= weights[-1] <= 100:
        raise typer.BadParameter(
            f"'{steps}' is not a list of rising whole percentages, as in 5,25,50,100", param_hint="--steps"
        )
    return weights


def _show(rollout: Rollout, remaining: Sequence[int]) -> None:
    gate = rollout.gate
    weights = ", ".join(f"{weight} %" for weight in remaining)
    _say(
        f"{rollout.service} in stack {rollout.stack}: version {rollout.version} as a canary at {weights}, then as the "
        f"stable version.\n"
        f"Each step is one `pulumi up`, watched for {rollout.watch_seconds:g} s and {gate.least_requests} requests of "
        f"each side.\n"
        f"It is taken back when {gate.error_excess:.1%} more of its requests fail than of the stable side's, or "
        f"when its p95 is {gate.p95_ratio:g} times as long; and when an alert pages somebody for it.\n"
        f"Ctrl-C stops between two updates and says where."
    )


class _Stop:
    """Ctrl-C while it lasts: noted, and looked at where nothing is half done."""

    asked = False

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature is Python's
        self.asked = True
        console.print("stopping as soon as nothing is half done")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)


def _roll_out(rollout: Rollout, remaining: Sequence[int], stop: _Stop) -> int:
    """Take every step. The command's exit code: 0 where the version is the stable one now."""
    usual = Counts()
    for weight in remaining:
        _say(f"\n{weight} %")
        _configure(rollout, "set", "canary.version", str(rollout.version))
        _configure(rollout, "set", "canary.weight", str(weight))
        if failed := _up(rollout):
            # Another update that waits for a canary which does not get ready would fail as well.
            _configure(rollout, "rm", "canary")
            return _take_back(rollout, f"the update to {weight} % failed\n{failed}", "The canary is removed.")
        reason, usual = _watch(rollout, usual, stop)
        if reason:
            _configure(rollout, "set", "canary.weight", "0")
            return _take_back(rollout, reason, f"It still runs, for a look: ask with {VARIANT_HEADER}: canary.")
        if stop.asked:
            return _stopped(rollout, weight)
    _say(f"\nversion {rollout.version} becomes the stable one")
    _configure(rollout, "set", "version", str(rollout.version))
    _configure(rollout, "rm", "canary")
    if failed := _up(rollout):
        raise CommandError(
            f"the update that makes version {rollout.version} the stable one failed\n{failed}",
            f"the stack file says it already: pulumi up --stack {rollout.stack}",
        )
    console.print(f"[green]{rollout.service} serves version {rollout.version}", highlight=False)
    return 0


def _stopped(rollout: Rollout, weight: int) -> int:
    _say(
        f"Stopped. {rollout.service}'s canary, version {rollout.version}, has weight {weight} in the stack file and "
        f"in the cluster.\n"
        f"  go on      python -m ops {shlex.join(sys.argv[1:])}\n"
        f"  take back  pulumi config set --stack {rollout.stack} --path '{_path(rollout)}.canary.weight' 0 && "
        f"pulumi up --stack {rollout.stack}"
    )
    return INTERRUPTED


def _take_back(rollout: Rollout, reason: str, and_now: str) -> int:
    """Send every request to the stable side again, as the stack file says already."""
    began = time.monotonic()
    if failed := _up(rollout):
        raise CommandError(
            f"version {rollout.version} is taken back: {reason}\nand the update that does it failed, perhaps after it "
            f"had taken away the requests, which waits for nothing of a canary\n{failed}",
            f"the stack file says it already: pulumi up --stack {rollout.stack}",
        )
    console.print(f"[red]taken back in {time.monotonic() - began:.0f} s:[/] {escape(reason)}", highlight=False)
    _say(and_now)
    return 1


def _watch(rollout: Rollout, usual: Counts, stop: _Stop) -> tuple[str, Counts]:
    """Watch a step to its end, or until too much fails. Why the canary is to be taken back, and what was compared with.

    `usual` is what the stable side did at the step before: at weight 100 it does nothing.
    """
    gate = rollout.gate
    [served] = [each for each in served_models(rollout.stack) if each.service == rollout.service]
    stack = asked_for(rollout.stack)
    paged_before = pages(stack, rollout.service).firing
    began, before = time.monotonic(), proxies.read(served)
    with console.status("watching") as status:
        while True:
            time.sleep(LOOK_SECONDS)
            seconds = time.monotonic() - began
            sides = proxies.read(served).since(before)
            canary, stable = sides[Variant.CANARY], sides[Variant.STABLE]
            compared = stable if gate.has_seen_enough(stable) else usual
            status.update(
                f"{seconds:.0f} of {rollout.watch_seconds:g} s: {_line('canary', canary)}; {_line('stable', stable)}"
            )
            if gate.has_seen_enough(canary) and (reason := gate.failing(canary, compared)):
                break
            judged = gate.has_seen_enough(canary) and gate.has_seen_enough(compared)
            if judged and seconds >= rollout.watch_seconds:
                heard = pages(stack, rollout.service)
                reason = gate.slow(canary, compared) or heard.since(paged_before) or heard.unheard
                break
            if stop.asked:
                reason = ""
                break
            if seconds >= rollout.watch_seconds * PATIENCE:
                reason = (
                    f"{canary.requests:.0f} requests of it and {compared.requests:.0f} of the stable side in "
                    f"{seconds:.0f} s are too few to judge by"
                )
                break
    _say(f"  {_line('canary', canary)}\n  {_line('stable', stable)}")
    return reason, compared


def _line(side: str, counted: Counts) -> str:
    p95 = counted.latency_ms(0.95)
    latency = f"p95 {p95:.1f} ms" if p95 is not None else "no latency"
    return f"{side} {counted.requests:.0f} requests, {counted.error_ratio:.1%} failed, {latency}"


def _up(rollout: Rollout) -> str:
    """Bring the cluster to what the stack file says. Why that failed; empty if it did not."""
    update = (
        "pulumi",
        "up",
        "--yes",
        "--skip-preview",
        "--non-interactive",
        "--suppress-outputs",
        "--stack",
        rollout.stack,
    )
    with TemporaryFile("w+") as log, console.status("pulumi up"):
        # In a session of its own: Ctrl-C would leave an update half done.
        done = subprocess.run(
            (*update, "--policy-pack", "policies"),
            check=False, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        log.seek(0)
        said = log.read()
    if not done.returncode:
        return ""
    diagnostics = said.partition("Diagnostics:")[2].partition("\nResources:")[0] or said
    return "\n".join(diagnostics.strip().splitlines()[-LOG_LINES_SHOWN:])


def _configure(rollout: Rollout, verb: str, key: str, *value: str) -> None:
    """Edit the service in the stack file; its comments stay."""
    pulumi("config", verb, "--stack", rollout.stack, "--path", f"{_path(rollout)}.{key}", *value)


def _path(rollout: Rollout) -> str:
    return f"plimsoll:stack.services.{rollout.service}"


def _say(text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
