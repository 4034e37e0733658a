"""The committed AWS stacks through the real engine, on the stand-ins: from the first preview to an empty account."""

import json
from collections import Counter
from collections.abc import Generator

import pytest

from tests.conftest import UPDATE
from tests.stacks.configs import put
from tests.standin.account import ENVIRONMENTS, Account, an_account
from tests.standin.inventory import inventory

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def account(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Account]:
    """A fresh account, with nothing in it yet. The tests go through a stack's life in their order."""
    with an_account(request.param, tmp_path_factory) as fresh:
        yield fresh


def test_a_preview_creates_nothing_and_an_update_what_it_said(account: Account) -> None:
    planned = account.planned(account.config)
    assert set(planned) == {"create"}
    assert inventory(account.aws) == account.at_first

    account.up(account.config)

    state = json.loads(account.project.pulumi("stack", "export").output)
    assert len(state["deployment"]["resources"]) == planned["create"]
    assert account.aws.eks.list_clusters()["clusters"] == [account.cluster]


def test_another_update_has_nothing_to_do(account: Account) -> None:
    assert account.planned(account.config) == Counter()


def test_another_owner_is_a_tag_that_changes_in_place(account: Account) -> None:
    renamed = put(account.config, "budget.owner", "platform-team")

    assert set(account.planned(renamed)) == {"update"}
    account.up(renamed)

    tags = account.aws.eks.describe_cluster(name=account.cluster)["cluster"]["tags"]
    assert tags["plimsoll:owner"] == "platform-team"
    account.up(account.config)


def test_another_network_would_be_a_replacement_and_protection_refuses_it(account: Account) -> None:
    before = inventory(account.aws)
    moved = put(account.config, "cluster.network.cidr", "10.99.0.0/16")

    refused = account.project.preview(moved, "--diff")

    assert refused.code != 0
    assert "protect" in refused.output
    account.project.configure(moved)
    assert account.project.pulumi(*UPDATE).code != 0
    assert inventory(account.aws) == before


def test_an_engine_that_cannot_be_built_leaves_the_servers_as_they_are(account: Account) -> None:
    service = next(iter(account.config["services"]))
    coarser = put(account.config, f"services.{service}.engine.precision", "int8")
    deployments = {name: kept for name, kept in account.objects.kept.items() if "Deployment" in name}
    account.objects.failing = {"kubernetes:batch/v1:Job"}
    account.project.configure(coarser)

    refused = account.project.pulumi(*UPDATE)

    assert refused.code != 0
    assert f"{service}-engine-" in refused.output
    assert {name: kept for name, kept in account.objects.kept.items() if "Deployment" in name} == deployments
    account.objects.failing = set()
    account.up(account.config)


def test_what_somebody_changed_by_hand_is_found_and_put_right(account: Account) -> None:
    group = f"{account.cluster}-system"
    size = account.aws.eks.describe_nodegroup(clusterName=account.cluster, nodegroupName=group)["nodegroup"][
        "scalingConfig"
    ]
    account.aws.eks.update_nodegroup_config(
        clusterName=account.cluster, nodegroupName=group, scalingConfig={**size, "maxSize": 99}
    )
    [bucket] = account.aws.s3.list_buckets()["Buckets"]
    account.aws.s3.delete_public_access_block(Bucket=bucket["Name"])
    account.project.configure(account.config)

    found = account.project.pulumi("refresh", "--yes", "--skip-preview")
    assert found.code == 0, found.output
    assert "~ 1 updated" in found.output
    assert "- 1 deleted" in found.output
    account.up(account.config)

    healed = account.aws.eks.describe_nodegroup(clusterName=account.cluster, nodegroupName=group)["nodegroup"]
    assert healed["scalingConfig"] == size
    assert account.aws.s3.get_public_access_block(Bucket=bucket["Name"])
    assert account.planned(account.config) == Counter()


def test_the_brake_takes_burst_nodes_and_gives_them_back(account: Account) -> None:
    def pools() -> set[str]:
        return {each["metadata"]["name"] for each in account.objects.objects if each["kind"] == "NodePool"}

    bursting = pools()
    assert bursting

    account.up(put(account.config, "emergency", {"stop": True}))
    assert pools() == set()

    account.up(account.config)
    assert pools() == bursting


def test_what_is_protected_goes_only_when_told_and_then_nothing_is_left(account: Account) -> None:
    [bucket] = account.aws.s3.list_buckets()["Buckets"]
    account.aws.s3.put_object(Bucket=bucket["Name"], Key="digits/engines/0123/digits/2/model.plan", Body=b"built")
    refused = account.project.destroy()
    assert refused.code != 0
    assert account.aws.eks.list_clusters()["clusters"] == [account.cluster]

    freed = account.project.pulumi("state", "unprotect", "--all", "--yes")
    assert freed.code == 0, freed.output
    destroyed = account.project.destroy()

    assert destroyed.code == 0, destroyed.output
    assert inventory(account.aws) == account.at_first
    assert account.objects.kept == {}


def test_addons_that_others_install_are_looked_for_once_there_is_a_cluster(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with an_account("dev", tmp_path_factory) as account:
        config = put(account.config, "addons", {"kind": "preinstalled"})

        previewed = account.project.preview(config)
        updated = account.up(config)

    assert previewed.code == 0, previewed.output
    assert "The cluster is not made yet. Its add-ons are looked for as soon as it is." in previewed.output
    # There is no cluster behind the stand-ins.
    assert "The cluster could not be asked for its add-ons" in updated.output
