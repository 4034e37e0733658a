"""What Pulumi's SDK for policies has to do otherwise, in the one place where it can be told: its own inside."""
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false

from collections.abc import Sequence
from typing import Any

from google.protobuf.json_format import MessageToDict
from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel, Policy, ResourceValidationArgs, ResourceValidationPolicy, policy
from pulumi_policy.deserialize import deserialize_properties
from pulumi_policy.proxy import UnknownValueError, unknown_checking_proxy


class _Servicer(policy._PolicyAnalyzerServicer):
    """Answers the engine as the SDK does, but for what these methods say."""

    policies: Sequence[Policy]

    def _get_enforcement_level(self, policy: Policy) -> EnforcementLevel:
        """The policy's own level: it follows from the stack's limits, which are known when its first resource is.

        The engine asks for the levels before it says which stack it is, and hands them back: the SDK takes those, and
        has no name for the stack. It is also why no --policy-pack-config makes a policy milder than limits.yaml.
        """
        return policy.enforcement_level or EnforcementLevel.MANDATORY

    def Analyze(self, request: Any, _context: object) -> proto.AnalyzeResponse:  # noqa: N802 - gRPC's name
        """Read a resource once, and not anew for each policy: of 100 services that takes two seconds."""
        response = proto.AnalyzeResponse()
        props = unknown_checking_proxy(deserialize_properties(MessageToDict(request.properties)))
        opts, provider = self._get_resource_options(request), self._get_provider_resource(request)
        args = ResourceValidationArgs(request.type, props, request.urn, request.name, opts, provider)
        for each in self.policies:
            if isinstance(each, ResourceValidationPolicy):
                level = self._get_enforcement_level(each)
                report = self._create_report_violation(response, each.name, each.description, level)
                warn = self._create_report_violation(response, each.name, each.description, EnforcementLevel.ADVISORY)
                try:
                    each.validate(args, report)
                except UnknownValueError as unknown:
                    warn(f"  can't be judged before the update, which judges it: {unknown.message}", None)
        return response

    def AnalyzeStack(self, request: Any, context: object) -> proto.AnalyzeResponse:  # noqa: N802 - gRPC's name
        """Without the resources that come with it: plans are judged by inputs, and these are outputs."""
        request.ClearField("resources")
        return super().AnalyzeStack(request, context)


def take_over(policies: Sequence[Policy]) -> None:
    """Have the pack of these policies, which is to be made next, answer that way."""
    _Servicer.policies = policies
    policy._PolicyAnalyzerServicer = _Servicer
