import pytest

from tests.scanner.terraform import plan, terraform_type

URN = "urn:pulumi:test::plimsoll::plimsoll:eks:Network$"
VPC = {"urn": f"{URN}aws:ec2/vpc:Vpc::net-work", "type": "aws:ec2/vpc:Vpc", "inputs": {"cidrBlock": "10.0.0.0/16"}}


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("aws:ec2/vpc:Vpc", "aws_vpc"),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws_vpc_security_group_ingress_rule"),
        ("aws:cloudwatch/logGroup:LogGroup", "aws_cloudwatch_log_group"),
        ("aws:s3/bucketObjectv2:BucketObjectv2", "aws_s3_object"),
    ],
)
def test_a_type_has_the_name_that_terraform_gives_it(token: str, name: str) -> None:
    assert terraform_type(token) == name


def test_settings_are_terraforms_blocks_and_what_users_name_is_left_alone() -> None:
    inputs = {
        "vpcConfig": {"endpointPublicAccess": True},
        "taints": [{"effect": "NO_SCHEDULE"}],
        "tags": {"camelCase": "kept"},
    }

    [made] = plan([{**VPC, "inputs": inputs}])["planned_values"]["root_module"]["resources"]

    assert made["values"] == {
        "vpc_config": [{"endpoint_public_access": True}],
        "taint": [{"effect": "NO_SCHEDULE"}],
        "tags": {"camelCase": "kept"},
    }


def test_an_input_names_the_resources_that_it_is_made_of() -> None:
    subnet = {
        "urn": f"{URN}aws:ec2/subnet:Subnet::subnet",
        "type": "aws:ec2/subnet:Subnet",
        "inputs": {"vpcId": "vpc-1"},
        "propertyDependencies": {"vpcId": [VPC["urn"]], "cidrBlock": None},
    }

    _, made = plan([VPC, subnet])["configuration"]["root_module"]["resources"]

    assert made["address"] == "aws_subnet.subnet"
    assert made["expressions"] == {"vpc_id": {"references": ["aws_vpc.net_work"]}}


def test_blocks_that_no_table_names_are_refused_by_name() -> None:
    with pytest.raises(LookupError, match="novelties"):
        plan([{**VPC, "inputs": {"novelties": [{"some": "thing"}]}}])
