"""The pure answers of `components/eks/`; what is made of them is tested in the engine."""

import json
from ipaddress import IPv4Network
from itertools import combinations

import pytest

from components.eks import control_plane, encryption, iam, model_bucket
from components.eks.gpu_node_pool import node_class_spec, node_pool_spec
from components.eks.network import address_plan
from model_repo import Repositories, assemble
from stacks.schema import KUBERNETES_VERSIONS, GpuPool, Nodes
from tests.factories import a_service

ZONES = ("use1-az4", "use1-az5", "use1-az6")


@pytest.mark.parametrize("cidr", ["10.64.0.0/16", "10.64.0.0/20"])
def test_every_zone_has_a_quarter_of_the_network_and_no_two_subnets_meet(cidr: str) -> None:
    plan = address_plan(cidr, ZONES)
    subnets = [network for zone in plan.values() for network in (zone.private, zone.public)]

    assert [zone.private.prefixlen for zone in plan.values()] == [IPv4Network(cidr).prefixlen + 2] * 3
    assert all(network.subnet_of(IPv4Network(cidr)) for network in subnets)
    assert not any(one.overlaps(other) for one, other in combinations(subnets, 2))


def test_a_zone_that_is_added_moves_no_other() -> None:
    two, three = address_plan("10.64.0.0/16", ZONES[:2]), address_plan("10.64.0.0/16", ZONES)

    assert {zone: three[zone] for zone in two} == two


def test_burst_nodes_stop_at_what_the_floor_leaves_of_the_pool() -> None:
    pool = GpuPool(instance_types=("g6.xlarge", "g6.48xlarge"), nodes=Nodes(min=2, max=6), capacity="spot")
    spec = node_pool_spec("l4", pool)

    assert spec["limits"] == {"nodes": "4"}
    assert spec["template"]["spec"]["requirements"][1]["values"] == ["g6.xlarge", "g6.48xlarge"]
    assert spec["template"]["spec"]["requirements"][2]["values"] == ["spot", "on-demand"]


def test_burst_nodes_carry_the_tags_that_costs_are_told_apart_by_and_hide_their_credentials_from_pods() -> None:
    spec = node_class_spec("v20260903", {"plimsoll:stack": "plimsoll-prod"}, "profile", "sg-1", ["subnet-1"])

    assert spec["tags"] == {"plimsoll:stack": "plimsoll-prod"}
    assert spec["metadataOptions"]["httpPutResponseHopLimit"] == 1
    assert spec["blockDeviceMappings"][0]["ebs"]["encrypted"] is True


def test_every_addon_of_aws_is_pinned_for_every_kubernetes_version_and_kube_proxy_to_its_own() -> None:
    for addon in control_plane.SYSTEM_ADDONS:
        assert tuple(addon.versions) == KUBERNETES_VERSIONS
        assert all("eksbuild" in version for version in addon.versions.values())
    [kube_proxy] = [addon for addon in control_plane.SYSTEM_ADDONS if addon.name == "kube-proxy"]
    assert all(pinned.startswith(f"v{version}.") for version, pinned in kube_proxy.versions.items())


def test_a_kubeconfig_holds_no_credentials() -> None:
    config = json.loads(control_plane.kubeconfig("ours", "us-east-1", "https://api", "authority"))
    [user] = config["users"]

    assert user["user"]["exec"]["command"] == "aws"
    assert user["user"].keys() == {"exec"}


@pytest.mark.parametrize("service", [iam.PODS, "eks.amazonaws.com", "vpc-flow-logs.amazonaws.com"])
def test_a_role_is_taken_on_for_this_account_only(service: str) -> None:
    [statement] = json.loads(iam.trusted(service, "111122223333"))["Statement"]

    assert statement["Principal"] == {"Service": service}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}


def test_the_key_is_the_accounts_and_for_logs_of_this_account() -> None:
    owner, logs = json.loads(encryption.key_policy("us-east-1", "111122223333"))["Statement"]

    assert owner["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert "111122223333" in json.dumps(logs["Condition"])


def test_two_versions_with_one_content_are_uploaded_once() -> None:
    same = assemble("digits", a_service()).stable

    assert list(model_bucket.unique(Repositories(same, same))) == [same]
    assert model_bucket.prefix("digits", same) == f"digits/{same.digest}"
