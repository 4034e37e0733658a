"""The AWS types that the program uses, a table: how each is created, read, changed and deleted by boto3.

Supporting another type is one entry of `TYPES`. What AWS demands of a request, botocore's model of the service says;
what it does not say, and AWS refuses all the same, is said in `aws_checks.py`.
"""

# boto3 carries no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

Values = dict[str, Any]
"""A resource's inputs or outputs, as Pulumi spells them."""


class Aws:
    """Clients of one region's services, all of them moto's."""

    def __init__(self, endpoint: str, region: str) -> None:
        self.region = region
        self._endpoint = endpoint
        self._clients: dict[str, Any] = {}

    def __getattr__(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = boto3.client(  # pyright: ignore[reportCallIssue, reportUnknownMemberType] - by name
                service,  # pyright: ignore[reportArgumentType]
                endpoint_url=self._endpoint,
                region_name=self.region,
                aws_access_key_id="test",
                aws_secret_access_key="test",  # noqa: S106 - moto asks for some
                config=Config(retries={"max_attempts": 0}),
            )
        return self._clients[service]

    @property
    def account_id(self) -> str:
        """The account that moto plays."""
        return self.sts.get_caller_identity()["Account"]

    def arn(self, service: str, resource: str, *, region: str | None = None) -> str:
        """The ARN of something of this account."""
        return f"arn:aws:{service}:{self.region if region is None else region}:{self.account_id}:{resource}"


@dataclass(frozen=True, kw_only=True)
class Type:
    """One resource type."""

    service: str
    create: str
    """The operation that makes one, as boto3 spells it: its request is checked against botocore's model."""
    request: Callable[[Values], Values]
    """That operation's arguments."""
    identity: Callable[[Values, Values], str]
    """The resource's ID, from its inputs and the operation's answer."""
    read: Callable[[Aws, str], Values]
    """The properties that AWS has, by ID. Raises ClientError where there is no such resource."""
    delete: Callable[[Aws, str], object]
    settle: Callable[[Aws, str, Values, Values], object] | None = None
    """What is set by calls of its own, on creation (with no old inputs) and on a change: old inputs, then new."""
    replaces: frozenset[str] = frozenset()
    """The inputs that can't be changed."""
    names_itself: str = ""
    """The input that gets a name if it has none."""
    tagged: bool = True
    """Whether it has tags, so that a provider's default tags are its own."""
    assets: frozenset[str] = field(default_factory=frozenset[str])


def absent(code: str, what: str) -> ClientError:
    """A service's word for something that is not there."""
    return ClientError({"Error": {"Code": code, "Message": what}}, "Describe")


def given(values: Values, **names: str) -> Values:
    """Those of the inputs that are there, under the names of a request: `CidrBlock="cidrBlock"`."""
    return {name: values[key] for name, key in names.items() if values.get(key) is not None}


def upper(value: Any) -> Any:
    """Nested inputs as EC2 spells them: every key with a capital."""
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: upper(each) for key, each in value.items()}
    return [upper(each) for each in value] if isinstance(value, list) else value


def pairs(tags: Mapping[str, str] | None) -> list[dict[str, str]]:
    """Tags as a list of keys and values."""
    return [{"Key": key, "Value": value} for key, value in (tags or {}).items()]


def tags_of(listed: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """Tags as a mapping, from such a list."""
    return {tag["Key"]: tag["Value"] for tag in listed or () if not tag["Key"].startswith("aws:")}


def differs(key: str, old: Values, new: Values) -> bool:
    """Whether an input is to be set: it is new, or another."""
    return old.get(key) != new.get(key)


def _tag_specification(kind: str, values: Values) -> Values:
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": pairs(values["tags"])}]} if values.get("tags") else {}


def _retag_ec2(aws: Aws, identity: str, old: Values, new: Values) -> None:
    if old and differs("tags", old, new):
        aws.ec2.delete_tags(Resources=[identity], Tags=[{"Key": key} for key in old.get("tags") or {}])
        if new.get("tags"):
            aws.ec2.create_tags(Resources=[identity], Tags=pairs(new["tags"]))


def _ec2(
    kind: str,
    *,
    create: str,
    request: Callable[[Values], Values],
    answer: Sequence[str | int],
    describe: str,
    ids: str,
    listed: str,
    outputs: Callable[[Aws, Values], Values],
    delete: str,
    id_name: str,
    settle: Callable[[Aws, str, Values, Values], object] | None = None,
    replaces: Iterable[str] = (),
    id_in_list: bool = False,
) -> Type:
    """A type of EC2's: all of them are created, described, tagged and deleted alike."""

    def identity(_inputs: Values, made: Values) -> str:
        found: Any = made
        for key in answer:
            found = found[key]
        return str(found)

    def read(aws: Aws, wanted: str) -> Values:
        found = getattr(aws.ec2, describe)(**{ids: [wanted]})[listed]
        if not found or found[0].get("State") in ("deleted", "deleting"):
            raise absent(f"{kind}.NotFound", wanted)
        return {**outputs(aws, found[0]), "tags": tags_of(found[0].get("Tags"))}

    def settled(aws: Aws, wanted: str, old: Values, new: Values) -> None:
        _retag_ec2(aws, wanted, old, new)
        if settle:
            settle(aws, wanted, old, new)

    return Type(
        service="ec2",
        create=create,
        request=lambda values: {**request(values), **_tag_specification(kind, values)},
        identity=identity,
        read=read,
        delete=lambda aws, wanted: getattr(aws.ec2, delete)(**{id_name: [wanted] if id_in_list else wanted}),
        settle=settled,
        replaces=frozenset(replaces),
    )


def _vpc_attributes(aws: Aws, vpc: str, _old: Values, new: Values) -> None:
    for key, name in (("enableDnsSupport", "EnableDnsSupport"), ("enableDnsHostnames", "EnableDnsHostnames")):
        if new.get(key) is not None:
            aws.ec2.modify_vpc_attribute(VpcId=vpc, **{name: {"Value": new[key]}})


def _vpc(aws: Aws, found: Values) -> Values:
    def attribute(name: str) -> bool:
        answer = aws.ec2.describe_vpc_attribute(VpcId=found["VpcId"], Attribute=name)
        return answer[name[:1].upper() + name[1:]]["Value"]

    return {
        "arn": aws.arn("ec2", f"vpc/{found['VpcId']}"),
        "cidrBlock": found["CidrBlock"],
        "enableDnsSupport": attribute("enableDnsSupport"),
        "enableDnsHostnames": attribute("enableDnsHostnames"),
    }


def _subnet_attributes(aws: Aws, subnet: str, _old: Values, new: Values) -> None:
    if (public := new.get("mapPublicIpOnLaunch")) is not None:
        aws.ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": public})


def _attach_internet_gateway(aws: Aws, gateway: str, old: Values, new: Values) -> None:
    if not old:
        aws.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=new["vpcId"])


def _delete_internet_gateway(aws: Aws, gateway: str) -> None:
    [found] = aws.ec2.describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"]
    for attachment in found["Attachments"]:
        aws.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=attachment["VpcId"])
    aws.ec2.delete_internet_gateway(InternetGatewayId=gateway)


def _close_default_group(aws: Aws, group: str, _old: Values, new: Values) -> None:
    """Take a VPC's own group over: no rule but those given, and none is."""
    assert not new.get("ingress")
    assert not new.get("egress")
    [found] = aws.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    if found["IpPermissions"]:
        aws.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=found["IpPermissions"])
    if found["IpPermissionsEgress"]:
        aws.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=found["IpPermissionsEgress"])


def _default_group(aws: Aws, group: str) -> Values:
    [found] = aws.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return {"vpcId": found["VpcId"], "ingress": found["IpPermissions"], "egress": found["IpPermissionsEgress"]}


def _route(aws: Aws, identity: str) -> Values:
    table, _, destination = identity.partition("_")
    [found] = aws.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    for route in found["Routes"]:
        if route.get("DestinationCidrBlock") == destination:
            return {
                "routeTableId": table,
                "destinationCidrBlock": destination,
                **given(route, gatewayId="GatewayId", natGatewayId="NatGatewayId"),
            }
    raise absent("InvalidRoute.NotFound", identity)


def _association(aws: Aws, identity: str) -> Values:
    wanted = [{"Name": "association.route-table-association-id", "Values": [identity]}]
    found = aws.ec2.describe_route_tables(Filters=wanted)["RouteTables"]
    for association in (each for table in found for each in table["Associations"]):
        if association["RouteTableAssociationId"] == identity:
            return {"routeTableId": association["RouteTableId"], "subnetId": association["SubnetId"]}
    raise absent("InvalidAssociationID.NotFound", identity)


def _ingress_rule(aws: Aws, identity: str) -> Values:
    [found] = aws.ec2.describe_security_group_rules(SecurityGroupRuleIds=[identity])["SecurityGroupRules"]
    return {
        "securityGroupId": found["GroupId"],
        "ipProtocol": found["IpProtocol"],
        "fromPort": found["FromPort"],
        "toPort": found["ToPort"],
        "cidrIpv4": found["CidrIpv4"],
        "tags": tags_of(found.get("Tags")),
    }


def _delete_ingress_rule(aws: Aws, identity: str) -> None:
    group = _ingress_rule(aws, identity)["securityGroupId"]
    aws.ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[identity])


def _template_data(values: Values) -> Values:
    data = given(values, MetadataOptions="metadataOptions", BlockDeviceMappings="blockDeviceMappings")
    data = upper(data)
    for mapping in data.get("BlockDeviceMappings", ()):
        # The provider's types have these two as text.
        for key in ("Encrypted", "DeleteOnTermination"):
            if key in mapping.get("Ebs", {}):
                mapping["Ebs"][key] = mapping["Ebs"][key] == "true"
    specifications = [
        {"ResourceType": each["resourceType"], "Tags": pairs(each["tags"])} for each in values["tagSpecifications"]
    ]
    return {**data, "TagSpecifications": specifications}


def _new_template_version(aws: Aws, template: str, old: Values, new: Values) -> None:
    if old and any(differs(key, old, new) for key in ("metadataOptions", "blockDeviceMappings", "tagSpecifications")):
        made = aws.ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=_template_data(new))
        number = str(made["LaunchTemplateVersion"]["VersionNumber"])
        aws.ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion=number)


# --- IAM -------------------------------------------------------------------------------------------------------------


def _role(aws: Aws, name: str) -> Values:
    role = aws.iam.get_role(RoleName=name)["Role"]
    return {
        "name": name,
        "arn": role["Arn"],
        "assumeRolePolicy": json.dumps(role["AssumeRolePolicyDocument"]),
        "tags": tags_of(aws.iam.list_role_tags(RoleName=name)["Tags"]),
    }


def _settle_role(aws: Aws, name: str, old: Values, new: Values) -> None:
    if old and differs("assumeRolePolicy", old, new):
        aws.iam.update_assume_role_policy(RoleName=name, PolicyDocument=new["assumeRolePolicy"])
    if old and differs("tags", old, new):
        aws.iam.untag_role(RoleName=name, TagKeys=list(old.get("tags") or {}))
        aws.iam.tag_role(RoleName=name, Tags=pairs(new.get("tags")))


def _attachment(aws: Aws, identity: str) -> Values:
    role, _, policy = identity.partition("/")
    attached = aws.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    if policy not in {each["PolicyArn"] for each in attached}:
        raise absent("NoSuchEntity", identity)
    return {"role": role, "policyArn": policy}


def _role_policy(aws: Aws, identity: str) -> Values:
    role, _, name = identity.partition(":")
    found = aws.iam.get_role_policy(RoleName=role, PolicyName=name)
    return {"role": role, "name": name, "policy": json.dumps(found["PolicyDocument"])}


def _put_role_policy(aws: Aws, identity: str, old: Values, new: Values) -> None:
    role, _, name = identity.partition(":")
    if old:
        aws.iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=new["policy"])


def _profile(aws: Aws, name: str) -> Values:
    found = aws.iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    return {
        "name": name,
        "arn": found["Arn"],
        "role": next((role["RoleName"] for role in found["Roles"]), None),
        "tags": tags_of(found.get("Tags")),
    }


def _settle_profile(aws: Aws, name: str, old: Values, new: Values) -> None:
    if old.get("role") and differs("role", old, new):
        aws.iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=old["role"])
    if differs("role", old, new):
        aws.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=new["role"])
    if old and differs("tags", old, new):
        aws.iam.untag_instance_profile(InstanceProfileName=name, TagKeys=list(old.get("tags") or {}))
        aws.iam.tag_instance_profile(InstanceProfileName=name, Tags=pairs(new.get("tags")))


def _delete_profile(aws: Aws, name: str) -> None:
    if role := _profile(aws, name)["role"]:
        aws.iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role)
    aws.iam.delete_instance_profile(InstanceProfileName=name)


# --- KMS, logs, queues, events ---------------------------------------------------------------------------------------


def _key(aws: Aws, key: str) -> Values:
    found = aws.kms.describe_key(KeyId=key)["KeyMetadata"]
    if found["KeyState"] == "PendingDeletion":
        raise absent("NotFoundException", key)
    tags = aws.kms.list_resource_tags(KeyId=key)["Tags"]
    return {
        "keyId": key,
        "arn": found["Arn"],
        "description": found["Description"],
        "enableKeyRotation": aws.kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"],
        "policy": aws.kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"],
        "tags": {tag["TagKey"]: tag["TagValue"] for tag in tags},
    }


def _settle_key(aws: Aws, key: str, old: Values, new: Values) -> None:
    if differs("enableKeyRotation", old, new) and new.get("enableKeyRotation"):
        aws.kms.enable_key_rotation(KeyId=key)
    if old and differs("policy", old, new):
        aws.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=new["policy"])
    if old and differs("tags", old, new):
        aws.kms.untag_resource(KeyId=key, TagKeys=list(old.get("tags") or {}))
        aws.kms.tag_resource(KeyId=key, Tags=_key_tags(new))


def _key_tags(values: Values) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in (values.get("tags") or {}).items()]


def _alias(aws: Aws, name: str) -> Values:
    for alias in aws.kms.list_aliases()["Aliases"]:
        if alias["AliasName"] == name:
            return {"name": name, "arn": alias["AliasArn"], "targetKeyId": alias["TargetKeyId"]}
    raise absent("NotFoundException", name)


def _log_group(aws: Aws, name: str) -> Values:
    for group in aws.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]:
        if group["logGroupName"] == name:
            return {
                "name": name,
                "arn": group["arn"].removesuffix(":*"),
                "retentionInDays": group.get("retentionInDays"),
                "kmsKeyId": group.get("kmsKeyId"),
                "tags": aws.logs.list_tags_log_group(logGroupName=name)["tags"],
            }
    raise absent("ResourceNotFoundException", name)


def _settle_log_group(aws: Aws, name: str, old: Values, new: Values) -> None:
    if differs("retentionInDays", old, new):
        aws.logs.put_retention_policy(logGroupName=name, retentionInDays=new["retentionInDays"])
    if old and differs("tags", old, new):
        aws.logs.untag_log_group(logGroupName=name, tags=list(old.get("tags") or {}))
        aws.logs.tag_log_group(logGroupName=name, tags=new["tags"])


def _queue(aws: Aws, url: str) -> Values:
    found = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return {
        "url": url,
        "arn": found["QueueArn"],
        "name": url.rpartition("/")[2],
        "messageRetentionSeconds": int(found["MessageRetentionPeriod"]),
        "tags": aws.sqs.list_queue_tags(QueueUrl=url).get("Tags", {}),
    }


def _queue_attributes(values: Values) -> dict[str, str]:
    return {
        "MessageRetentionPeriod": str(values["messageRetentionSeconds"]),
        "SqsManagedSseEnabled": json.dumps(values.get("sqsManagedSseEnabled", True)),
    }


def _settle_queue(aws: Aws, url: str, old: Values, new: Values) -> None:
    if old and _queue_attributes(old) != _queue_attributes(
        new
    ):  # moto takes the policy out of a queue that is set anew
        aws.sqs.set_queue_attributes(QueueUrl=url, Attributes=_queue_attributes(new))
    if old and differs("tags", old, new):
        aws.sqs.untag_queue(QueueUrl=url, TagKeys=list(old.get("tags") or {}))
        aws.sqs.tag_queue(QueueUrl=url, Tags=new["tags"])


def _queue_policy(aws: Aws, url: str) -> Values:
    found = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {})
    if not found.get("Policy"):
        raise absent("QueuePolicy.NotFound", url)
    return {"queueUrl": url, "policy": found["Policy"]}


def _rule(aws: Aws, name: str) -> Values:
    found = aws.events.describe_rule(Name=name)
    tags = aws.events.list_tags_for_resource(ResourceARN=found["Arn"])["Tags"]
    return {"name": name, "arn": found["Arn"], "eventPattern": found["EventPattern"], "tags": tags_of(tags)}


def _settle_rule(aws: Aws, name: str, old: Values, new: Values) -> None:
    if old and differs("eventPattern", old, new):
        aws.events.put_rule(Name=name, EventPattern=new["eventPattern"])
    if old and differs("tags", old, new):
        arn = aws.events.describe_rule(Name=name)["Arn"]
        aws.events.untag_resource(ResourceARN=arn, TagKeys=list(old.get("tags") or {}))
        aws.events.tag_resource(ResourceARN=arn, Tags=pairs(new["tags"]))


def _target(aws: Aws, identity: str) -> Values:
    rule, _, name = identity.partition("/")
    for target in aws.events.list_targets_by_rule(Rule=rule)["Targets"]:
        if target["Id"] == name:
            return {"rule": rule, "targetId": name, "arn": target["Arn"]}
    raise absent("ResourceNotFoundException", identity)


def _remove_target(aws: Aws, identity: str) -> None:
    rule, _, name = identity.partition("/")
    aws.events.remove_targets(Rule=rule, Ids=[name])


# --- EKS -------------------------------------------------------------------------------------------------------------


def _cluster(aws: Aws, name: str) -> Values:
    found = aws.eks.describe_cluster(name=name)["cluster"]
    vpc = found["resourcesVpcConfig"]
    return {
        "name": name,
        "arn": found["arn"],
        "endpoint": found["endpoint"],
        "version": found["version"],
        "roleArn": found["roleArn"],
        "certificateAuthority": {"data": found["certificateAuthority"]["data"]},
        "vpcConfig": {
            # moto makes none; a real cluster's is a group of the VPC's.
            "clusterSecurityGroupId": vpc.get("clusterSecurityGroupId") or "sg-0123456789abcdef0",
            "subnetIds": vpc["subnetIds"],
            "endpointPrivateAccess": vpc["endpointPrivateAccess"],
            "endpointPublicAccess": vpc["endpointPublicAccess"],
            **given(vpc, publicAccessCidrs="publicAccessCidrs"),
        },
        "tags": found.get("tags", {}),
    }


def _cluster_request(values: Values) -> Values:
    logs = values.get("enabledClusterLogTypes")
    encryption = values.get("encryptionConfig")
    return {
        **given(
            values,
            name="name",
            version="version",
            roleArn="roleArn",
            accessConfig="accessConfig",
            kubernetesNetworkConfig="kubernetesNetworkConfig",
            upgradePolicy="upgradePolicy",
            tags="tags",
            bootstrapSelfManagedAddons="bootstrapSelfManagedAddons",
            resourcesVpcConfig="vpcConfig",
        ),
        **({"logging": {"clusterLogging": [{"types": logs, "enabled": True}]}} if logs else {}),
        **(
            {
                "encryptionConfig": [
                    {"resources": encryption["resources"], "provider": {"keyArn": encryption["provider"]["keyArn"]}}
                ]
            }
            if encryption
            else {}
        ),
    }


def _retag_eks(aws: Aws, arn: str, old: Values, new: Values) -> None:
    if old and differs("tags", old, new):
        gone = [key for key in old.get("tags") or {} if key not in (new.get("tags") or {})]
        if gone:
            aws.eks.untag_resource(resourceArn=arn, tagKeys=gone)
        if new.get("tags"):
            aws.eks.tag_resource(resourceArn=arn, tags=new["tags"])


def _settle_cluster(aws: Aws, name: str, old: Values, new: Values) -> None:
    if not old:
        return
    if differs("version", old, new):
        aws.eks.update_cluster_version(name=name, version=new["version"])
    if differs("vpcConfig", old, new):
        access = {key: each for key, each in new["vpcConfig"].items() if key != "subnetIds"}
        aws.eks.update_cluster_config(name=name, resourcesVpcConfig=access)
    _retag_eks(aws, _cluster(aws, name)["arn"], old, new)


def _node_group(aws: Aws, identity: str) -> Values:
    cluster, _, name = identity.partition(":")
    found = aws.eks.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]
    return {
        "clusterName": cluster,
        "nodeGroupName": name,
        "arn": found["nodegroupArn"],
        "status": found["status"],
        "scalingConfig": found["scalingConfig"],
        "instanceTypes": found["instanceTypes"],
        "labels": found.get("labels", {}),
        "tags": found.get("tags", {}),
    }


def _node_group_request(values: Values) -> Values:
    return given(
        values,
        clusterName="clusterName",
        nodegroupName="nodeGroupName",
        nodeRole="nodeRoleArn",
        subnets="subnetIds",
        scalingConfig="scalingConfig",
        amiType="amiType",
        capacityType="capacityType",
        instanceTypes="instanceTypes",
        labels="labels",
        taints="taints",
        version="version",
        launchTemplate="launchTemplate",
        updateConfig="updateConfig",
        nodeRepairConfig="nodeRepairConfig",
        tags="tags",
    )


def _settle_node_group(aws: Aws, identity: str, old: Values, new: Values) -> None:
    cluster, _, name = identity.partition(":")
    if old and differs("scalingConfig", old, new):
        aws.eks.update_nodegroup_config(clusterName=cluster, nodegroupName=name, scalingConfig=new["scalingConfig"])
    if old:
        _retag_eks(aws, _node_group(aws, identity)["arn"], old, new)


def _delete_node_group(aws: Aws, identity: str) -> None:
    cluster, _, name = identity.partition(":")
    aws.eks.delete_nodegroup(clusterName=cluster, nodegroupName=name)


def _addon(aws: Aws, identity: str) -> Values:
    cluster, _, name = identity.partition(":")
    found = aws.eks.describe_addon(clusterName=cluster, addonName=name)["addon"]
    return {
        "clusterName": cluster,
        "addonName": name,
        "arn": found["addonArn"],
        "addonVersion": found["addonVersion"],
        **given(found, configurationValues="configurationValues"),
        "tags": found.get("tags", {}),
    }


def _settle_addon(aws: Aws, identity: str, old: Values, new: Values) -> None:
    cluster, _, name = identity.partition(":")
    if old:
        changed = given(new, addonVersion="addonVersion", configurationValues="configurationValues", tags="tags")
        aws.eks.update_addon(clusterName=cluster, addonName=name, **{k: v for k, v in changed.items() if k != "tags"})
        _retag_eks(aws, _addon(aws, identity)["arn"], old, new)


def _delete_addon(aws: Aws, identity: str) -> None:
    cluster, _, name = identity.partition(":")
    aws.eks.delete_addon(clusterName=cluster, addonName=name)


def _entry(aws: Aws, identity: str) -> Values:
    cluster, _, principal = identity.partition(":")
    found = aws.eks.describe_access_entry(clusterName=cluster, principalArn=principal)["accessEntry"]
    return {
        "clusterName": cluster,
        "principalArn": principal,
        "accessEntryArn": found["accessEntryArn"],
        "type": found["type"],
        "tags": found.get("tags", {}),
    }


def _settle_entry(aws: Aws, identity: str, old: Values, new: Values) -> None:
    _retag_eks(aws, _entry(aws, identity)["accessEntryArn"], old, new)


def _delete_entry(aws: Aws, identity: str) -> None:
    cluster, _, principal = identity.partition(":")
    aws.eks.delete_access_entry(clusterName=cluster, principalArn=principal)


def _policy_association(aws: Aws, identity: str) -> Values:
    cluster, principal, policy = identity.split("#")
    found = aws.eks.list_associated_access_policies(clusterName=cluster, principalArn=principal)
    for association in found["associatedAccessPolicies"]:
        if association["policyArn"] == policy:
            return {
                "clusterName": cluster,
                "principalArn": principal,
                "policyArn": policy,
                "accessScope": association["accessScope"],
            }
    raise ClientError(
        {"Error": {"Code": "ResourceNotFoundException", "Message": identity}}, "ListAssociatedAccessPolicies"
    )


def _disassociate(aws: Aws, identity: str) -> None:
    cluster, principal, policy = identity.split("#")
    aws.eks.disassociate_access_policy(clusterName=cluster, principalArn=principal, policyArn=policy)


def _pod_identity(aws: Aws, identity: str) -> Values:
    cluster, _, association = identity.partition(",")
    found = aws.eks.describe_pod_identity_association(clusterName=cluster, associationId=association)["association"]
    return {
        **{key: found[key] for key in ("clusterName", "namespace", "serviceAccount", "roleArn", "associationId")},
        "associationArn": found["associationArn"],
        "tags": found.get("tags", {}),
    }


def _settle_pod_identity(aws: Aws, identity: str, old: Values, new: Values) -> None:
    cluster, _, association = identity.partition(",")
    if old and differs("roleArn", old, new):
        aws.eks.update_pod_identity_association(clusterName=cluster, associationId=association, roleArn=new["roleArn"])
    _retag_eks(aws, _pod_identity(aws, identity)["associationArn"], old, new)


def _delete_pod_identity(aws: Aws, identity: str) -> None:
    cluster, _, association = identity.partition(",")
    aws.eks.delete_pod_identity_association(clusterName=cluster, associationId=association)


# --- S3 and budgets --------------------------------------------------------------------------------------------------


def _bucket(aws: Aws, name: str) -> Values:
    aws.s3.head_bucket(Bucket=name)
    try:
        tags = tags_of(aws.s3.get_bucket_tagging(Bucket=name)["TagSet"])
    except ClientError:
        tags = {}
    return {"bucket": name, "arn": f"arn:aws:s3:::{name}", "tags": tags}


def _settle_bucket(aws: Aws, name: str, old: Values, new: Values) -> None:
    if differs("tags", old, new):
        aws.s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": pairs(new.get("tags"))})


def _delete_bucket(aws: Aws, name: str) -> None:
    """As the provider does with `forceDestroy`, which every bucket here has: with all that is in it."""
    there = aws.s3.list_object_versions(Bucket=name)
    for each in (*there.get("Versions", ()), *there.get("DeleteMarkers", ())):
        aws.s3.delete_object(Bucket=name, Key=each["Key"], VersionId=each["VersionId"])
    aws.s3.delete_bucket(Bucket=name)


def _of_bucket(
    create: str,
    argument: str,
    request: Callable[[Values], Any],
    read: Callable[[Aws, str], Values],
    delete: Callable[[Aws, str], object],
) -> Type:
    """A setting of a bucket: one call sets it, first and later."""

    def arguments(values: Values) -> Values:
        return {"Bucket": values["bucket"], argument: request(values)}

    def settle(aws: Aws, _identity: str, old: Values, new: Values) -> None:
        if old:
            getattr(aws.s3, create)(**arguments(new))

    return Type(
        service="s3",
        create=create,
        request=arguments,
        identity=lambda values, _made: values["bucket"],
        read=lambda aws, bucket: {"bucket": bucket, **read(aws, bucket)},
        delete=delete,
        settle=settle,
        replaces=frozenset({"bucket"}),
        tagged=False,
    )


def _encryption_rules(values: Values) -> Values:
    rules = [
        {
            "BucketKeyEnabled": rule.get("bucketKeyEnabled", False),
            "ApplyServerSideEncryptionByDefault": given(
                rule["applyServerSideEncryptionByDefault"], SSEAlgorithm="sseAlgorithm", KMSMasterKeyID="kmsMasterKeyId"
            ),
        }
        for rule in values["rules"]
    ]
    return {"Rules": rules}


def _encryption(aws: Aws, bucket: str) -> Values:
    aws.s3.get_bucket_encryption(Bucket=bucket)
    return {}


def _lifecycle_rules(values: Values) -> Values:
    rules = [
        {
            "ID": rule["id"],
            "Status": rule["status"],
            "Filter": {"Prefix": rule["filter"]["prefix"]},
            "NoncurrentVersionExpiration": {"NoncurrentDays": rule["noncurrentVersionExpiration"]["noncurrentDays"]},
            "AbortIncompleteMultipartUpload": {
                "DaysAfterInitiation": rule["abortIncompleteMultipartUpload"]["daysAfterInitiation"]
            },
        }
        for rule in values["rules"]
    ]
    return {"Rules": rules}


def _lifecycle(aws: Aws, bucket: str) -> Values:
    aws.s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    return {}


def _object(aws: Aws, identity: str) -> Values:
    bucket, _, key = identity.partition("/")
    aws.s3.head_object(Bucket=bucket, Key=key)
    return {"bucket": bucket, "key": key}


def _delete_object(aws: Aws, identity: str) -> None:
    """With all its versions, as the provider does: it can't delete a bucket that keeps some."""
    bucket, _, key = identity.partition("/")
    found = aws.s3.list_object_versions(Bucket=bucket, Prefix=key)
    for each in (*found.get("Versions", ()), *found.get("DeleteMarkers", ())):
        aws.s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])


def _put_object(values: Values) -> Values:
    return {"Bucket": values["bucket"], "Key": values["key"], "Body": values["source"]}


def _update_object(aws: Aws, _identity: str, old: Values, new: Values) -> None:
    if old:
        aws.s3.put_object(**_put_object(new))


def _budget_request(values: Values) -> Values:
    return {
        "AccountId": values.get("accountId", "123456789012"),
        "Budget": {
            "BudgetName": values["name"],
            "BudgetType": values["budgetType"],
            "TimeUnit": values["timeUnit"],
            "BudgetLimit": {"Amount": values["limitAmount"], "Unit": values["limitUnit"]},
            "CostFilters": {each["name"]: each["values"] for each in values["costFilters"]},
        },
        "NotificationsWithSubscribers": [
            {
                "Notification": {
                    "NotificationType": each["notificationType"],
                    "ComparisonOperator": each["comparisonOperator"],
                    "Threshold": each["threshold"],
                    "ThresholdType": each["thresholdType"],
                },
                "Subscribers": [
                    {"SubscriptionType": "EMAIL", "Address": email} for email in each["subscriberEmailAddresses"]
                ],
            }
            for each in values["notifications"]
        ],
    }


def _budget(aws: Aws, identity: str) -> Values:
    account, _, name = identity.partition(":")
    found = aws.budgets.describe_budget(AccountId=account, BudgetName=name)["Budget"]
    return {"name": name, "accountId": account, "limitAmount": found["BudgetLimit"]["Amount"]}


def _replace_budget(aws: Aws, identity: str, old: Values, new: Values) -> None:
    """moto can't update one."""
    if old and any(differs(key, old, new) for key in ("limitAmount", "notifications", "costFilters")):
        account, _, name = identity.partition(":")
        aws.budgets.delete_budget(AccountId=account, BudgetName=name)
        aws.budgets.create_budget(**_budget_request(new))


def _delete_budget(aws: Aws, identity: str) -> None:
    account, _, name = identity.partition(":")
    aws.budgets.delete_budget(AccountId=account, BudgetName=name)


TYPES: Mapping[str, Type] = {
    "aws:ec2/vpc:Vpc": _ec2(
        "vpc",
        create="create_vpc",
        request=lambda values: given(values, CidrBlock="cidrBlock"),
        answer=("Vpc", "VpcId"),
        describe="describe_vpcs",
        ids="VpcIds",
        listed="Vpcs",
        outputs=_vpc,
        delete="delete_vpc",
        id_name="VpcId",
        settle=_vpc_attributes,
        replaces=("cidrBlock",),
    ),
    "aws:ec2/subnet:Subnet": _ec2(
        "subnet",
        create="create_subnet",
        request=lambda values: given(
            values, VpcId="vpcId", CidrBlock="cidrBlock", AvailabilityZoneId="availabilityZoneId"
        ),
        answer=("Subnet", "SubnetId"),
        describe="describe_subnets",
        ids="SubnetIds",
        listed="Subnets",
        outputs=lambda _aws, found: {
            "arn": found["SubnetArn"],
            "vpcId": found["VpcId"],
            "cidrBlock": found["CidrBlock"],
            "availabilityZoneId": found["AvailabilityZoneId"],
            "mapPublicIpOnLaunch": found["MapPublicIpOnLaunch"],
        },
        delete="delete_subnet",
        id_name="SubnetId",
        settle=_subnet_attributes,
        replaces=("vpcId", "cidrBlock", "availabilityZoneId"),
    ),
    "aws:ec2/internetGateway:InternetGateway": replace(
        _ec2(
            "internet-gateway",
            create="create_internet_gateway",
            request=lambda _values: {},
            answer=("InternetGateway", "InternetGatewayId"),
            describe="describe_internet_gateways",
            ids="InternetGatewayIds",
            listed="InternetGateways",
            outputs=lambda _aws, found: {"vpcId": found["Attachments"][0]["VpcId"]},
            delete="delete_internet_gateway",
            id_name="InternetGatewayId",
            settle=_attach_internet_gateway,
            replaces=("vpcId",),
        ),
        delete=_delete_internet_gateway,
    ),
    "aws:ec2/routeTable:RouteTable": _ec2(
        "route-table",
        create="create_route_table",
        request=lambda values: given(values, VpcId="vpcId"),
        answer=("RouteTable", "RouteTableId"),
        describe="describe_route_tables",
        ids="RouteTableIds",
        listed="RouteTables",
        outputs=lambda _aws, found: {"vpcId": found["VpcId"]},
        delete="delete_route_table",
        id_name="RouteTableId",
        replaces=("vpcId",),
    ),
    "aws:ec2/eip:Eip": _ec2(
        "elastic-ip",
        create="allocate_address",
        request=lambda values: given(values, Domain="domain"),
        answer=("AllocationId",),
        describe="describe_addresses",
        ids="AllocationIds",
        listed="Addresses",
        outputs=lambda _aws, found: {"domain": found["Domain"], "publicIp": found["PublicIp"]},
        delete="release_address",
        id_name="AllocationId",
        replaces=("domain",),
    ),
    "aws:ec2/natGateway:NatGateway": _ec2(
        "natgateway",
        create="create_nat_gateway",
        request=lambda values: given(values, SubnetId="subnetId", AllocationId="allocationId"),
        answer=("NatGateway", "NatGatewayId"),
        describe="describe_nat_gateways",
        ids="NatGatewayIds",
        listed="NatGateways",
        outputs=lambda _aws, found: {
            "subnetId": found["SubnetId"],
            "allocationId": found["NatGatewayAddresses"][0]["AllocationId"],
        },
        delete="delete_nat_gateway",
        id_name="NatGatewayId",
        replaces=("subnetId", "allocationId"),
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _ec2(
        "vpc-endpoint",
        create="create_vpc_endpoint",
        request=lambda values: given(
            values,
            VpcId="vpcId",
            ServiceName="serviceName",
            VpcEndpointType="vpcEndpointType",
            RouteTableIds="routeTableIds",
            SubnetIds="subnetIds",
            SecurityGroupIds="securityGroupIds",
            PrivateDnsEnabled="privateDnsEnabled",
        ),
        answer=("VpcEndpoint", "VpcEndpointId"),
        describe="describe_vpc_endpoints",
        ids="VpcEndpointIds",
        listed="VpcEndpoints",
        outputs=lambda _aws, found: {"vpcId": found["VpcId"], "serviceName": found["ServiceName"]},
        delete="delete_vpc_endpoints",
        id_name="VpcEndpointIds",
        id_in_list=True,
        replaces=("vpcId", "serviceName", "vpcEndpointType"),
    ),
    "aws:ec2/securityGroup:SecurityGroup": replace(
        _ec2(
            "security-group",
            create="create_security_group",
            request=lambda values: given(values, VpcId="vpcId", GroupName="name", Description="description"),
            answer=("GroupId",),
            describe="describe_security_groups",
            ids="GroupIds",
            listed="SecurityGroups",
            outputs=lambda _aws, found: {
                "vpcId": found["VpcId"],
                "name": found["GroupName"],
                "description": found["Description"],
            },
            delete="delete_security_group",
            id_name="GroupId",
            replaces=("vpcId", "name", "description"),
        ),
        names_itself="name",
    ),
    "aws:ec2/flowLog:FlowLog": _ec2(
        "vpc-flow-log",
        create="create_flow_logs",
        request=lambda values: {
            "ResourceIds": [values["vpcId"]],
            "ResourceType": "VPC",
            **given(
                values,
                TrafficType="trafficType",
                LogDestination="logDestination",
                DeliverLogsPermissionArn="iamRoleArn",
                MaxAggregationInterval="maxAggregationInterval",
            ),
        },
        answer=("FlowLogIds", 0),
        describe="describe_flow_logs",
        ids="FlowLogIds",
        listed="FlowLogs",
        outputs=lambda _aws, found: {"vpcId": found["ResourceId"], "trafficType": found["TrafficType"]},
        delete="delete_flow_logs",
        id_name="FlowLogIds",
        id_in_list=True,
        replaces=("vpcId", "trafficType", "logDestination", "iamRoleArn", "maxAggregationInterval"),
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": replace(
        _ec2(
            "launch-template",
            create="create_launch_template",
            request=lambda values: {"LaunchTemplateName": values["name"], "LaunchTemplateData": _template_data(values)},
            answer=("LaunchTemplate", "LaunchTemplateId"),
            describe="describe_launch_templates",
            ids="LaunchTemplateIds",
            listed="LaunchTemplates",
            outputs=lambda _aws, found: {
                "name": found["LaunchTemplateName"],
                "latestVersion": found["LatestVersionNumber"],
                "defaultVersion": found["DefaultVersionNumber"],
            },
            delete="delete_launch_template",
            id_name="LaunchTemplateId",
            settle=_new_template_version,
            replaces=("name",),
        ),
        names_itself="name",
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Type(
        service="ec2",
        create="describe_security_groups",
        request=lambda values: {
            "Filters": [
                {"Name": "vpc-id", "Values": [values["vpcId"]]},
                {"Name": "group-name", "Values": ["default"]},
            ]
        },
        identity=lambda _values, made: made["SecurityGroups"][0]["GroupId"],
        read=_default_group,
        delete=lambda _aws, _identity: None,  # it goes with its VPC
        settle=_close_default_group,
        replaces=frozenset({"vpcId"}),
    ),
    "aws:ec2/route:Route": Type(
        service="ec2",
        create="create_route",
        request=lambda values: given(
            values,
            RouteTableId="routeTableId",
            DestinationCidrBlock="destinationCidrBlock",
            GatewayId="gatewayId",
            NatGatewayId="natGatewayId",
        ),
        identity=lambda values, _made: f"{values['routeTableId']}_{values['destinationCidrBlock']}",
        read=_route,
        delete=lambda aws, identity: aws.ec2.delete_route(
            RouteTableId=identity.partition("_")[0], DestinationCidrBlock=identity.partition("_")[2]
        ),
        replaces=frozenset({"routeTableId", "destinationCidrBlock", "gatewayId", "natGatewayId"}),
        tagged=False,
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Type(
        service="ec2",
        create="associate_route_table",
        request=lambda values: given(values, RouteTableId="routeTableId", SubnetId="subnetId"),
        identity=lambda _values, made: made["AssociationId"],
        read=_association,
        delete=lambda aws, identity: aws.ec2.disassociate_route_table(AssociationId=identity),
        replaces=frozenset({"routeTableId", "subnetId"}),
        tagged=False,
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Type(
        service="ec2",
        create="authorize_security_group_ingress",
        request=lambda values: {
            "GroupId": values["securityGroupId"],
            "IpPermissions": [
                {
                    **given(values, IpProtocol="ipProtocol", FromPort="fromPort", ToPort="toPort"),
                    "IpRanges": [given(values, CidrIp="cidrIpv4", Description="description")],
                }
            ],
            **_tag_specification("security-group-rule", values),
        },
        identity=lambda _values, made: made["SecurityGroupRules"][0]["SecurityGroupRuleId"],
        read=_ingress_rule,
        delete=_delete_ingress_rule,
        settle=_retag_ec2,
        replaces=frozenset({"securityGroupId", "ipProtocol", "fromPort", "toPort", "cidrIpv4"}),
    ),
    "aws:iam/role:Role": Type(
        service="iam",
        create="create_role",
        request=lambda values: {
            **given(values, RoleName="name", AssumeRolePolicyDocument="assumeRolePolicy"),
            "Tags": pairs(values.get("tags")),
        },
        identity=lambda values, _made: values["name"],
        read=_role,
        delete=lambda aws, name: aws.iam.delete_role(RoleName=name),
        settle=_settle_role,
        replaces=frozenset({"name"}),
        names_itself="name",
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Type(
        service="iam",
        create="attach_role_policy",
        request=lambda values: given(values, RoleName="role", PolicyArn="policyArn"),
        identity=lambda values, _made: f"{values['role']}/{values['policyArn']}",
        read=_attachment,
        delete=lambda aws, identity: aws.iam.detach_role_policy(
            RoleName=identity.partition("/")[0], PolicyArn=identity.partition("/")[2]
        ),
        replaces=frozenset({"role", "policyArn"}),
        tagged=False,
    ),
    "aws:iam/rolePolicy:RolePolicy": Type(
        service="iam",
        create="put_role_policy",
        request=lambda values: given(values, RoleName="role", PolicyName="name", PolicyDocument="policy"),
        identity=lambda values, _made: f"{values['role']}:{values['name']}",
        read=_role_policy,
        delete=lambda aws, identity: aws.iam.delete_role_policy(
            RoleName=identity.partition(":")[0], PolicyName=identity.partition(":")[2]
        ),
        settle=_put_role_policy,
        replaces=frozenset({"role", "name"}),
        names_itself="name",
        tagged=False,
    ),
    "aws:iam/instanceProfile:InstanceProfile": Type(
        service="iam",
        create="create_instance_profile",
        request=lambda values: {"InstanceProfileName": values["name"], "Tags": pairs(values.get("tags"))},
        identity=lambda values, _made: values["name"],
        read=_profile,
        delete=_delete_profile,
        settle=_settle_profile,
        replaces=frozenset({"name"}),
        names_itself="name",
    ),
    "aws:kms/key:Key": Type(
        service="kms",
        create="create_key",
        request=lambda values: {
            **given(values, Description="description", Policy="policy"),
            "Tags": _key_tags(values),
        },
        identity=lambda _values, made: made["KeyMetadata"]["KeyId"],
        read=_key,
        delete=lambda aws, key: aws.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7),
        settle=_settle_key,
    ),
    "aws:kms/alias:Alias": Type(
        service="kms",
        create="create_alias",
        request=lambda values: given(values, AliasName="name", TargetKeyId="targetKeyId"),
        identity=lambda values, _made: values["name"],
        read=_alias,
        delete=lambda aws, name: aws.kms.delete_alias(AliasName=name),
        replaces=frozenset({"name"}),
        tagged=False,
    ),
    "aws:cloudwatch/logGroup:LogGroup": Type(
        service="logs",
        create="create_log_group",
        request=lambda values: given(values, logGroupName="name", kmsKeyId="kmsKeyId", tags="tags"),
        identity=lambda values, _made: values["name"],
        read=_log_group,
        delete=lambda aws, name: aws.logs.delete_log_group(logGroupName=name),
        settle=_settle_log_group,
        replaces=frozenset({"name"}),
        names_itself="name",
    ),
    "aws:sqs/queue:Queue": Type(
        service="sqs",
        create="create_queue",
        request=lambda values: {
            "QueueName": values["name"],
            "Attributes": _queue_attributes(values),
            **given(values, tags="tags"),
        },
        identity=lambda _values, made: made["QueueUrl"],
        read=_queue,
        delete=lambda aws, url: aws.sqs.delete_queue(QueueUrl=url),
        settle=_settle_queue,
        replaces=frozenset({"name"}),
        names_itself="name",
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Type(
        service="sqs",
        create="set_queue_attributes",
        request=lambda values: {"QueueUrl": values["queueUrl"], "Attributes": {"Policy": values["policy"]}},
        identity=lambda values, _made: values["queueUrl"],
        read=_queue_policy,
        delete=lambda aws, url: aws.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""}),
        replaces=frozenset({"queueUrl"}),
        tagged=False,
    ),
    "aws:cloudwatch/eventRule:EventRule": Type(
        service="events",
        create="put_rule",
        request=lambda values: {
            **given(values, Name="name", EventPattern="eventPattern"),
            "Tags": pairs(values.get("tags")),
        },
        identity=lambda values, _made: values["name"],
        read=_rule,
        delete=lambda aws, name: aws.events.delete_rule(Name=name),
        settle=_settle_rule,
        replaces=frozenset({"name"}),
        names_itself="name",
    ),
    "aws:cloudwatch/eventTarget:EventTarget": Type(
        service="events",
        create="put_targets",
        request=lambda values: {"Rule": values["rule"], "Targets": [given(values, Id="targetId", Arn="arn")]},
        identity=lambda values, _made: f"{values['rule']}/{values['targetId']}",
        read=_target,
        delete=_remove_target,
        replaces=frozenset({"rule", "targetId"}),
        names_itself="targetId",
        tagged=False,
    ),
    "aws:eks/cluster:Cluster": Type(
        service="eks",
        create="create_cluster",
        request=_cluster_request,
        identity=lambda values, _made: values["name"],
        read=_cluster,
        delete=lambda aws, name: aws.eks.delete_cluster(name=name),
        settle=_settle_cluster,
        replaces=frozenset({"name", "roleArn", "encryptionConfig", "bootstrapSelfManagedAddons"}),
        names_itself="name",
    ),
    "aws:eks/nodeGroup:NodeGroup": Type(
        service="eks",
        create="create_nodegroup",
        request=_node_group_request,
        identity=lambda values, _made: f"{values['clusterName']}:{values['nodeGroupName']}",
        read=_node_group,
        delete=_delete_node_group,
        settle=_settle_node_group,
        replaces=frozenset(
            {"clusterName", "nodeGroupName", "nodeRoleArn", "subnetIds", "amiType", "capacityType", "instanceTypes"}
        ),
        names_itself="nodeGroupName",
    ),
    "aws:eks/addon:Addon": Type(
        service="eks",
        create="create_addon",
        request=lambda values: given(
            values,
            clusterName="clusterName",
            addonName="addonName",
            addonVersion="addonVersion",
            configurationValues="configurationValues",
            podIdentityAssociations="podIdentityAssociations",
            resolveConflicts="resolveConflictsOnCreate",
            tags="tags",
        ),
        identity=lambda values, _made: f"{values['clusterName']}:{values['addonName']}",
        read=_addon,
        delete=_delete_addon,
        settle=_settle_addon,
        replaces=frozenset({"clusterName", "addonName"}),
    ),
    "aws:eks/accessEntry:AccessEntry": Type(
        service="eks",
        create="create_access_entry",
        request=lambda values: given(
            values, clusterName="clusterName", principalArn="principalArn", type="type", tags="tags"
        ),
        identity=lambda values, _made: f"{values['clusterName']}:{values['principalArn']}",
        read=_entry,
        delete=_delete_entry,
        settle=_settle_entry,
        replaces=frozenset({"clusterName", "principalArn", "type"}),
    ),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": Type(
        service="eks",
        create="associate_access_policy",
        request=lambda values: given(
            values,
            clusterName="clusterName",
            principalArn="principalArn",
            policyArn="policyArn",
            accessScope="accessScope",
        ),
        identity=lambda values, _made: "#".join((values["clusterName"], values["principalArn"], values["policyArn"])),
        read=_policy_association,
        delete=_disassociate,
        replaces=frozenset({"clusterName", "principalArn", "policyArn", "accessScope"}),
        tagged=False,
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": Type(
        service="eks",
        create="create_pod_identity_association",
        request=lambda values: given(
            values,
            clusterName="clusterName",
            namespace="namespace",
            serviceAccount="serviceAccount",
            roleArn="roleArn",
            tags="tags",
        ),
        identity=lambda values, made: f"{values['clusterName']},{made['association']['associationId']}",
        read=_pod_identity,
        delete=_delete_pod_identity,
        settle=_settle_pod_identity,
        replaces=frozenset({"clusterName", "namespace", "serviceAccount"}),
    ),
    "aws:s3/bucket:Bucket": Type(
        service="s3",
        create="create_bucket",
        request=lambda values: given(values, Bucket="bucket"),
        identity=lambda values, _made: values["bucket"],
        read=_bucket,
        delete=_delete_bucket,
        settle=_settle_bucket,
        replaces=frozenset({"bucket"}),
        names_itself="bucket",
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _of_bucket(
        "put_public_access_block",
        "PublicAccessBlockConfiguration",
        lambda values: given(
            values,
            BlockPublicAcls="blockPublicAcls",
            BlockPublicPolicy="blockPublicPolicy",
            IgnorePublicAcls="ignorePublicAcls",
            RestrictPublicBuckets="restrictPublicBuckets",
        ),
        lambda aws, bucket: {
            key[:1].lower() + key[1:]: value
            for key, value in aws.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].items()
        },
        lambda aws, bucket: aws.s3.delete_public_access_block(Bucket=bucket),
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _of_bucket(
        "put_bucket_ownership_controls",
        "OwnershipControls",
        lambda values: {"Rules": [{"ObjectOwnership": values["rule"]["objectOwnership"]}]},
        lambda aws, bucket: {
            "rule": {
                "objectOwnership": aws.s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"][0][
                    "ObjectOwnership"
                ]
            }
        },
        lambda aws, bucket: aws.s3.delete_bucket_ownership_controls(Bucket=bucket),
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _of_bucket(
        "put_bucket_encryption",
        "ServerSideEncryptionConfiguration",
        _encryption_rules,
        _encryption,
        lambda aws, bucket: aws.s3.delete_bucket_encryption(Bucket=bucket),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _of_bucket(
        "put_bucket_versioning",
        "VersioningConfiguration",
        lambda values: {"Status": values["versioningConfiguration"]["status"]},
        lambda aws, bucket: {
            "versioningConfiguration": {"status": aws.s3.get_bucket_versioning(Bucket=bucket).get("Status")}
        },
        lambda aws, bucket: aws.s3.put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}
        ),
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _of_bucket(
        "put_bucket_lifecycle_configuration",
        "LifecycleConfiguration",
        _lifecycle_rules,
        _lifecycle,
        lambda aws, bucket: aws.s3.delete_bucket_lifecycle(Bucket=bucket),
    ),
    "aws:s3/bucketPolicy:BucketPolicy": _of_bucket(
        "put_bucket_policy",
        "Policy",
        lambda values: values["policy"],
        lambda aws, bucket: {"policy": aws.s3.get_bucket_policy(Bucket=bucket)["Policy"]},
        lambda aws, bucket: aws.s3.delete_bucket_policy(Bucket=bucket),
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": Type(
        service="s3",
        create="put_object",
        request=_put_object,
        identity=lambda values, _made: f"{values['bucket']}/{values['key']}",
        read=_object,
        delete=_delete_object,
        settle=_update_object,
        replaces=frozenset({"bucket", "key"}),
        assets=frozenset({"source"}),
    ),
    "aws:budgets/budget:Budget": Type(
        service="budgets",
        create="create_budget",
        request=_budget_request,
        identity=lambda values, _made: f"{values.get('accountId', '123456789012')}:{values['name']}",
        read=_budget,
        delete=_delete_budget,
        settle=_replace_budget,
        replaces=frozenset({"name"}),
        names_itself="name",
    ),
}
"""Every type that the program uses, by its token."""
