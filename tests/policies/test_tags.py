import json

from policies import tags
from tests.policies.changes import LIMITS, a_resource


def test_a_provider_that_tags_all_it_makes_passes() -> None:
    settings = json.dumps({"tags": {"plimsoll:stack": "plimsoll-prod", "plimsoll:owner": "ml-platform"}})

    assert list(tags.problems(a_resource("pulumi:providers:aws", "aws", defaultTags=settings), LIMITS)) == []


def test_a_provider_without_an_owner_is_refused() -> None:
    settings = json.dumps({"tags": {"plimsoll:stack": "plimsoll-prod", "plimsoll:owner": ""}})

    [problem] = tags.problems(a_resource("pulumi:providers:aws", "aws", defaultTags=settings), LIMITS)

    assert (problem.path, problem.found) == ("aws aws: defaultTags", "has no plimsoll:owner")


def test_a_provider_without_tags_is_refused() -> None:
    [problem] = tags.problems(a_resource("pulumi:providers:aws", "default_7_1_0"), LIMITS)

    assert problem.found == "has no plimsoll:stack, plimsoll:owner"


def test_a_resource_that_takes_a_tags_value_away_is_refused() -> None:
    [problem] = tags.problems(a_resource("aws:s3/bucket:Bucket", tags={"plimsoll:owner": ""}), LIMITS)

    assert problem.found == "sets plimsoll:owner to nothing"


def test_what_is_not_in_aws_needs_no_tags() -> None:
    assert list(tags.problems(a_resource("kubernetes:core/v1:Service"), LIMITS)) == []
