from economics import load, misplaced, models_too_large
from stacks.schema import parse
from tests.stacks.configs import committed, put, smallest

DEV = "Pulumi.dev.yaml"
GIB = 2**30


def test_what_is_on_no_cloud_is_nowhere_misplaced() -> None:
    assert list(misplaced(parse(smallest()))) == []


def test_a_pool_is_placed_in_the_zones_that_have_one_of_its_types() -> None:
    zones = ["use1-az1", "use1-az3", "use1-az4"]

    assert load().zones_of_pool(zones, "us-east-1", ["g6.xlarge"]) == [
        zone for zone in zones if "g6.xlarge" in load().regions["us-east-1"][zone]
    ]


def test_the_facts_say_where_they_are_from_and_of_which_day() -> None:
    assert "DescribeInstanceTypeOfferings" in load().source
    assert load().date.startswith("2026-")


def test_a_model_that_does_not_fit_its_gpu_as_often_as_it_is_loaded_is_refused() -> None:
    stack = parse(put(committed(DEV), "services.digits.instances", 3))

    [problem] = models_too_large(stack, {"digits": 8 * GIB})

    assert problem.path == "services.digits.instances"
    assert problem.found == "3 copies of digits need 25.0 GiB of GPU memory, and a L4 of pool 'l4' has 22.4"
    assert list(models_too_large(stack, {"digits": 7 * GIB})) == []
