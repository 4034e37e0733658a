import json

from policies import tags
from policies.policy import Resource
from tests.policies.changes import LIMITS, a_resource

TAGS = {"plimsoll:stack": "plimsoll-prod", "plimsoll:owner": "ml-platform"}


def a_bucket(default_tags: dict[str, str] | None, own: dict[str, str] | None = None) -> Resource:
    provider = {"defaultTags": json.dumps({"tags": default_tags})} if default_tags else {}
    return a_resource("aws:s3/bucket:Bucket", provider=provider, tags=own or {})


def test_a_provider_that_tags_all_it_makes_passes() -> None:
    assert list(tags.problems(a_bucket(TAGS), LIMITS)) == []


def test_a_provider_without_an_owner_is_refused() -> None:
    [problem] = tags.problems(a_bucket({**TAGS, "plimsoll:owner": ""}), LIMITS)

    assert (problem.path, problem.found) == ("the AWS provider: defaultTags.tags", "has no plimsoll:owner")


def test_a_provider_without_tags_is_refused() -> None:
    [problem] = tags.problems(a_bucket(None), LIMITS)

    assert problem.found == "has no plimsoll:stack, plimsoll:owner"


def test_a_resource_that_takes_a_tags_value_away_is_refused() -> None:
    [problem] = tags.problems(a_bucket(TAGS, {"plimsoll:owner": ""}), LIMITS)

    assert (problem.path, problem.found) == ("Bucket one: tags", "sets plimsoll:owner to nothing")


def test_what_is_not_in_aws_needs_no_tags() -> None:
    assert list(tags.problems(a_resource("kubernetes:core/v1:Service"), LIMITS)) == []
