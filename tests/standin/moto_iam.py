"""Conditions of IAM policies, which moto takes for unmet, and an unmet one for a refusal.

A statement whose condition does not hold says nothing, as in AWS. What a request is like is known as far as the
policies here ask: callers come over TLS and to this region, a listing has a prefix, and an instance that is to be ended
or tagged has an ARN and tags. A condition on anything else does not hold.
"""

# moto's classes carry no types for what is changed in them.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingParameterType=false, reportAttributeAccessIssue=false

import fnmatch
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from moto.ec2.models import ec2_backends
from moto.iam.access_control import IAMPolicyStatement, IAMRequestBase, PermissionResult

ALWAYS = {"aws:securetransport": "true", "aws:requestedregion": "us-east-1"}

ON_INSTANCES = {"ec2:TerminateInstances": "InstanceId.1", "ec2:CreateTags": "ResourceId.1"}
"""Actions on an instance, and the parameter that names it: moto asks IAM about none in particular."""

_request = threading.local()


def _is_one_of(actual: str, wanted: list[str]) -> bool:
    return actual in wanted


def _is_like_one_of(actual: str, wanted: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(actual, pattern) for pattern in wanted)


OPERATORS: Mapping[str, Callable[[str, list[str]], bool]] = {
    "StringEquals": _is_one_of,
    "StringLike": _is_like_one_of,
    "ArnLike": _is_like_one_of,
    "Bool": _is_one_of,
}


def holds(conditions: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    """Whether all conditions of a statement are met by what is known of a request, by lower-case key."""
    for operator, keys in conditions.items():
        met = OPERATORS.get(operator)
        for key, wanted in keys.items():
            actual = context.get(key.lower())
            if met is None or actual is None:
                return False
            if not met(actual, [str(each) for each in (wanted if isinstance(wanted, list) else [wanted])]):
                return False
    return True


def _known_of(request: Any) -> dict[str, str]:
    query = parse_qs(urlsplit(request._path).query, keep_blank_values=True)  # noqa: SLF001
    listing = {"s3:prefix": query.get("prefix", [""])[0]} if request._action == "s3:ListBucket" else {}  # noqa: SLF001
    return {**ALWAYS, **listing}


def _instance_of(request: Any) -> Any | None:
    named = request._data.get(ON_INSTANCES.get(request._action))  # noqa: SLF001
    wanted = named[0] if isinstance(named, list) else named
    reservations = ec2_backends[request.account_id][request._region].all_reservations()  # noqa: SLF001
    return next((each for reserved in reservations for each in reserved.instances if each.id == wanted), None)


_check = IAMRequestBase.check_action_permitted
_judge = IAMPolicyStatement.is_action_permitted


def _check_with_context(self: Any, resource: str) -> None:
    _request.context = _known_of(self)
    if instance := _instance_of(self):
        resource = f"arn:aws:ec2:{self._region}:{self.account_id}:instance/{instance.id}"
        tags = {f"aws:resourcetag/{tag['key']}".lower(): tag["value"] for tag in instance.get_tags()}
        _request.context |= tags
    _check(self, resource)


def _judge_with_conditions(self: Any, action: str, resource: str = "*", *others: Any) -> PermissionResult:
    conditions = self._statement.get("Condition")
    if conditions and not (others and others[0]):  # a trust policy's conditions are moto's own
        if not holds(conditions, getattr(_request, "context", ALWAYS)):
            return PermissionResult.NEUTRAL
        unconditional = {key: value for key, value in self._statement.items() if key != "Condition"}
        return _judge(IAMPolicyStatement(unconditional), action, resource, *others)
    return _judge(self, action, resource, *others)


def judge_conditions() -> None:
    """Have moto judge them so from now on."""
    IAMRequestBase.check_action_permitted = _check_with_context
    IAMPolicyStatement.is_action_permitted = _judge_with_conditions
