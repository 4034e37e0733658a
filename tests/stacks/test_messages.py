"""What a refusal says: enough to mend the file without opening another."""

import pytest

from stacks.schema import Problem, StackError, parse
from tests.stacks.configs import Config, put, smallest, with_gpus, without

DIGITS = "services.digits"


def the_problem(config: object) -> Problem:
    with pytest.raises(StackError) as refused:
        parse(config)
    [problem] = refused.value.problems
    return problem


def test_a_refusal_reads_as_a_list_with_limit_reason_and_fix() -> None:
    config = put(with_gpus(), f"{DIGITS}.pool", "h100")

    with pytest.raises(StackError) as refused:
        parse(put(config, f"{DIGITS}.canary", {"version": 2}))

    assert str(refused.value) == (
        "The stack config has 2 problems; nothing was changed.\n"
        "\n"
        "  services.digits.pool: 'h100' is not a pool of this stack\n"
        "    limit   one of: l4\n"
        "    reason  replicas run on the pool's nodes, found by its label\n"
        "    fix     name one of those pools, or add gpuPools.h100\n"
        "\n"
        "  services.digits.canary.version: 2 is the stable version too\n"
        "    limit   another version than the stable one\n"
        "    reason  a canary is compared with the stable version, and equal ones have nothing to tell\n"
        "    fix     name the version on trial, or remove the canary"
    )


def test_one_problem_is_not_problems() -> None:
    assert "has 1 problem;" in str(StackError([the_problem(put(smallest(), "namespace", "A"))]))


def test_a_refusal_does_not_drag_pydantics_own_error_along() -> None:
    with pytest.raises(StackError) as refused:
        parse(None)

    assert refused.value.__suppress_context__


@pytest.mark.parametrize("text", ["2ms", "2 ms", "0.002s", "2000µs"])
def test_a_number_with_a_unit_is_told_which_unit_the_key_carries(text: str) -> None:
    problem = the_problem(put(smallest(), f"{DIGITS}.batching.maxQueueDelayMs", text))

    assert problem.path == f"{DIGITS}.batching.maxQueueDelayMs"
    assert problem.way_out == "write the number alone, counted in milliseconds, as in `maxQueueDelayMs: 2`"


def test_a_key_without_its_unit_is_told_the_whole_key_and_what_it_counts() -> None:
    problem = the_problem(put(smallest(), f"{DIGITS}.batching.maxQueueDelay", 2))

    assert problem.path == f"{DIGITS}.batching.maxQueueDelay"
    assert problem.way_out == "did you mean maxQueueDelayMs, which counts milliseconds? Rename it, or remove it"


@pytest.mark.parametrize("key", ["max_batch_size", "max-batch-size", "maxbatchsize", "maxBatchsSize"])
def test_a_misspelt_key_is_told_the_nearest_one(key: str) -> None:
    assert the_problem(put(smallest(), f"{DIGITS}.batching.{key}", 2)).way_out.startswith("did you mean maxBatchSize?")


def test_a_key_like_no_other_is_told_the_keys_there_are() -> None:
    problem = the_problem(put(smallest(), f"{DIGITS}.batching.xyz", "hunter2"))

    assert problem.limit == "one of: maxBatchSize, maxQueueDelayMs, maxQueueSize"
    assert problem.way_out == "remove it, or use one of those keys"
    assert "hunter2" not in str(problem), "what stands under an unknown key may be a secret"


def test_a_number_in_quotes_is_refused_and_told_to_lose_them() -> None:
    problem = the_problem(put(smallest(), f"{DIGITS}.batching.maxBatchSize", "64"))

    assert problem.found == "'64' is text"
    assert problem.way_out == "write 64 without quotes"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_called_so(value: float) -> None:
    problem = the_problem(put(smallest(), f"{DIGITS}.batching.maxQueueDelayMs", value))

    assert problem.found == f"{value} is not a finite number"


def test_a_version_without_quotes_is_told_to_wear_them() -> None:
    problem = the_problem(put(with_gpus(), "cluster.version", 1.3))

    assert problem.way_out == 'write text, in quotes where it looks like a number, as in `version: "1.35"`'


def test_a_single_instance_is_told_of_the_half_second_ticks() -> None:
    problem = the_problem(put(smallest(), f"{DIGITS}.instances", 1))

    assert "half-second ticks" in problem.reason
    assert problem.limit == "a whole number, at least 2 and at most 32"


def test_a_missing_key_is_told_what_to_add() -> None:
    problem = the_problem(without(smallest(), f"{DIGITS}.engine"))

    assert problem.path == f"{DIGITS}.engine"
    assert problem.way_out == "add `engine: {kind: onnxruntime}`"


@pytest.mark.parametrize(
    ("cluster", "found", "way_out"),
    [
        ({}, "is missing", "add `kind: local`"),
        ({"kind": "lokal"}, "'lokal' is not a choice here", "did you mean local?"),
        ({"kind": "LOCAL"}, "'LOCAL' is not a choice here", "did you mean local?"),
        ({"kind": 3}, "3 is a number", "keep within that limit, as in `kind: local`"),
        ({"kind": 10**5000}, "a value of 16610 bits is a number", "keep within that limit, as in `kind: local`"),
    ],
)
def test_a_wrong_kind_is_told_the_kinds_there_are(cluster: Config, found: str, way_out: str) -> None:
    problem = the_problem(put(smallest(), "cluster", cluster))

    assert (problem.path, problem.limit) == ("cluster.kind", "one of: eks, existing, local")
    assert (problem.found, problem.way_out) == (found, way_out)


def test_a_path_leaves_out_the_kind_that_a_union_chose() -> None:
    config = put(with_gpus(), f"{DIGITS}.engine.profile", {"optBatch": 1, "maxBatch": 0})

    assert the_problem(config).path == f"{DIGITS}.engine.profile.maxBatch"


def test_a_path_spells_unusual_keys_as_pulumi_takes_them() -> None:
    problem = the_problem(put(smallest(), "services", {"Digits v2": smallest()["services"]["digits"]}))

    assert problem.path == 'services["Digits v2"]'
    assert problem.way_out == "rename it, as in digits-v2"


def test_a_path_into_a_list_ends_in_the_index() -> None:
    problem = the_problem(put(with_gpus(), "gpuPools.l4.instanceTypes", ["g6.2xlarge", "g6.2xlrge"]))

    assert problem.path == "gpuPools.l4.instanceTypes[1]"
    assert problem.way_out == "did you mean g6.2xlarge?"


def test_a_list_whose_only_entry_is_wrong_is_not_called_too_short_as_well() -> None:
    assert the_problem(put(with_gpus(), "gpuPools.l4.instanceTypes", ["x"])).path == "gpuPools.l4.instanceTypes[0]"


def test_the_whole_object_has_a_name_too() -> None:
    assert the_problem(None).path == "plimsoll:stack"


def deeply_nested() -> Config:
    nested: Config = {}
    for _ in range(100_000):
        nested = {"kind": nested}
    return nested


@pytest.mark.parametrize(
    "config",
    [
        None,
        [],
        [{}],
        "stack",
        0,
        float("nan"),
        {"": {}},
        {"[key]": 1},
        {"services": {"[key]": 1}},
        {"services": {"\ud800": {"\ud800": "\ud800"}}},
        {"services": {"digits": None}},
        {"cluster": deeply_nested()},
        put(smallest(), f"{DIGITS}.version", -(10**5000)),
        put(smallest(), f"{DIGITS}.model", "x" * 100_000),
    ],
)
def test_nothing_but_a_refusal_comes_out_whatever_goes_in(config: object) -> None:
    with pytest.raises(StackError) as refused:
        parse(config)

    str(refused.value).encode()
    assert len(str(refused.value)) < 10_000
