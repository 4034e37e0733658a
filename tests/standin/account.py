"""An AWS account of the stand-ins', with one of the committed stacks to go into it."""

import contextlib
import json
from collections import Counter
from collections.abc import Collection, Generator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ops.preview import preview
from ops.preview_report import Planned
from tests.conftest import UPDATE, Finished, Project, new_project
from tests.stacks.configs import committed
from tests.standin.aws_calls import Aws
from tests.standin.inventory import inventory
from tests.standin.kubernetes import KubernetesStandIn
from tests.standin.providers import stand_ins

ENVIRONMENTS = ("dev", "staging", "prod")


@dataclass(frozen=True)
class Account:
    """What a stack is tried in: Pulumi's project, AWS, and the cluster's objects."""

    project: Project
    aws: Aws
    objects: KubernetesStandIn
    config: dict[str, Any]
    at_first: dict[str, list[str]]
    """What there was in AWS before the stack."""

    @property
    def cluster(self) -> str:
        """The cluster's name."""
        return f"plimsoll-{self.project.stack}"

    def planned(self, config: dict[str, Any]) -> Counter[str]:
        """How many resources a preview would create, update, replace, delete."""
        previewed = self.project.preview(config, "--json")
        plan = json.loads(previewed.output[previewed.output.index("{") :])
        assert previewed.code == 0, [each["message"] for each in plan["diagnostics"]]
        return Counter(step["op"] for step in plan["steps"] if step["op"] != "same")

    def judged(self, config: dict[str, Any]) -> Planned:
        """What a preview of a config says, and the policies of it."""
        self.project.configure(config)
        return preview(self.project.stack, cwd=self.project.folder, environment=self.project.environment)

    def up(self, config: dict[str, Any]) -> Finished:
        """Update to a config, which has to work."""
        self.project.configure(config)
        done = self.project.pulumi(*UPDATE)
        assert done.code == 0, done.output
        return done


@contextlib.contextmanager
def an_account(
    environment: str, tmp_path_factory: pytest.TempPathFactory, *, stack: str = "test", copied: Collection[str] = ()
) -> Generator[Account]:
    """An account with nothing in it yet, for the committed stack of an environment, under the name of `stack`."""
    with stand_ins() as providers:
        project = new_project(tmp_path_factory, stack, copied=copied)
        aws = Aws(providers.endpoint, "us-east-1")
        yield Account(
            replace(project, environment={**project.environment, **providers.environment}),
            aws,
            providers.objects,
            committed(f"Pulumi.{environment}.yaml"),
            inventory(aws),
        )
