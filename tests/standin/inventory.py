"""Everything that is in a region of moto's, to see what an update left there."""

from collections.abc import Callable, Mapping

from tests.standin.aws_calls import Aws

GONE = ("deleted", "deleting", "PendingDeletion")

LISTS: Mapping[str, Callable[[Aws], list[str]]] = {
    "VPCs": lambda aws: [each["VpcId"] for each in aws.ec2.describe_vpcs()["Vpcs"]],
    "subnets": lambda aws: [each["SubnetId"] for each in aws.ec2.describe_subnets()["Subnets"]],
    "internet gateways": lambda aws: [
        each["InternetGatewayId"] for each in aws.ec2.describe_internet_gateways()["InternetGateways"]
    ],
    "NAT gateways": lambda aws: [
        each["NatGatewayId"] for each in aws.ec2.describe_nat_gateways()["NatGateways"] if each["State"] not in GONE
    ],
    "addresses": lambda aws: [each["AllocationId"] for each in aws.ec2.describe_addresses()["Addresses"]],
    "route tables": lambda aws: [each["RouteTableId"] for each in aws.ec2.describe_route_tables()["RouteTables"]],
    "endpoints": lambda aws: [
        each["VpcEndpointId"]
        for each in aws.ec2.describe_vpc_endpoints()["VpcEndpoints"]
        if each["State"].lower() not in GONE
    ],
    "security groups": lambda aws: [each["GroupId"] for each in aws.ec2.describe_security_groups()["SecurityGroups"]],
    "flow logs": lambda aws: [each["FlowLogId"] for each in aws.ec2.describe_flow_logs()["FlowLogs"]],
    "launch templates": lambda aws: [
        each["LaunchTemplateName"] for each in aws.ec2.describe_launch_templates()["LaunchTemplates"]
    ],
    "roles": lambda aws: [each["RoleName"] for each in aws.iam.list_roles()["Roles"]],
    "instance profiles": lambda aws: [
        each["InstanceProfileName"] for each in aws.iam.list_instance_profiles()["InstanceProfiles"]
    ],
    "keys": lambda aws: [
        each["KeyId"]
        for each in aws.kms.list_keys()["Keys"]
        if aws.kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"]["KeyState"] not in GONE
    ],
    "aliases": lambda aws: [
        each["AliasName"]
        for each in aws.kms.list_aliases()["Aliases"]
        if not each["AliasName"].startswith("alias/aws/")
    ],
    "log groups": lambda aws: [each["logGroupName"] for each in aws.logs.describe_log_groups()["logGroups"]],
    "queues": lambda aws: aws.sqs.list_queues().get("QueueUrls", []),
    "event rules": lambda aws: [each["Name"] for each in aws.events.list_rules()["Rules"]],
    "clusters": lambda aws: aws.eks.list_clusters()["clusters"],
    "buckets": lambda aws: [each["Name"] for each in aws.s3.list_buckets()["Buckets"]],
    "budgets": lambda aws: [
        each["BudgetName"] for each in aws.budgets.describe_budgets(AccountId=aws.account_id).get("Budgets", ())
    ],
}


def inventory(aws: Aws) -> dict[str, list[str]]:
    """What there is, by kind, in order."""
    return {what: sorted(listed(aws)) for what, listed in LISTS.items()}
