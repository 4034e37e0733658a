"""What Pulumi placed on AWS, as the JSON of a Terraform plan: `pulumi_aws` is Terraform's provider under other names.

Terraform's own names are in no package of Pulumi's, so they are made from Pulumi's by its rules, and tables hold what
the rules can't say. The provider's own defaults, which a real plan shows, are not in it: checkov takes what is absent
for the default, or fails.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from tests.standin.protocol import SIGNATURE

Resource = Mapping[str, Any]
"""A resource, as `pulumi stack export` shows it."""

MODULES = {"ec2": ""}
"""The modules whose name is no part of a type's."""

TYPES = {"aws:s3/bucketObjectv2:BucketObjectv2": "aws_s3_object"}
"""Types that Pulumi gave names of its own."""

MAPS = frozenset({"labels", "tags"})
"""Objects whose keys are the user's. All others are blocks."""

BLOCKS = {
    "blockDeviceMappings": "block_device_mappings",
    "costFilters": "cost_filter",
    "notifications": "notification",
    "podIdentityAssociations": "pod_identity_association",
    "rules": "rule",
    "tagSpecifications": "tag_specifications",
    "taints": "taint",
}
"""Blocks that may be repeated: Pulumi names the list, Terraform mostly one of them."""


def plan(resources: Iterable[Resource]) -> dict[str, Any]:
    """The plan that creates those of the resources that are AWS'."""
    on_aws = [each for each in resources if each["type"].startswith("aws:")]
    values = [{**_named(each["urn"]), "values": _block(each["inputs"])} for each in on_aws]
    references = [{**_named(each["urn"]), "expressions": _references(each)} for each in on_aws]
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",  # what checkov knows a plan by
        "planned_values": {"root_module": {"resources": values}},
        "configuration": {"root_module": {"resources": references}},
    }


def terraform_type(token: str) -> str:
    """Terraform's name of a type: `aws:eks/nodeGroup:NodeGroup` is `aws_eks_node_group`."""
    module, _, name = token.removeprefix("aws:").partition(":")
    module = module.partition("/")[0]
    return TYPES.get(token) or f"aws_{MODULES.get(module, f'{module}_')}{_snake(name)}"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _named(urn: str) -> dict[str, str]:
    token, name = urn.split("::")[2].rpartition("$")[2], urn.rpartition("::")[2]
    of_type, local = terraform_type(token), re.sub(r"\W", "_", name)
    return {"mode": "managed", "type": of_type, "name": local, "address": f"{of_type}.{local}"}


def _block(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs, or what is in one of them, as Terraform has them. Raises LookupError where a table lacks an entry."""
    block: dict[str, Any] = {}
    for name, value in inputs.items():
        match value:
            case dict() if SIGNATURE in value:  # a file, which is no setting
                pass
            case dict() if name not in MAPS:
                block[_snake(name)] = [_block(cast("dict[str, Any]", value))]
            case [dict(), *_]:
                if name not in BLOCKS:
                    raise LookupError(f"{name} is a list of blocks: add its Terraform name to BLOCKS in {__file__}")
                block[BLOCKS[name]] = [_block(each) for each in cast("list[dict[str, Any]]", value)]
            case _:
                block[_snake(name)] = value
    return block


def _references(resource: Resource) -> dict[str, Any]:
    """Which other resources an input is made of: what checks of several resources at once go by."""
    return {
        BLOCKS.get(name, _snake(name)): {"references": [_named(urn)["address"] for urn in urns]}
        for name, urns in resource.get("propertyDependencies", {}).items()
        if urns
    }
