from components import StackNamespace
from stacks.schema import Gateway, Monitoring, S3Repository
from tests.components.conftest import Build
from tests.factories import a_stack

MODELS = {"namespace": "models", "monitoring": Monitoring()}


def test_only_the_namespace_and_its_gateway_may_call_servers_and_servers_call_nobody(build: Build) -> None:
    def program() -> None:
        StackNamespace(a_stack().model_copy(update={**MODELS, "gateway": Gateway(controller_namespace="envoy")}))

    [policy] = build(program).inputs_of("NetworkPolicy")

    assert policy["spec"]["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": "triton"}}
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert "egress" not in policy["spec"]
    rule, of_metrics = policy["spec"]["ingress"]
    assert rule["from"] == [
        {"podSelector": {}},
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "envoy"}},
            "podSelector": {"matchLabels": {"gateway.envoyproxy.io/owning-gateway-namespace": "models"}},
        },
    ]
    assert [port["port"] for port in rule["ports"]] == ["http", "grpc"]
    assert of_metrics["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    assert [port["port"] for port in of_metrics["ports"]] == ["metrics"]


def test_servers_whose_models_are_in_s3_reach_it_and_no_private_address_but_dns_and_their_credentials(
    build: Build,
) -> None:
    def program() -> None:
        StackNamespace(a_stack().model_copy(update={**MODELS, "model_repository": S3Repository()}))

    of_servers, of_builds = build(program).inputs_of("NetworkPolicy")

    assert of_builds["spec"]["egress"] == of_servers["spec"]["egress"]
    assert "ingress" not in of_builds["spec"], "nobody calls a build"
    dns, credentials, s3 = of_servers["spec"]["egress"]
    assert dns["to"][0]["podSelector"] == {"matchLabels": {"k8s-app": "kube-dns"}}
    assert credentials["to"] == [{"ipBlock": {"cidr": "169.254.170.23/32"}}]
    assert s3["ports"] == [{"port": 443}]
    assert "10.0.0.0/8" in s3["to"][0]["ipBlock"]["except"]
