"""What a public scanner says of the AWS stacks, as an update on the stand-ins places them.

checkov gets the severity of its checks from a service, which is not asked. So every failed check counts as a high one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import pytest

from components.eks import iam
from tests.scanner.checkov import Finding, Scan, scan
from tests.stacks.configs import put
from tests.standin.account import ENVIRONMENTS, an_account

pytestmark = pytest.mark.engine


@dataclass(frozen=True)
class Accepted:
    """A check that fails on purpose: on what, why, and in which stacks."""

    of: str
    """A pattern of what it fails on."""
    reason: str
    stacks: tuple[str, ...] = ENVIRONMENTS

    def covers(self, finding: Finding, environment: str) -> bool:
        """Whether a finding of its check is one that was looked at."""
        return environment in self.stacks and fnmatchcase(finding.of, self.of)


MODELS = "aws_s3_bucket.plimsoll_test_models"
PODS = "*.plimsoll.digits*"
"""Of servers, and of what builds their engines."""

ACCEPTED: Mapping[str, Accepted] = {
    "CKV2_AWS_62": Accepted(MODELS, "Nothing waits for objects: an update places the models, and then the servers."),
    "CKV_AWS_18": Accepted(
        MODELS,
        "A service's role reads its own models and no others. A log of who did needs a second bucket, which would fail "
        "this check in its turn.",
    ),
    "CKV_AWS_144": Accepted(
        MODELS, "The repository has every model. What is lost here, a refresh and an update bring back."
    ),
    "CKV_AWS_338": Accepted(
        "aws_cloudwatch_log_group.*",
        "A stack file says how long logs are kept. Only prod keeps them for a year.",
        ("dev", "staging"),
    ),
    "CKV_AWS_339": Accepted(
        "aws_eks_cluster.*",
        "checkov 3.3.30 knows no version after 1.35, and the stacks run 1.36. The schema has its own list.",
    ),
    "CKV_AWS_39": Accepted(
        "aws_eks_cluster.*",
        "The networks that publicAccess lists may call the API, each a /16 at most. CKV_AWS_38 fails if everybody may.",
        ("dev", "staging"),
    ),
    "CKV_K8S_11": Accepted(
        PODS,
        "A CPU limit stops a batch in the middle, and makes every caller in it wait. A build needs its GPU's node "
        "as it is.",
    ),
    "CKV_K8S_15": Accepted(
        PODS,
        "The policy images lets no moving tag in, and to ask the registry at each start would make it one more "
        "thing that has to be up.",
    ),
    "CKV_K8S_40": Accepted(
        PODS,
        "1000 is the user that Triton has in its images; builds run as the same, and share no file with their node.",
    ),
    "CKV_K8S_43": Accepted(
        PODS, "A tag that names one release is exact as well, says the policy images. `images` takes digests."
    ),
}

JUDGED = {
    *("aws_vpc", "aws_subnet", "aws_route_table", "aws_security_group", "aws_vpc_security_group_ingress_rule"),
    *("aws_eks_cluster", "aws_eks_node_group", "aws_launch_template", "aws_cloudwatch_log_group", "aws_kms_key"),
    *("aws_iam_role", "aws_iam_role_policy", "aws_iam_role_policy_attachment", "aws_sqs_queue", "aws_sqs_queue_policy"),
    *("aws_s3_bucket", "aws_s3_bucket_policy", "aws_s3_bucket_public_access_block"),
    *("aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket_ownership_controls"),
    *("Deployment", "Job", "Pod", "Service", "ServiceAccount"),
}
"""The types and kinds that some check is on, as its report names them. A wrong name would hide one from checkov."""


@dataclass(frozen=True)
class Placed:
    """What an update placed: the stack's state, and its cluster's objects."""

    resources: list[dict[str, Any]]
    objects: list[dict[str, Any]]


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Placed]:
    placed: dict[str, Placed] = {}
    for environment in ENVIRONMENTS:
        with an_account(environment, tmp_path_factory) as account:
            account.up(account.config)
            state = json.loads(account.project.pulumi("stack", "export").output)
            placed[environment] = Placed(state["deployment"]["resources"], account.objects.objects)
    return placed


@pytest.fixture(scope="module")
def scans(stacks: Mapping[str, Placed], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Scan]:
    return {
        environment: scan(placed.resources, placed.objects, tmp_path_factory.mktemp(environment))
        for environment, placed in stacks.items()
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_scanner_finds_nothing_that_was_not_accepted(scans: Mapping[str, Scan], environment: str) -> None:
    def accepted(finding: Finding) -> bool:
        return finding.check in ACCEPTED and ACCEPTED[finding.check].covers(finding, environment)

    unexpected = [str(each) for each in scans[environment].findings if not accepted(each)]
    assert unexpected == [], "\n".join(unexpected)


@pytest.mark.parametrize("check", ACCEPTED)
def test_what_was_accepted_is_still_found_where_it_was(scans: Mapping[str, Scan], check: str) -> None:
    accepted = ACCEPTED[check]
    found = [
        environment
        for environment in ENVIRONMENTS
        if any(each.check == check and accepted.covers(each, environment) for each in scans[environment].findings)
    ]

    assert tuple(found) == accepted.stacks, "what no longer fails is not to be accepted any more"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_scanner_read_everything(stacks: Mapping[str, Placed], scans: Mapping[str, Scan], environment: str) -> None:
    placed, scanned = stacks[environment], scans[environment]
    with_pods = [each for each in placed.objects if each["kind"] in {"Deployment", "Job"}]
    on_aws = [each for each in placed.resources if each["type"].startswith("aws:")]

    assert scanned.counts["terraform_plan"]["resource_count"] == len(on_aws)
    assert scanned.counts["kubernetes"]["resource_count"] == len(placed.objects) + len(with_pods), (
        "pods count by themselves"
    )
    assert [counts["parsing_errors"] for counts in scanned.counts.values()] == [0, 0]
    assert scanned.judged >= JUDGED


@dataclass(frozen=True)
class Fault:
    """Something that nobody should do: in what, and where; and the check that finds it."""

    kind: str
    """A type of Pulumi's, or a kind of Kubernetes'."""
    change: Mapping[str, object] | None
    """By dotted path; None where there is none of the kind at all."""
    check: str


EVERYBODY = "0.0.0.0/0"
EVERYTHING = iam.document(iam.allow(["*"], ["*"]))

FAULTS = {
    "a bucket without a key": Fault(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", None, "CKV_AWS_145"
    ),
    "a bucket that may be made public": Fault(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", None, "CKV2_AWS_6"
    ),
    "a bucket that everybody may do everything with": Fault(
        "aws:s3/bucketPolicy:BucketPolicy",
        {"inputs.policy": iam.document({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"})},
        "CKV_AWS_70",
    ),
    "a role that may do everything": Fault(
        "aws:iam/rolePolicy:RolePolicy", {"inputs.policy": EVERYTHING}, "CKV_AWS_62"
    ),
    "an API that everybody may call": Fault(
        "aws:eks/cluster:Cluster",
        {"inputs.vpcConfig.endpointPublicAccess": True, "inputs.vpcConfig.publicAccessCidrs": [EVERYBODY]},
        "CKV_AWS_38",
    ),
    "Secrets in plain text": Fault("aws:eks/cluster:Cluster", {"inputs.encryptionConfig": {}}, "CKV_AWS_58"),
    "credentials of a node for whoever asks": Fault(
        "aws:ec2/launchTemplate:LaunchTemplate", {"inputs.metadataOptions.httpTokens": "optional"}, "CKV_AWS_79"
    ),
    "a key that never changes": Fault("aws:kms/key:Key", {"inputs.enableKeyRotation": False}, "CKV_AWS_7"),
    "a log that is gone in a week": Fault(
        "aws:cloudwatch/logGroup:LogGroup", {"inputs.retentionInDays": 7}, "CKV_AWS_338"
    ),
    "a queue in plain text": Fault("aws:sqs/queue:Queue", {"inputs.sqsManagedSseEnabled": False}, "CKV_AWS_27"),
    "a network that nobody watches": Fault("aws:ec2/flowLog:FlowLog", None, "CKV2_AWS_11"),
    "a port for everybody": Fault(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        {"inputs.cidrIpv4": EVERYBODY, "inputs.fromPort": 22, "inputs.toPort": 22},
        "CKV_AWS_24",
    ),
    "a server on its node's network": Fault("Deployment", {"spec.template.spec.hostNetwork": True}, "CKV_K8S_19"),
    "a privileged server": Fault(
        "Deployment",
        {"spec.template.spec.containers": [{"name": "triton", "securityContext": {"privileged": True}}]},
        "CKV_K8S_16",
    ),
    "a server that everybody may call": Fault("NetworkPolicy", None, "CKV2_K8S_6"),
}


def with_faults(things: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """A copy with all faults in it; `key` says what kind a thing is of."""
    missing = {fault.kind for fault in FAULTS.values() if fault.change is None}
    return [spoilt(thing, thing[key]) for thing in things if thing[key] not in missing]


def spoilt(thing: dict[str, Any], kind: str) -> dict[str, Any]:
    for fault in FAULTS.values():
        for path, value in (fault.change or {}).items():
            thing = put(thing, path, value) if fault.kind == kind else thing
    return thing


@pytest.fixture(scope="module")
def found(stacks: Mapping[str, Placed], tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    good = stacks["prod"]
    faulty = scan(
        with_faults(good.resources, "type"), with_faults(good.objects, "kind"), tmp_path_factory.mktemp("faulty")
    )
    return {each.check for each in faulty.findings}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_scanner_finds_a_fault_in_what_a_stack_places(
    scans: Mapping[str, Scan], found: set[str], fault: Fault
) -> None:
    assert fault.check not in {each.check for each in scans["prod"].findings}
    assert fault.check in found
