"""What `ops rollout` decides before it changes anything, and what it reads: outputs of the stack, counts of proxies."""

import json
from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from observability.gateway import Counts
from observability.variants import Variant
from ops import rollout
from ops.__main__ import commands
from ops.errors import CommandError
from ops.gate import Gate
from ops.proxies import Reading
from ops.rollout import Rollout, plan
from ops.stack import ServedModel, Server, from_outputs
from stacks.schema import Stack
from tests.factories import a_stack, a_stack_config

STEPS = (5, 25, 50, 100)


def to(version: int, *, service: str = "digits", steps: Sequence[int] = STEPS) -> Rollout:
    return Rollout(stack="local", service=service, version=version, steps=steps, watch_seconds=30, gate=Gate())


def refusal(asked: Rollout, **service: Any) -> str:
    """Why a rollout in a stack with such a service can't begin."""
    with pytest.raises(CommandError) as refused:
        plan(asked, a_stack(**service))
    return str(refused.value)


@pytest.fixture
def pulumi_calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, ...]]:
    """What pulumi is asked while it knows a stack that serves version 2; nothing else can be started."""
    calls: list[tuple[str, ...]] = []

    def pulumi(*arguments: str) -> str:
        calls.append(arguments)
        return json.dumps({"plimsoll:stack": {"objectValue": a_stack_config()}})

    monkeypatch.setattr(rollout, "pulumi", pulumi)
    monkeypatch.setattr("ops.stack.pulumi", pulumi)
    monkeypatch.setenv("PATH", str(tmp_path))
    return calls


def run(*options: str, answer: str = "") -> tuple[int, str]:
    """The exit code of a rollout of the digits, and what it says on one line."""
    # Typer puts a box around what it refuses, and where a CI forces a terminal on it, colours in it.
    done = CliRunner(env={"TERM": "dumb"}).invoke(commands("rollout"), ["rollout", "digits", *options], input=answer)
    return done.exit_code, " ".join(done.output.replace("│", " ").split())


def test_a_version_without_a_canary_takes_every_step() -> None:
    assert list(plan(to(3), a_stack(version=2))) == [5, 25, 50, 100]


def test_steps_may_end_below_100() -> None:
    assert list(plan(to(3, steps=[5, 25]), a_stack(version=2))) == [5, 25]


def test_a_version_that_serves_already_takes_no_step() -> None:
    assert not plan(to(2), a_stack(version=2))
    assert not plan(to(2, steps=[100]), a_stack(version=2))


def test_an_unknown_service_is_refused_with_those_that_are_there() -> None:
    refused = refusal(to(3, service="digitz"))

    assert "no service 'digitz'" in refused
    assert "name one of: digits" in refused


@pytest.mark.parametrize("version", [2, 4])
def test_another_versions_canary_is_refused_with_both_ways_out(version: int) -> None:
    refused = refusal(to(version), version=2, canary={"version": 3, "weight": 25})

    assert "a canary of version 3, at weight 25" in refused
    assert "--to 3" in refused
    assert "pulumi config rm --stack local --path 'plimsoll:stack.services.digits.canary'" in refused


def test_a_shadow_is_refused_with_the_way_to_make_it_a_canary() -> None:
    refused = refusal(to(3), version=2, canary={"version": 3, "mirror": True})

    assert "shadow" in refused
    assert "pulumi config rm --stack local --path 'plimsoll:stack.services.digits.canary.mirror'" in refused


def test_a_shadow_of_another_version_is_refused_as_another_versions_canary() -> None:
    assert "a canary of version 4" in refusal(to(3), version=2, canary={"version": 4, "mirror": True})


@pytest.mark.parametrize(
    ("weight", "remaining"),
    [(0, [5, 25, 50, 100]), (5, [5, 25, 50, 100]), (6, [25, 50, 100]), (25, [25, 50, 100]), (50, [50, 100])],
)
def test_a_canary_goes_on_with_the_weight_that_it_has(weight: int, remaining: list[int]) -> None:
    assert list(plan(to(3), a_stack(version=2, canary={"version": 3, "weight": weight}))) == remaining


@pytest.mark.parametrize("weight", [51, 100])
def test_where_only_100_is_left_the_step_before_is_taken_along(weight: int) -> None:
    canary = {"version": 3, "weight": weight}

    assert list(plan(to(3), a_stack(version=2, canary=canary))) == [50, 100]


@pytest.mark.parametrize("canary", [None, {"version": 3}, {"version": 3, "weight": 100}], ids=str)
def test_100_alone_is_refused(canary: dict[str, Any] | None) -> None:
    refused = refusal(to(3, steps=[100]), version=2, canary=canary)

    assert "leaves nothing to watch" in refused
    assert "--steps 100" in refused


def test_steps_that_are_all_below_the_canarys_weight_are_refused() -> None:
    refused = refusal(to(3, steps=[5, 25]), version=2, canary={"version": 3, "weight": 50})

    assert "from weight 50 on" in refused
    assert "--steps 5,25" in refused


@pytest.mark.parametrize(
    "steps",
    ["", ",", "5,", "five", "5;25", "5,2.5", "50,25", "0", "0,50", "-5,50", "101", "50,101", "25,25", "5,25,25"],
)
def test_malformed_steps_are_refused_with_the_form_before_anything_is_asked(
    pulumi_calls: list[tuple[str, ...]], steps: str
) -> None:
    code, said = run("--to", "3", "--steps", steps, "--yes")

    assert code == 2
    assert "--steps" in said
    assert f"'{steps}' is not a list of rising whole percentages, as in 5,25,50,100" in said
    assert pulumi_calls == []


def test_nothing_is_done_where_the_version_serves_already(pulumi_calls: list[tuple[str, ...]]) -> None:
    code, said = run("--to", "2", "--yes")

    assert code == 0
    assert "Nothing to do" in said
    assert pulumi_calls == [("config", "--json", "--stack", "local")]


@pytest.mark.parametrize(
    ("options", "shown"),
    [([], "5 %, 25 %, 50 %, 100 %"), (["--steps", "1,100"], "1 %, 100 %"), (["--steps", "7"], "7 %")],
    ids=str,
)
def test_the_steps_are_shown_and_nothing_is_changed_without_consent(
    pulumi_calls: list[tuple[str, ...]], options: list[str], shown: str
) -> None:
    code, said = run("--to", "3", "--stack", "test", *options, answer="n\n")

    assert code == 1
    assert f"digits in stack test: version 3 as a canary at {shown}, then as the stable version" in said
    assert pulumi_calls == [("config", "--json", "--stack", "test")]


def test_of_a_canary_that_goes_on_only_the_steps_to_come_are_shown(
    pulumi_calls: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked_for(_: str) -> Stack:
        return a_stack(version=2, canary={"version": 3, "weight": 25})

    monkeypatch.setattr(rollout, "asked_for", asked_for)

    _, said = run("--to", "3", answer="n\n")

    assert "version 3 as a canary at 25 %, 50 %, 100 %, then" in said
    assert pulumi_calls == []


def test_what_was_asked_of_the_gate_is_shown(pulumi_calls: list[tuple[str, ...]]) -> None:
    options = ("--watch-seconds", "45", "--least-requests", "7", "--error-excess-percent", "2.5", "--p95-ratio", "2")

    _, said = run("--to", "3", *options, answer="n\n")

    assert "watched for 45 s and 7 requests of each side" in said
    assert "2.5% more of its requests fail" in said
    assert "its p95 is 2 times as long" in said


EARLIER = Counts(requests=100, errors=2, within_ms={5: 90, inf: 98})
NOW = Counts(requests=150, errors=5, within_ms={5: 91, inf: 145})
BETWEEN = Counts(requests=50, errors=3, within_ms={5: 1, inf: 47})
FEW = Counts(requests=10, errors=1, within_ms={5: 9, inf: 9})


def sides(stable: Counts, canary: Counts) -> dict[Variant, Counts]:
    return {Variant.STABLE: stable, Variant.CANARY: canary}


def test_all_proxies_together_make_what_was_counted_of_each_side() -> None:
    earlier = Reading({"a": sides(EARLIER, Counts()), "b": sides(Counts(), EARLIER)})
    now = Reading({"a": sides(NOW, FEW), "b": sides(FEW, NOW)})

    assert now.since(earlier) == sides(BETWEEN + FEW, FEW + BETWEEN)


def test_all_that_a_new_proxy_has_counted_is_new() -> None:
    earlier = Reading({"a": sides(EARLIER, EARLIER)})
    now = Reading({"a": sides(NOW, NOW), "b": sides(FEW, Counts())})

    assert now.since(earlier) == sides(BETWEEN + FEW, BETWEEN)


def test_a_proxy_that_is_gone_takes_nothing_from_what_the_others_have_counted() -> None:
    earlier = Reading({"a": sides(EARLIER, EARLIER), "b": sides(NOW, NOW)})
    now = Reading({"a": sides(NOW, NOW)})

    assert now.since(earlier) == sides(BETWEEN, BETWEEN)


def test_all_that_a_restarted_proxy_has_counted_is_new() -> None:
    earlier = Reading({"a": sides(EARLIER, EARLIER), "b": sides(NOW, NOW)})
    now = Reading({"a": sides(NOW, NOW), "b": sides(FEW, FEW)})

    assert now.since(earlier) == sides(BETWEEN + FEW, BETWEEN + FEW)


def test_without_a_proxy_neither_side_has_a_request() -> None:
    assert Reading({}).since(Reading({"a": sides(NOW, NOW)})) == sides(Counts(), Counts())


def server_outputs(name: str, version: int, replicas: int) -> dict[str, Any]:
    return {
        "version": version,
        "replicas": replicas,
        "address": f"{name}.plimsoll.svc",
        "httpPort": 8000,
        "grpcPort": 8001,
    }


def outputs(**digits: Any) -> dict[str, Any]:
    """A stack's outputs as `pulumi stack output --json` prints them; arguments change what it says of digits."""
    service = {
        "model": "digits",
        "httpHost": "digits.plimsoll.local",
        "grpcHost": "digits-grpc.plimsoll.local",
        "stable": server_outputs("digits", version=2, replicas=4),
    }
    return {"namespace": "plimsoll", "services": {"digits": service | digits}}


def test_a_service_without_a_canary_has_one_side() -> None:
    assert from_outputs(outputs()) == [
        ServedModel(
            service="digits",
            namespace="plimsoll",
            model="digits",
            http_host="digits.plimsoll.local",
            grpc_host="digits-grpc.plimsoll.local",
            stable=Server(version=2, replicas=4, address="digits.plimsoll.svc", http_port=8000, grpc_port=8001),
            canary=None,
        )
    ]


def test_a_service_with_a_canary_has_two_sides() -> None:
    [served] = from_outputs(outputs(canary=server_outputs("digits-canary", version=3, replicas=1)))

    assert (served.stable.version, served.stable.replicas) == (2, 4)
    assert served.canary == Server(
        version=3, replicas=1, address="digits-canary.plimsoll.svc", http_port=8000, grpc_port=8001
    )


def test_each_side_answers_at_its_own_address() -> None:
    [served] = from_outputs(outputs(canary=server_outputs("digits-canary", version=3, replicas=1)))

    assert served.canary
    assert (served.stable.http, served.stable.grpc) == ("digits.plimsoll.svc:8000", "digits.plimsoll.svc:8001")
    assert (served.canary.http, served.canary.grpc) == (
        "digits-canary.plimsoll.svc:8000",
        "digits-canary.plimsoll.svc:8001",
    )


def test_a_stack_that_was_destroyed_serves_nothing() -> None:
    assert from_outputs({}) == []
