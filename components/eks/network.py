"""The VPC: private subnets for nodes and pods, public ones for the way out, and a short way to S3 and to images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
from pulumi_aws import cloudwatch, ec2, vpc

from components.eks import iam
from economics import INTERFACE_ENDPOINTS
from stacks.schema import Network as NetworkSpec

ANYWHERE = "0.0.0.0/0"
HTTPS = 443

FLOW_LOG_SECONDS = 600


@dataclass(frozen=True)
class Subnets:
    """The addresses of one zone."""

    private: IPv4Network
    public: IPv4Network


def address_plan(cidr: str, zones: Sequence[str]) -> dict[str, Subnets]:
    """Each zone's subnets: a quarter of the network for nodes and pods, a quarter of the last quarter for the way out.

    So up to three zones fit, and a zone that is added or taken out moves no other.
    """
    *private, rest = IPv4Network(cidr).subnets(prefixlen_diff=2)
    public = rest.subnets(prefixlen_diff=2)
    return {zone: Subnets(*subnets) for zone, *subnets in zip(zones, private, public, strict=False)}


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """What the stack asks of its network, and what that has to know of the rest."""

    spec: NetworkSpec
    region: str
    account_id: pulumi.Input[str]
    log_key_arn: pulumi.Input[str]
    log_retention_days: int


class Network(pulumi.ComponentResource):
    """Nothing in it is reached from outside: load balancers and NAT gateways alone stand in the public subnets."""

    private_subnet_ids: Mapping[str, pulumi.Output[str]]
    """By zone ID."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("plimsoll:eks:Network", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._vpc = ec2.Vpc(
            name,
            cidr_block=args.spec.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,  # private names of the endpoints need it
            tags={"Name": name},
            # Replacing it would replace all that stands in it.
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        # Whatever names no group of its own gets this one: it lets nothing in or out.
        ec2.DefaultSecurityGroup(f"{name}-default", vpc_id=self._vpc.id, ingress=[], egress=[], opts=self._child)
        plan = address_plan(args.spec.cidr, args.spec.zones)
        private = {
            zone: self._subnet("private", zone, subnets.private, role="kubernetes.io/role/internal-elb")
            for zone, subnets in plan.items()
        }
        public = {
            zone: self._subnet("public", zone, subnets.public, role="kubernetes.io/role/elb")
            for zone, subnets in plan.items()
        }
        self.private_subnet_ids = {zone: subnet.id for zone, subnet in private.items()}
        tables = self._routes(private, public)
        self._endpoints(tables)
        self._flow_log()
        self.register_outputs({})

    def _subnet(self, kind: str, zone: str, network: IPv4Network, *, role: str) -> ec2.Subnet:
        name = f"{self._name}-{kind}-{zone}"
        return ec2.Subnet(
            name,
            vpc_id=self._vpc.id,
            availability_zone_id=zone,
            cidr_block=str(network),
            map_public_ip_on_launch=False,
            tags={"Name": name, role: "1"},
            opts=self._child,
        )

    def _routes(self, private: Mapping[str, ec2.Subnet], public: Mapping[str, ec2.Subnet]) -> list[pulumi.Output[str]]:
        """Give every zone its way out; the IDs of the private subnets' route tables."""
        internet = ec2.InternetGateway(self._name, vpc_id=self._vpc.id, tags={"Name": self._name}, opts=self._child)
        out = self._table("public", {f"public-{zone}": subnet for zone, subnet in public.items()})
        ec2.Route(
            f"{self._name}-public",
            route_table_id=out.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=internet.id,
            opts=self._child,
        )
        single = self._args.spec.nat_gateways == "single"
        zones = list(private)[:1] if single else list(private)
        tables: list[pulumi.Output[str]] = []
        for zone in zones:
            leaving = private if single else {zone: private[zone]}
            table = self._table(f"private-{zone}", {f"private-{zone}": subnet for zone, subnet in leaving.items()})
            address = ec2.Eip(
                f"{self._name}-{zone}",
                domain="vpc",
                tags={"Name": f"{self._name}-{zone}"},
                opts=pulumi.ResourceOptions(parent=self, depends_on=[internet]),
            )
            gateway = ec2.NatGateway(
                f"{self._name}-{zone}",
                subnet_id=public[zone].id,
                allocation_id=address.id,
                tags={"Name": f"{self._name}-{zone}"},
                opts=self._child,
            )
            ec2.Route(
                f"{self._name}-private-{zone}",
                route_table_id=table.id,
                destination_cidr_block=ANYWHERE,
                nat_gateway_id=gateway.id,
                opts=self._child,
            )
            tables.append(table.id)
        return tables

    def _table(self, name: str, subnets: Mapping[str, ec2.Subnet]) -> ec2.RouteTable:
        """A route table for the subnets, which are given by name."""
        name = f"{self._name}-{name}"
        table = ec2.RouteTable(name, vpc_id=self._vpc.id, tags={"Name": name}, opts=self._child)
        for subnet_name, subnet in subnets.items():
            ec2.RouteTableAssociation(
                f"{self._name}-{subnet_name}",
                subnet_id=subnet.id,
                route_table_id=table.id,
                opts=self._child,
            )
        return table

    def _endpoints(self, tables: Sequence[pulumi.Output[str]]) -> None:
        service = f"com.amazonaws.{self._args.region}"
        ec2.VpcEndpoint(
            f"{self._name}-s3",
            vpc_id=self._vpc.id,
            service_name=f"{service}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=tables,
            tags={"Name": f"{self._name}-s3"},
            opts=self._child,
        )
        group = ec2.SecurityGroup(
            f"{self._name}-endpoints",
            vpc_id=self._vpc.id,
            description="AWS services inside the VPC, for nodes and pods",
            tags={"Name": f"{self._name}-endpoints"},
            opts=self._child,
        )
        vpc.SecurityGroupIngressRule(
            f"{self._name}-endpoints",
            security_group_id=group.id,
            description="HTTPS from the VPC",
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            cidr_ipv4=self._args.spec.cidr,
            opts=self._child,
        )
        for interface in INTERFACE_ENDPOINTS:
            ec2.VpcEndpoint(
                f"{self._name}-{interface}",
                vpc_id=self._vpc.id,
                service_name=f"{service}.{interface}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=list(self.private_subnet_ids.values()),
                security_group_ids=[group.id],
                tags={"Name": f"{self._name}-{interface}"},
                opts=self._child,
            )

    def _flow_log(self) -> None:
        """Who talked to whom, for the day on which that is asked."""
        name = f"{self._name}-flow-log"
        group = cloudwatch.LogGroup(
            name,
            name=f"/plimsoll/{self._name}/flow-log",
            retention_in_days=self._args.log_retention_days,
            kms_key_id=self._args.log_key_arn,
            opts=self._child,
        )
        writer = iam.role(
            name,
            trusts="vpc-flow-logs.amazonaws.com",
            account_id=self._args.account_id,
            policy=group.arn.apply(
                lambda arn: iam.document(
                    iam.allow(
                        [
                            "logs:CreateLogStream",
                            "logs:PutLogEvents",
                            "logs:DescribeLogGroups",
                            "logs:DescribeLogStreams",
                        ],
                        [arn, f"{arn}:*"],
                    )
                )
            ),
            parent=self,
        )
        ec2.FlowLog(
            name,
            vpc_id=self._vpc.id,
            traffic_type="ALL",
            log_destination=group.arn,
            iam_role_arn=writer.arn,
            max_aggregation_interval=FLOW_LOG_SECONDS,
            tags={"Name": name},
            opts=self._child,
        )
