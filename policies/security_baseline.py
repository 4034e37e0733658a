"""Pods run with no more than they need, and nothing in AWS is open, unencrypted or held by a static key.

Pods: Kubernetes' Pod Security Standards, "restricted", and a root filesystem that is read only. AWS: EKS Best
Practices, Security; CIS AWS Foundations.
"""

from collections.abc import Callable, Iterator, Mapping

from stacks.schema import Problem

from policies.limits import Limits
from policies.pods import containers, pod_spec
from policies.policy import OfResource, Props, Resource, below, each

Finding = tuple[str, str, str]
"""Where below the resource, what is found there, and what has to stand there."""

ANYWHERE = frozenset({"0.0.0.0/0", "::/0"})
HOST = ("hostNetwork", "hostPID", "hostIPC")


def problems(resource: Resource, limits: Limits) -> Iterator[Problem]:
    """Everything about a resource that lets somebody do more than is needed."""
    findings = RULES.get(resource.type, _nothing)
    for where, found, limit in findings(resource.props):
        yield _problem(f"{resource.path}: {where}", found, limit, limits)
    if pods := pod_spec(resource):
        for where, found, limit in _pods(*pods):
            yield _problem(where, found, limit, limits)


def _problem(path: str, found: str, limit: str, limits: Limits) -> Problem:
    return Problem(
        path=path,
        found=found,
        limit=limit,
        reason="a fault in what runs there, or a key that is lost, would reach further than it has to",
        way_out=f"say it as the limit has it; who needs more asks {limits.owner} for an exception that ends",
    )


def _nothing(props: Props) -> Iterator[Finding]:  # noqa: ARG001 - of kinds that have no rule
    yield from ()


def _pods(path: str, spec: Props) -> Iterator[Finding]:
    """What a pod may do beyond "restricted"."""
    for key in HOST:
        if spec.get(key):
            yield f"{path}.{key}", "true", "absent"
    if spec.get("automountServiceAccountToken") is not False:
        yield f"{path}.automountServiceAccountToken", "not false", "false: no model server asks the API server anything"
    for index, volume in enumerate(each(spec, "volumes")):
        if volume.get("hostPath"):
            yield f"{path}.volumes[{index}].hostPath", "a folder of the node", "a volume of the pod's own"
    pod = below(spec, "securityContext")
    if not _is_confined(pod):
        yield f"{path}.securityContext.seccompProfile.type", "absent", "RuntimeDefault"
    for where, container in containers(path, spec):
        yield from _container(f"{where}.securityContext", below(container, "securityContext"), pod)


def _container(where: str, own: Props, pod: Props) -> Iterator[Finding]:
    if own.get("privileged"):
        yield f"{where}.privileged", "true", "absent"
    if not own.get("runAsNonRoot", pod.get("runAsNonRoot")):
        yield f"{where}.runAsNonRoot", "not true", "true, here or for the pod"
    if own.get("allowPrivilegeEscalation") is not False:
        yield f"{where}.allowPrivilegeEscalation", "not false", "false"
    if own.get("readOnlyRootFilesystem") is not True:
        yield f"{where}.readOnlyRootFilesystem", "not true", "true, with an emptyDir to write to"
    capabilities = below(own, "capabilities")
    if "ALL" not in each(capabilities, "drop"):
        yield f"{where}.capabilities.drop", "not all", '["ALL"]'
    if added := [added for added in each(capabilities, "add") if added != "NET_BIND_SERVICE"]:
        yield f"{where}.capabilities.add", ", ".join(added), "absent"


def _is_confined(context: Props) -> bool:
    profile = below(context, "seccompProfile")
    return profile.get("type") in {"RuntimeDefault", "Localhost"}


def _open_group(props: Props) -> Iterator[Finding]:
    for index, rule in enumerate(each(props, "ingress")):
        blocks = [*each(rule, "cidrBlocks"), *each(rule, "ipv6CidrBlocks")]
        if open_to := ANYWHERE.intersection(blocks):
            yield f"ingress[{index}]", f"open to {', '.join(sorted(open_to))}", "the networks that have to reach it"


def _open_rule(props: Props) -> Iterator[Finding]:
    for key in ("cidrIpv4", "cidrIpv6"):
        if props.get(key) in ANYWHERE:
            yield key, f"open to {props[key]}", "the networks that have to reach it"


def _open_rule_of_old(props: Props) -> Iterator[Finding]:
    if props.get("type") == "ingress":
        yield from (
            (key, f"open to {', '.join(sorted(open_to))}", "the networks that have to reach it")
            for key in ("cidrBlocks", "ipv6CidrBlocks")
            if (open_to := ANYWHERE.intersection(each(props, key)))
        )


def _cluster(props: Props) -> Iterator[Finding]:
    access = below(props, "vpcConfig")
    # EKS opens the endpoint to everybody unless it is told otherwise.
    allowed = each(access, "publicAccessCidrs") or ["0.0.0.0/0"]
    if access.get("endpointPublicAccess") is not False and ANYWHERE.intersection(allowed):
        yield "vpcConfig.publicAccessCidrs", "open to 0.0.0.0/0", "the networks that people and Pulumi call from"
    if not props.get("encryptionConfig"):
        yield "encryptionConfig", "absent", "a KMS key for Secrets"


def _template(props: Props) -> Iterator[Finding]:
    options = below(props, "metadataOptions")
    if options.get("httpTokens") != "required":
        yield "metadataOptions.httpTokens", "not required", "required (IMDSv2)"
    for index, mapping in enumerate(each(props, "blockDeviceMappings")):
        volume = below(mapping, "ebs")
        if str(volume.get("encrypted")).lower() != "true":
            yield f"blockDeviceMappings[{index}].ebs.encrypted", "not true", "true"


PUBLIC_ACCESS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _public_access(props: Props) -> Iterator[Finding]:
    for key in PUBLIC_ACCESS:
        if props.get(key) is not True:
            yield key, "not true", "true"


def _static_key(props: Props) -> Iterator[Finding]:  # noqa: ARG001 - that it is there is what is wrong
    yield "static key", "never expires", "a role, taken on through pod identity or OIDC"


RULES: Mapping[str, Callable[[Props], Iterator[Finding]]] = {
    "aws:ec2/securityGroup:SecurityGroup": _open_group,
    "aws:ec2/securityGroupRule:SecurityGroupRule": _open_rule_of_old,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _open_rule,
    "aws:eks/cluster:Cluster": _cluster,
    "aws:ec2/launchTemplate:LaunchTemplate": _template,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _public_access,
    "aws:iam/user:User": _static_key,
    "aws:iam/accessKey:AccessKey": _static_key,
}
"""By a resource's type, what is wrong with one."""

POLICY = OfResource(
    "security-baseline", "Pods have no more rights than they need; nothing is open, unencrypted or static.", problems
)
