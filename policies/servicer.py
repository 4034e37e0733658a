"""What Pulumi's SDK for policies has to do otherwise, in the one place where it can be told: its own inside."""
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false

from typing import Any

from pulumi_policy import EnforcementLevel, Policy, policy


class _Servicer(policy._PolicyAnalyzerServicer):
    """Answers the engine as the SDK does, but for what these methods say."""

    def _get_enforcement_level(self, policy: Policy) -> EnforcementLevel:
        """The policy's own level: it follows from the stack's limits, which are known when its first resource is.

        The engine asks for the levels before it says which stack it is, and hands them back: the SDK takes those, and
        has no name for the stack. It is also why no --policy-pack-config makes a policy milder than limits.yaml.
        """
        return policy.enforcement_level or EnforcementLevel.MANDATORY

    def AnalyzeStack(self, request: Any, context: object) -> Any:  # noqa: N802 - gRPC's name
        """Without the resources that come with it: plans are judged by inputs, and to read these takes seconds."""
        request.ClearField("resources")
        return super().AnalyzeStack(request, context)  # pyright: ignore[reportUnknownMemberType] - untyped in the SDK


def take_over() -> None:
    """Have the pack that is made next answer that way."""
    policy._PolicyAnalyzerServicer = _Servicer
