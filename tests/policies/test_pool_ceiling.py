from policies import pool_ceiling
from tests.policies.changes import LIMITS, a_change, prod

ROOMY = LIMITS.model_copy(update={"gpu_pools": LIMITS.gpu_pools.model_copy(update={"max_nodes": 8})})


def test_pools_that_hold_their_services_and_their_owner_allows_pass() -> None:
    assert list(pool_ceiling.problems(a_change(prod(), limits=ROOMY))) == []


def test_a_pool_above_its_owners_limit_is_refused() -> None:
    [problem] = pool_ceiling.problems(a_change(prod()))

    assert (problem.path, problem.found) == ("gpuPools.l4.nodes.max", "6 nodes")
    assert problem.limit == "4, by policies/limits.yaml"


def test_a_pool_that_is_smaller_than_its_worst_case_is_refused() -> None:
    stack = prod()
    digits = stack.services["digits"]
    # A stack file can't say this: the schema refuses it before. The policy does not count on that.
    scaling = digits.scaling.model_copy(update={"replicas": digits.scaling.replicas.model_copy(update={"max": 9})})
    greedy = stack.model_copy(
        update={"services": {**stack.services, "digits": digits.model_copy(update={"scaling": scaling})}}
    )

    [problem] = pool_ceiling.problems(a_change(greedy, limits=ROOMY))

    assert "ask for 10 GPUs, canaries included, and it has 6" in problem.found
