import pytest

from components import buildable
from stacks.schema import Problem, StackError, parse
from tests.stacks.bad_eks import BAD_EKS, bad


def refused(place: str, value: object) -> dict[str, Problem]:
    with pytest.raises(StackError) as refusal:
        buildable(parse(bad(place, value)))
    return {problem.path: problem for problem in refusal.value.problems}


@pytest.mark.parametrize(("place", "value", "path"), BAD_EKS, ids=[f"{place} {value}" for place, value, _ in BAD_EKS])
def test_a_bad_eks_stack_is_refused_with_the_place_the_reason_and_a_way_out(
    place: str, value: object, path: str
) -> None:
    problems = refused(place, value)

    assert path in problems
    assert problems[path].reason
    assert problems[path].way_out


def test_there_are_sixty_of_them() -> None:
    assert len(BAD_EKS) >= 60


def test_a_type_that_a_region_has_not_is_refused_with_the_regions_that_have_it() -> None:
    config = bad("cluster.region", "eu-west-3")
    config["cluster"]["network"]["zones"] = ["euw3-az1", "euw3-az2"]
    config["gpuPools"]["l4"]["instanceTypes"] = ["p5.48xlarge"]

    with pytest.raises(StackError) as refusal:
        buildable(parse(config))

    [problem] = [each for each in refusal.value.problems if each.path == "gpuPools.l4.instanceTypes[0]"]
    assert "not to be had in eu-west-3" in problem.found
    assert "us-east-1" in problem.way_out


def test_a_type_that_is_in_none_of_the_clusters_zones_is_refused_with_the_zones_that_have_it() -> None:
    config = bad("cluster.network.zones", ["use1-az1", "use1-az5"])
    config["gpuPools"]["l4"]["instanceTypes"] = ["p6-b200.48xlarge"]

    with pytest.raises(StackError) as refusal:
        buildable(parse(config))

    [problem] = [each for each in refusal.value.problems if each.path == "gpuPools.l4.instanceTypes[0]"]
    assert "in none of use1-az1, use1-az5" in problem.found
    assert "use1-az6" in problem.way_out
