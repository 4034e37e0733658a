"""What Pulumi's SDK for policies has to do otherwise, in the one place where it can be told: its own inside."""
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false

from pulumi_policy import EnforcementLevel, Policy, policy


class _KeepsLevels(policy._PolicyAnalyzerServicer):
    """Stops or warns as the stack's limits say, which are known when its first resource is.

    The engine asks for the levels before it says which stack it is, and hands them back: the SDK takes those, and has
    no name for the stack. It is also why no --policy-pack-config makes a policy milder than limits.yaml.
    """

    def _get_enforcement_level(self, policy: Policy) -> EnforcementLevel:
        return policy.enforcement_level or EnforcementLevel.MANDATORY


def keep_levels() -> None:
    """Have the pack that is made next take its policies' levels from the policies, whenever it needs them."""
    policy._PolicyAnalyzerServicer = _KeepsLevels
