from typing import Any

import pytest

from policies import security_baseline
from tests.policies.changes import LIMITS, a_resource
from tests.stacks.configs import put

POD: dict[str, Any] = {
    "automountServiceAccountToken": False,
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
        }
    ],
}


def found(type_: str, **props: Any) -> list[str]:
    return [problem.path for problem in security_baseline.problems(a_resource(type_, **props), LIMITS)]


def of_pod(spec: dict[str, Any]) -> list[str]:
    return [path.removeprefix("Pod one: spec.") for path in found("kubernetes:core/v1:Pod", spec=spec)]


def test_a_pod_with_no_more_than_it_needs_passes() -> None:
    assert of_pod(POD) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("hostNetwork", True),
        ("hostPID", True),
        ("automountServiceAccountToken", None),
        ("securityContext.seccompProfile.type", "Unconfined"),
    ],
)
def test_a_pod_that_may_do_more_is_refused(place: str, value: object) -> None:
    assert of_pod(put(POD, place, value)) == [place]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("privileged", True),
        ("runAsNonRoot", False),
        ("allowPrivilegeEscalation", None),
        ("readOnlyRootFilesystem", None),
        ("capabilities.drop", ["NET_RAW"]),
        ("capabilities.add", ["SYS_ADMIN"]),
    ],
)
@pytest.mark.parametrize("group", ["containers", "initContainers"])
def test_a_container_that_may_do_more_is_refused(group: str, key: str, value: object) -> None:
    bad = put(POD["containers"][0], f"securityContext.{key}", value)

    assert of_pod({**POD, group: [bad]}) == [f"{group}[0].securityContext.{key}"]


def test_a_folder_of_the_node_is_refused() -> None:
    assert of_pod({**POD, "volumes": [{"emptyDir": {}}, {"hostPath": {"path": "/"}}]}) == ["volumes[1].hostPath"]


CLUSTER: dict[str, Any] = {
    "vpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": ["203.0.113.0/24"]},
    "encryptionConfig": {"resources": ["secrets"]},
}
TEMPLATE: dict[str, Any] = {
    "metadataOptions": {"httpTokens": "required"},
    "blockDeviceMappings": [{"ebs": {"encrypted": "true"}}],
}
ANYBODY = put(CLUSTER, "vpcConfig.publicAccessCidrs", ["0.0.0.0/0"])
PLAIN_VOLUME: dict[str, Any] = {**TEMPLATE, "blockDeviceMappings": [{"ebs": {}}]}
KEY = security_baseline.PUBLIC_ACCESS[0]
CLOSED: dict[str, Any] = dict.fromkeys(security_baseline.PUBLIC_ACCESS, True)


@pytest.mark.parametrize(
    ("kind", "props"),
    [
        ("aws:eks/cluster:Cluster", CLUSTER),
        ("aws:eks/cluster:Cluster", {**CLUSTER, "vpcConfig": {"endpointPublicAccess": False}}),
        ("aws:ec2/launchTemplate:LaunchTemplate", TEMPLATE),
        ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", CLOSED),
        ("aws:ec2/securityGroup:SecurityGroup", {"ingress": [{"cidrBlocks": ["10.0.0.0/8"]}]}),
        ("aws:ec2/securityGroup:SecurityGroup", {"egress": [{"cidrBlocks": ["0.0.0.0/0"]}]}),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", {"cidrIpv4": "10.0.0.0/8"}),
        ("aws:ec2/securityGroupRule:SecurityGroupRule", {"type": "egress", "cidrBlocks": ["0.0.0.0/0"]}),
    ],
)
def test_what_is_closed_and_encrypted_passes(kind: str, props: dict[str, Any]) -> None:
    assert found(kind, **props) == []


@pytest.mark.parametrize(
    ("kind", "props", "place"),
    [
        ("aws:eks/cluster:Cluster", {**CLUSTER, "vpcConfig": {}}, "vpcConfig.publicAccessCidrs"),
        ("aws:eks/cluster:Cluster", ANYBODY, "vpcConfig.publicAccessCidrs"),
        ("aws:eks/cluster:Cluster", {**CLUSTER, "encryptionConfig": None}, "encryptionConfig"),
        ("aws:ec2/launchTemplate:LaunchTemplate", {**TEMPLATE, "metadataOptions": {}}, "metadataOptions.httpTokens"),
        ("aws:ec2/launchTemplate:LaunchTemplate", PLAIN_VOLUME, "blockDeviceMappings[0].ebs.encrypted"),
        ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", put(CLOSED, KEY, None), KEY),
        ("aws:ec2/securityGroup:SecurityGroup", {"ingress": [{"cidrBlocks": ["0.0.0.0/0"]}]}, "ingress[0]"),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", {"cidrIpv6": "::/0"}, "cidrIpv6"),
        ("aws:ec2/securityGroupRule:SecurityGroupRule", {"type": "ingress", "cidrBlocks": ["0.0.0.0/0"]}, "cidrBlocks"),
        ("aws:iam/accessKey:AccessKey", {}, "static key"),
        ("aws:iam/user:User", {}, "static key"),
    ],
)  # fmt: skip
def test_what_is_open_unencrypted_or_static_is_refused(kind: str, props: dict[str, Any], place: str) -> None:
    assert found(kind, **props) == [f"{kind.rpartition(':')[2]} one: {place}"]
