from policies import budget
from tests.factories import a_stack
from tests.policies.changes import LIMITS, a_change, prod

ROOMY = LIMITS.model_copy(update={"monthly_usd": 1_000_000.0})


def test_a_stack_within_its_budget_passes() -> None:
    assert list(budget.problems(a_change(prod(), limits=ROOMY))) == []


def test_what_costs_nothing_needs_no_budget() -> None:
    assert list(budget.problems(a_change(a_stack()))) == []


def test_a_worst_month_above_the_budget_is_refused_and_says_what_grows_most() -> None:
    [problem] = budget.problems(a_change(prod(**{"gpuPools.l4.nodes.max": 20}), limits=ROOMY))

    assert problem.path == "budget.monthlyUsd"
    assert "the worst month costs" in problem.found
    assert problem.limit == "12,000 USD, as the stack says"
    assert "pool l4" in problem.way_out
    assert "ask ml-platform" in problem.way_out


def test_a_budget_above_the_owners_limit_is_refused() -> None:
    [problem] = budget.problems(a_change(prod()))

    assert (problem.found, problem.limit) == ("12,000 USD", "5,000 USD, by policies/limits.yaml")


def test_a_stack_that_costs_and_has_no_budget_is_refused() -> None:
    unbudgeted = prod().model_copy(update={"budget": None})

    [problem] = budget.problems(a_change(unbudgeted))

    assert (problem.path, problem.found) == ("budget", "is absent")


def test_with_the_brake_on_the_worst_month_is_the_least() -> None:
    braked = prod(**{"gpuPools.l4.nodes.max": 8, "budget.monthlyUsd": 10_000, "emergency": {"stop": True}})

    assert list(budget.problems(a_change(braked, limits=ROOMY))) == []


def test_a_price_that_is_not_known_is_never_taken_for_nothing() -> None:
    elsewhere = prod(**{
        "cluster.region": "eu-central-1",
        "cluster.network.zones": ["euc1-az1", "euc1-az2", "euc1-az3"],
    })  # fmt: skip

    [problem] = budget.problems(a_change(elsewhere, limits=ROOMY))

    assert problem.path == "cluster.region"
    assert "no price is known" in problem.found
