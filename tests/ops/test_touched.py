import pytest

from ops.touched import touched

STACKS = ("dev", "prod", "staging")


@pytest.mark.parametrize(
    ("files", "stacks"),
    [
        (["stacks/Pulumi.prod.yaml"], ["prod"]),
        (["stacks/Pulumi.prod.yaml", "stacks/Pulumi.dev.yaml", "README.md"], ["dev", "prod"]),
        (["stacks/Pulumi.local.yaml"], []),
        (["docs/eks.md", "tests/conftest.py", "ops/cost.py"], []),
        (["components/gateway.py"], ["dev", "prod", "staging"]),
        (["policies/limits.yaml"], ["dev", "prod", "staging"]),
        (["stacks/schema/stack.py"], ["dev", "prod", "staging"]),
        (["model_repo/digits/3/model.onnx", "stacks/Pulumi.prod.yaml"], ["dev", "prod", "staging"]),
        ([], []),
    ],
)
def test_a_stack_is_touched_by_its_own_file_and_by_what_all_are_made_of(files: list[str], stacks: list[str]) -> None:
    assert touched(files, STACKS) == stacks
