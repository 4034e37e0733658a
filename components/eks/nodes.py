"""What all nodes have in common, whoever starts them: their role, and how they are launched."""

from collections.abc import Mapping

import pulumi
from pulumi_aws import ec2, eks
from pulumi_aws import iam as aws_iam

from components.eks import iam
from economics import Volume

ROOT_DEVICE = "/dev/xvda"  # of Amazon Linux


def node_role(name: str, *, account_id: pulumi.Input[str], parent: pulumi.Resource) -> aws_iam.Role:
    """A role to join the cluster and pull images, and nothing else: pods have roles of their own."""
    return iam.role(
        name,
        trusts="ec2.amazonaws.com",
        account_id=account_id,
        managed=["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"],
        parent=parent,
    )


class NodeTemplate(pulumi.ComponentResource):
    """A launch template: encrypted disk, and instance metadata that no pod can ask for the node's credentials."""

    reference: eks.NodeGroupLaunchTemplateArgs

    def __init__(
        self, name: str, *, volume: Volume, tags: Mapping[str, str], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("plimsoll:eks:NodeTemplate", name, None, opts)
        template = ec2.LaunchTemplate(
            name,
            name=name,
            update_default_version=True,
            metadata_options=ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled",
                http_tokens="required",
                http_put_response_hop_limit=1,  # a pod is one hop further
            ),
            block_device_mappings=[
                ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name=ROOT_DEVICE,
                    ebs=ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        volume_type="gp3",
                        volume_size=volume.gib,
                        throughput=volume.throughput_mib,
                        iops=volume.iops,
                        encrypted="true",
                        delete_on_termination="true",
                    ),
                )
            ],
            # A stack's default tags reach what Pulumi makes; instances and disks are made by others.
            tag_specifications=[
                ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags={**tags, "Name": name})
                for kind in ("instance", "volume")
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.reference = eks.NodeGroupLaunchTemplateArgs(id=template.id, version=template.latest_version.apply(str))
        self.register_outputs({})
