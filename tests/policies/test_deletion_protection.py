import pytest

from policies import deletion_protection
from policies.limits import read_limits
from tests.policies.changes import LIMITS, a_resource

PROD, _ = read_limits().of("prod")


@pytest.mark.parametrize("kind", PROD.protected)
def test_what_can_not_be_had_back_is_protected_in_prod(kind: str) -> None:
    assert list(deletion_protection.problems(a_resource(kind, protected=True), PROD)) == []

    [problem] = deletion_protection.problems(a_resource(kind, "models"), PROD)

    assert problem.path.endswith(" models")
    assert "protect=True" in problem.way_out


def test_what_comes_back_with_the_next_update_needs_no_protection() -> None:
    assert list(deletion_protection.problems(a_resource("kubernetes:apps/v1:Deployment"), LIMITS)) == []
