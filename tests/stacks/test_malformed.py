import pytest

from stacks.schema import StackError, parse
from tests.stacks.malformed import Malformed, malformed_configs

ALL = list(malformed_configs())


@pytest.mark.parametrize("malformed", ALL, ids=[malformed.label for malformed in ALL])
def test_a_malformed_config_is_refused_at_its_place_with_a_way_out(malformed: Malformed) -> None:
    with pytest.raises(StackError) as refused:
        parse(malformed.config)

    problems, text = refused.value.problems, str(refused.value)
    # "At" includes keys in what was put there; "above" is a whole object that can't be read.
    assert any(
        malformed.path.startswith(problem.path) or problem.path.startswith(malformed.path) for problem in problems
    ), f"{malformed.path} is not among {[problem.path for problem in problems]}"
    for problem in problems:
        assert all((problem.path, problem.found, problem.limit, problem.reason, problem.way_out))
    assert "Traceback" not in text
    assert "pydantic" not in text
    text.encode()


def test_there_are_more_than_a_hundred_malformed_configs_and_no_two_are_alike() -> None:
    assert len(ALL) > 100
    assert len({malformed.label for malformed in ALL}) == len(ALL)
    # As text, because not-a-number equals nothing.
    assert len({repr(malformed.config) for malformed in ALL}) == len(ALL)


def test_the_malformed_configs_are_the_same_every_time() -> None:
    assert repr(list(malformed_configs())) == repr(ALL)
