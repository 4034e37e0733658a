"""What the stack was asked for, in its state: previews show what changes in it, and policies judge it."""

from collections.abc import Mapping

import pulumi
from pulumi.runtime.config import is_config_secret

from model_repo import Repositories, version_digests
from stacks.schema import STACK_TYPE, Problem, StackError

KEY = "stack"


def asked_config() -> object:
    """What the stack's file says, as it is. Raises StackError where a part of it is a secret."""
    config = pulumi.Config()
    if is_config_secret(config.full_key(KEY)):
        raise StackError(
            [
                Problem(
                    path=config.full_key(KEY),
                    found="holds a secret",
                    limit="nothing that is secret",
                    reason="all of it is shown: in previews, in reports, in the state",
                    way_out="take it out, and give it a key of its own: pulumi config set --secret",
                )
            ]
        )
    return config.get_object(KEY)


class Asked(pulumi.ComponentResource):
    """The stack's own words, the first resource of all: a policy that refuses them does so before any other is touched.

    In the state it says what the last update was asked for, and which files the versions of its services had.
    """

    def __init__(self, config: object, repositories: Mapping[str, Repositories]) -> None:
        super().__init__(STACK_TYPE, "stack", {"asked": config, "versions": version_digests(repositories.values())})
        self.register_outputs({})
