"""Each policy inside the real engine, on committed stacks: what passes, what stops prod, and what dev is warned of."""

import contextlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from ops.preview_report import Planned
from policies.all import POLICIES
from tests.conftest import CHECKOUT, UPDATE
from tests.stacks.configs import put
from tests.standin.account import Account, an_account
from tests.standin.inventory import inventory

pytestmark = pytest.mark.engine

ONE_REPLICA = {"services.digits.scaling": {"replicas": {"min": 1, "max": 1}}}
"""Leaves room for a canary on any stack's pool."""

EDITED = ("components", "model_repo", "observability")
"""What tests change of the program itself: most violations no stack file can say."""


@dataclass(frozen=True)
class Violating:
    """A change that a policy is against, by the stack file or by the program."""

    policy: str
    says: str
    config: Mapping[str, object] = field(default_factory=dict[str, object])
    program: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """By file, what stands there and what is put in its place."""
    deployed: bool = False
    """Whether the stack as it is committed is deployed before."""


VIOLATIONS = (
    Violating("budget", "budget.monthlyUsd: the worst month costs", {"budget.monthlyUsd": 900}),
    Violating("slo", "services.digits.slo: is absent", {"services.digits.slo": None}),
    Violating(
        "burn-rate-alerts", "PrometheusRule: no PlimsollErrorBudgetBurn watches the last 3d",
        program={"components/monitoring.py": ('{"groups": rules.groups(args.stack, args.spec)}', '{"groups": []}')},
    ),
    Violating(
        "error-budget", "services.digits: can't be judged: Prometheus does not answer",
        {"services.digits.instances": 4}, deployed=True,
    ),
    Violating(
        "canary-step", "services.digits.canary.weight: version 3 would get 50 % of the requests, and has 0 %",
        {**ONE_REPLICA, "services.digits.canary": {"version": 3, "weight": 50}},
    ),
    Violating(
        "batching", "services.digits.batching.maxQueueSize: 9000 requests",
        {"services.digits.batching.maxQueueSize": 9000},
    ),
    Violating(
        "autoscaling", "ScaledObject/digits.fallback: is absent",
        program={"observability/autoscaling.py": ('"fallback": {', '"forgotten": {')},
    ),
    Violating("pool-ceiling", "gpuPools.l4.nodes.max: 9 nodes", {"gpuPools.l4.nodes.max": 9}),
    Violating(
        "images", "an image from one of: nvcr.io/nvidia", {"images": {"envoy": "docker.io/somebody/envoy:1.39.1"}}
    ),
    Violating(
        "security-baseline", "securityContext.readOnlyRootFilesystem: not true",
        program={"components/triton_pod.py": ("read_only_root_filesystem=True", "read_only_root_filesystem=False")},
    ),
    Violating(
        "tags", "the AWS provider: defaultTags.tags: has no plimsoll:stack, plimsoll:owner",
        program={"components/eks/platform.py": ("aws.ProviderDefaultTagsArgs(tags=self._tags)", "None")},
    ),
    Violating(
        "deletion-protection", "Bucket plimsoll-",
        program={"components/eks/model_bucket.py": ("protect=True", "protect=False")},
    ),
)  # fmt: skip


@pytest.fixture(scope="module", params=["prod", "dev"])
def account(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Account]:
    with an_account(request.param, tmp_path_factory, stack=request.param, copied=EDITED) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def deployed(account: Account) -> Account:
    """The account with the stack in it, as it is committed."""
    account.up(account.config)
    return account


@contextlib.contextmanager
def edited(account: Account, change: Violating) -> Generator[dict[str, Any]]:
    """The stack's config with the change made, and the program too, until it is over."""
    config = account.config
    for path, value in change.config.items():
        config = put(config, path, value)
    before: dict[str, str] = {}
    for name, (there, instead) in change.program.items():
        file = account.project.folder / name
        before[name] = file.read_text()
        assert there in before[name], "what is changed has changed itself"
        file.write_text(before[name].replace(there, instead))
    try:
        yield config
    finally:
        for name, text in before.items():
            (account.project.folder / name).write_text(text)


def against(plan: Planned, policy: str) -> list[str]:
    return [each.message for each in plan.violations if each.policy == policy]


def test_the_committed_stack_passes_every_policy(account: Account) -> None:
    plan = account.judged(account.config)

    assert (plan.errors, plan.violations) == ((), ())
    assert not plan.refused


@pytest.mark.parametrize("change", VIOLATIONS, ids=lambda change: change.policy)
def test_a_violation_stops_prod_and_dev_is_warned(
    account: Account, change: Violating, request: pytest.FixtureRequest
) -> None:
    if change.deployed:
        request.getfixturevalue("deployed")
    with edited(account, change) as config:
        plan = account.judged(config)

    assert plan.errors == ()
    messages = against(plan, change.policy)
    [message, *_] = [message for message in messages if change.says in message]
    for part in ("limit   ", "reason  ", "fix     ", f"page    docs/policies/{change.policy}.md"):
        assert part in message
    mandatory = account.project.stack == "prod"
    assert {each.mandatory for each in plan.violations} == {mandatory}
    assert plan.refused is mandatory


def test_other_files_under_the_same_number_are_a_step_to_all_callers(deployed: Account) -> None:
    version = deployed.config["services"]["digits"]["version"]
    labels = deployed.project.folder / "model_repo" / "digits" / str(version) / "labels.txt"
    labels.write_text("zero one two three four five six seven eight nine")
    try:
        plan = deployed.judged(deployed.config)
    finally:
        labels.unlink()

    [message] = against(plan, "canary-step")
    assert f"model_repo/digits/{version}: holds other files than the ones that serve" in message
    assert plan.refused is (deployed.project.stack == "prod")


def test_the_emergency_brake_is_exempt_and_nothing_beside_it(deployed: Account) -> None:
    stack, braked = deployed.project.stack, {**deployed.config, "emergency": {"stop": True}}
    deployed.project.limit(stack, monthlyUsd=1)

    without, with_it = deployed.judged(deployed.config), deployed.judged(braked)
    with_more = deployed.judged(put(braked, "budget.monthlyUsd", deployed.config["budget"]["monthlyUsd"] + 1))

    assert against(without, "budget")
    assert with_it.violations == ()
    assert with_it.changes["update"]
    assert against(with_more, "budget")


@pytest.mark.parametrize("environment", ["prod", "dev"])
def test_what_only_the_update_can_know_is_said_not_to_be_judged_and_then_judged(
    environment: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    given = "_server(service, repository, image, models)"
    unknown = Violating(
        "images", "", program={"components/triton_pod.py": (given, given.replace("image", "service_account"))}
    )
    with (
        an_account(environment, tmp_path_factory, stack=environment, copied=EDITED) as account,
        edited(account, unknown) as config,
    ):
        plan = account.judged(config)
        updated = account.project.pulumi(*UPDATE)

    [said] = {message for message in against(plan, "images") if "Deployment digits:" in message}
    assert "can't be judged before the update" in said
    assert ".image can't be known during preview" in said
    assert not plan.refused
    assert "limit   an image from one of: nvcr.io/nvidia" in updated.output
    assert (updated.code == 0) is (environment == "dev")


def test_an_update_without_a_preview_is_stopped_before_anything_is_changed(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with an_account("prod", tmp_path_factory, stack="prod") as account:
        account.project.configure(put(account.config, "budget.monthlyUsd", 900))

        refused = account.project.pulumi(*UPDATE)

        assert refused.code != 0
        assert "the worst month costs" in refused.output
        assert inventory(account.aws) == account.at_first
        assert account.objects.kept == {}


def test_no_policy_is_lost_and_each_has_its_page() -> None:
    names = {policy.name for policy in POLICIES}

    assert names == {violation.policy for violation in VIOLATIONS}
    assert {page.stem for page in (CHECKOUT / "docs" / "policies").glob("*.md")} == {*names, "exceptions", "README"}
