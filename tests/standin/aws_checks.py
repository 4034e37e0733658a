"""What AWS refuses though its models of requests do not say so. Each with where it is written."""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from ipaddress import IPv4Network
from typing import Any

from tests.standin.protocol import Values, unknown

Check = Callable[[Values], Iterator[tuple[str, str]]]


@cache
def instance_types() -> Mapping[str, Any]:
    """EC2 DescribeInstanceTypes, as moto has it."""
    record = files("moto") / "ec2" / "resources" / "instance_types.json.gz"
    return json.loads(gzip.decompress(record.read_bytes()))


def a_vpc_has_16_to_65536_addresses(inputs: Values) -> Iterator[tuple[str, str]]:
    """EC2, CreateVpc: "between a /28 netmask and /16 netmask"."""
    if not 16 <= IPv4Network(inputs["cidrBlock"]).prefixlen <= 28:
        yield "cidrBlock", f"The CIDR '{inputs['cidrBlock']}' is invalid: a VPC is a /16 to /28"


def the_public_endpoint_is_said_with_its_callers(inputs: Values) -> Iterator[tuple[str, str]]:
    """EKS, VpcConfigRequest: at least one endpoint; and everybody is whom an absent list lets in."""
    vpc = inputs["vpcConfig"]
    if not vpc.get("endpointPrivateAccess") and not vpc.get("endpointPublicAccess"):
        yield "vpcConfig", "Private and public endpoint access cannot be false"
    if vpc.get("endpointPublicAccess") and not vpc.get("publicAccessCidrs"):
        yield "vpcConfig.publicAccessCidrs", "absent means 0.0.0.0/0"
    if len(set(vpc["subnetIds"])) < 2 and not unknown(vpc["subnetIds"]):
        yield "vpcConfig.subnetIds", "Subnets specified must be in at least two different AZs"


def sizes_are_ordered(inputs: Values) -> Iterator[tuple[str, str]]:
    """EKS, NodegroupScalingConfig."""
    size = inputs["scalingConfig"]
    if not size["minSize"] <= size["desiredSize"] <= size["maxSize"]:
        yield "scalingConfig", f"minSize <= desiredSize <= maxSize does not hold: {size}"


def images_fit_instances(inputs: Values) -> Iterator[tuple[str, str]]:
    """EKS, AMITypes: an image has the drivers and the architecture of its instances, or its nodes are of no use."""
    image = inputs.get("amiType", "")
    for name in inputs.get("instanceTypes") or ():
        facts = instance_types().get(name)
        if facts is None:
            yield "instanceTypes", f"The requested instance type '{name}' does not exist"
            continue
        if "GpuInfo" in facts and "NVIDIA" not in image:
            yield "amiType", f"{image} has no NVIDIA driver, and {name} has {facts['GpuInfo']['Gpus'][0]['Name']} GPUs"
        if "GpuInfo" not in facts and "NVIDIA" in image:
            yield "amiType", f"{image} is for GPUs, and {name} has none"
        if "x86_64" not in facts["ProcessorInfo"]["SupportedArchitectures"]:
            yield "amiType", f"{image} is for x86-64, and {name} is not"
    if image.startswith("AL2_"):
        yield "amiType", "AWS publishes no AL2 image for Kubernetes 1.33 and later"


def addresses_are_named(inputs: Values) -> Iterator[tuple[str, str]]:
    """Budgets, Subscriber: five alarms at most, each with somebody to hear it."""
    if len(inputs.get("notifications") or ()) > 5:
        yield "notifications", "a budget has at most 5"


CHECKS: Mapping[str, tuple[Check, ...]] = {
    "aws:ec2/vpc:Vpc": (a_vpc_has_16_to_65536_addresses,),
    "aws:eks/cluster:Cluster": (the_public_endpoint_is_said_with_its_callers,),
    "aws:eks/nodeGroup:NodeGroup": (sizes_are_ordered, images_fit_instances),
    "aws:budgets/budget:Budget": (addresses_are_named,),
}
