from policies import slo
from tests.factories import a_stack
from tests.policies.changes import a_change, prod


def test_a_stack_whose_services_all_promise_something_passes() -> None:
    assert list(slo.problems(a_change(prod()))) == []


def test_a_service_without_objectives_and_a_stack_without_prometheus_are_refused_together() -> None:
    problems = list(slo.problems(a_change(a_stack())))

    assert [problem.path for problem in problems] == ["services.digits.slo", "monitoring"]
