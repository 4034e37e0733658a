from collections.abc import Mapping
from math import inf
from types import MappingProxyType

import pytest

from observability.gateway import Counts, backend, counts
from observability.variants import Variant

BACKENDS = {
    backend("ml", "digits", variant, port, name): variant
    for variant in Variant
    for port, name in ((8000, "http"), (8001, "grpc"))
}

EXPOSITION = """\
# TYPE envoy_cluster_external_upstream_rq counter
envoy_cluster_external_upstream_rq{envoy_response_code="200",envoy_cluster_name="service/ml/digits/8000/http"} 90
envoy_cluster_external_upstream_rq{envoy_response_code="503",envoy_cluster_name="service/ml/digits/8000/http"} 3

# TYPE envoy_cluster_grpc_ModelInfer_0 counter
envoy_cluster_grpc_ModelInfer_0{envoy_grpc_bridge_method="GRPCInferenceService",envoy_grpc_bridge_service="inference",envoy_cluster_name="service/ml/digits/8001/grpc"} 40
envoy_cluster_grpc_ModelInfer_0{envoy_grpc_bridge_method="GRPCInferenceService",envoy_grpc_bridge_service="inference",envoy_cluster_name="service/ml/digits-canary/8001/grpc"} 5

# TYPE envoy_cluster_grpc_ModelInfer_3 counter
envoy_cluster_grpc_ModelInfer_3{envoy_grpc_bridge_method="GRPCInferenceService",envoy_grpc_bridge_service="inference",envoy_cluster_name="service/ml/digits/8001/grpc"} 8

# TYPE envoy_cluster_grpc_ModelInfer_13 counter
envoy_cluster_grpc_ModelInfer_13{envoy_grpc_bridge_method="GRPCInferenceService",envoy_grpc_bridge_service="inference",envoy_cluster_name="service/ml/digits/8001/grpc"} 2
envoy_cluster_grpc_ModelInfer_13{envoy_grpc_bridge_method="GRPCInferenceService",envoy_grpc_bridge_service="inference",envoy_cluster_name="service/ml/digits-canary/8001/grpc"} 1
envoy_cluster_grpc_ModelInfer_13{envoy_grpc_bridge_method="GRPCInferenceService",envoy_grpc_bridge_service="inference",envoy_cluster_name="service/ml/words/8001/grpc"} 500

# TYPE envoy_cluster_grpc_ModelInfer_failure counter
envoy_cluster_grpc_ModelInfer_failure{envoy_grpc_bridge_method="GRPCInferenceService",envoy_grpc_bridge_service="inference",envoy_cluster_name="service/ml/digits/8001/grpc"} 10

# TYPE envoy_cluster_grpc_ModelInfer_total counter
envoy_cluster_grpc_ModelInfer_total{envoy_grpc_bridge_method="GRPCInferenceService",envoy_grpc_bridge_service="inference",envoy_cluster_name="service/ml/digits/8001/grpc"} 50

# TYPE envoy_cluster_retry_upstream_rq counter
envoy_cluster_retry_upstream_rq{envoy_response_code="503",envoy_cluster_name="service/ml/digits/8000/http"} 6

# TYPE envoy_cluster_upstream_rq counter
envoy_cluster_upstream_rq{envoy_response_code="200",envoy_cluster_name="service/ml/digits/8000/http"} 90
envoy_cluster_upstream_rq{envoy_response_code="404",envoy_cluster_name="service/ml/digits/8000/http"} 4
envoy_cluster_upstream_rq{envoy_response_code="503",envoy_cluster_name="service/ml/digits/8000/http"} 3
envoy_cluster_upstream_rq{envoy_response_code="200",envoy_cluster_name="service/ml/digits/8001/grpc"} 50
envoy_cluster_upstream_rq{envoy_response_code="200",envoy_cluster_name="service/ml/digits-canary/8000/http"} 10
envoy_cluster_upstream_rq{envoy_response_code="200",envoy_cluster_name="service/ml/digits-canary/8001/grpc"} 6
envoy_cluster_upstream_rq{envoy_response_code="500",envoy_cluster_name="service/ml/words/8000/http"} 999
envoy_cluster_upstream_rq{envoy_response_code="500",envoy_cluster_name="service/other/digits/8000/http"} 999

# TYPE envoy_cluster_upstream_rq_completed counter
envoy_cluster_upstream_rq_completed{envoy_cluster_name="service/ml/digits/8000/http"} 97

# TYPE envoy_cluster_upstream_rq_total counter
envoy_cluster_upstream_rq_total{envoy_cluster_name="service/ml/digits/8000/http"} 103
envoy_cluster_upstream_rq_total{envoy_cluster_name="service/ml/digits/8001/grpc"} 50

# TYPE envoy_cluster_upstream_rq_xx counter
envoy_cluster_upstream_rq_xx{envoy_response_code_class="5",envoy_cluster_name="service/ml/digits/8000/http"} 3

# TYPE envoy_cluster_upstream_rq_active gauge
envoy_cluster_upstream_rq_active{envoy_cluster_name="service/ml/digits/8000/http"} 7

# TYPE envoy_server_uptime gauge
envoy_server_uptime{} 3600

# TYPE envoy_cluster_upstream_cx_length_ms histogram
envoy_cluster_upstream_cx_length_ms_bucket{envoy_cluster_name="service/ml/digits/8000/http",le="5"} 12
envoy_cluster_upstream_cx_length_ms_bucket{envoy_cluster_name="service/ml/digits/8000/http",le="+Inf"} 12
envoy_cluster_upstream_cx_length_ms_sum{envoy_cluster_name="service/ml/digits/8000/http"} 31
envoy_cluster_upstream_cx_length_ms_count{envoy_cluster_name="service/ml/digits/8000/http"} 12

# TYPE envoy_cluster_upstream_rq_time histogram
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="service/ml/digits/8000/http",le="0.5"} 0
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="service/ml/digits/8000/http",le="5"} 80
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="service/ml/digits/8000/http",le="10"} 90
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="service/ml/digits/8000/http",le="+Inf"} 90
envoy_cluster_upstream_rq_time_sum{envoy_cluster_name="service/ml/digits/8000/http"} 312.5
envoy_cluster_upstream_rq_time_count{envoy_cluster_name="service/ml/digits/8000/http"} 90
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="service/ml/digits/8001/grpc",le="0.5"} 10
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="service/ml/digits/8001/grpc",le="5"} 40
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="service/ml/digits/8001/grpc",le="10"} 49
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="service/ml/digits/8001/grpc",le="+Inf"} 50
envoy_cluster_upstream_rq_time_sum{envoy_cluster_name="service/ml/digits/8001/grpc"} 140.5
envoy_cluster_upstream_rq_time_count{envoy_cluster_name="service/ml/digits/8001/grpc"} 50
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="service/ml/words/8000/http",le="0.5"} 0
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="service/ml/words/8000/http",le="+Inf"} 700
"""  # noqa: E501 - as Envoy prints it


def answered(code: int) -> str:
    labels = f'envoy_response_code="{code}",envoy_cluster_name="service/ml/digits/8000/http"'
    return f"# TYPE envoy_cluster_upstream_rq counter\nenvoy_cluster_upstream_rq{{{labels}}} 7\n"


def ended(status: int) -> str:
    labels = (
        'envoy_grpc_bridge_method="GRPCInferenceService",envoy_grpc_bridge_service="inference",'
        'envoy_cluster_name="service/ml/digits/8001/grpc"'
    )
    metric = f"envoy_cluster_grpc_ModelInfer_{status}"
    return f"# TYPE {metric} counter\n{metric}{{{labels}}} 7\n"


def taking(**within_ms: float) -> Counts:
    """Counts of successful requests by `le`, spelt as in `le_5=80`."""
    return Counts(within_ms={float(name.removeprefix("le_")): count for name, count in within_ms.items()})


def test_a_backend_is_named_by_the_service_of_its_side() -> None:
    assert set(BACKENDS) == {
        "service/ml/digits/8000/http",
        "service/ml/digits/8001/grpc",
        "service/ml/digits-canary/8000/http",
        "service/ml/digits-canary/8001/grpc",
    }


def test_requests_are_the_answers_of_both_ports_and_never_the_tries() -> None:
    found = counts(EXPOSITION, BACKENDS)

    assert found[Variant.STABLE].requests == 90 + 4 + 3 + 50
    assert found[Variant.CANARY].requests == 10 + 6


def test_errors_of_both_protocols_add_up() -> None:
    found = counts(EXPOSITION, BACKENDS)

    assert found[Variant.STABLE].errors == 3 + 2
    assert found[Variant.CANARY].errors == 1


def test_latencies_of_both_ports_add_up() -> None:
    found = counts(EXPOSITION, BACKENDS)

    assert found[Variant.STABLE].within_ms == {0.5: 0 + 10, 5: 80 + 40, 10: 90 + 49, inf: 90 + 50}
    assert found[Variant.CANARY].within_ms == {}


def test_backends_of_other_services_and_namespaces_are_ignored() -> None:
    others = {"service/ml/pictures/8000/http": Variant.STABLE}

    assert counts(EXPOSITION, others) == {Variant.STABLE: Counts()}


def test_a_side_that_a_proxy_has_sent_nothing_to_has_no_requests() -> None:
    assert counts("", BACKENDS) == {Variant.STABLE: Counts(), Variant.CANARY: Counts()}


@pytest.mark.parametrize("code", [500, 502, 503, 504, 599])
def test_an_answer_that_blames_the_server_is_an_error(code: int) -> None:
    side = counts(answered(code), BACKENDS)[Variant.STABLE]

    assert (side.requests, side.errors) == (7, 7)


@pytest.mark.parametrize("code", [200, 304, 400, 404, 429, 499])
def test_an_answer_that_does_not_blame_the_server_is_no_error(code: int) -> None:
    side = counts(answered(code), BACKENDS)[Variant.STABLE]

    assert (side.requests, side.errors) == (7, 0)


@pytest.mark.parametrize("status", [2, 4, 8, 13, 14, 15])
def test_a_grpc_status_that_blames_the_server_is_an_error(status: int) -> None:
    assert counts(ended(status), BACKENDS)[Variant.STABLE].errors == 7


@pytest.mark.parametrize("status", [0, 1, 3, 5, 6, 7, 9, 10, 11, 12, 16])
def test_a_grpc_status_that_does_not_blame_the_server_is_no_error(status: int) -> None:
    assert counts(ended(status), BACKENDS)[Variant.STABLE].errors == 0


@pytest.mark.parametrize("status", [0, 13])
def test_a_grpc_status_is_no_request_of_its_own(status: int) -> None:
    # Its HTTP answer, a 200, is counted already.
    assert counts(ended(status), BACKENDS)[Variant.STABLE].requests == 0


def test_the_error_ratio_is_the_share_that_failed() -> None:
    assert Counts(requests=200, errors=3).error_ratio == 0.015


def test_the_error_ratio_of_no_requests_is_0() -> None:
    assert Counts().error_ratio == 0


@pytest.mark.parametrize(
    ("quantile", "latency_ms"),
    [(0.5, 2.5), (0.8, 4), (0.9, 4.5), (1.0, 5)],
)
def test_the_first_bucket_begins_at_0(quantile: float, latency_ms: float) -> None:
    assert taking(le_5=100, le_10=100, le_inf=100).latency_ms(quantile) == pytest.approx(latency_ms)


@pytest.mark.parametrize(("quantile", "latency_ms"), [(0.8, 5), (0.85, 7.5), (0.9, 10), (0.95, 17.5)])
def test_a_latency_is_straight_lined_within_its_bucket(quantile: float, latency_ms: float) -> None:
    side = taking(le_5=80, le_10=90, le_25=100, le_inf=100)

    assert side.latency_ms(quantile) == pytest.approx(latency_ms)


def test_an_empty_bucket_takes_no_part_in_a_latency() -> None:
    side = taking(le_5=0, le_10=0, le_25=100, le_50=100, le_inf=100)

    assert side.latency_ms(0.5) == pytest.approx(17.5)


def test_a_latency_beyond_all_bounds_is_the_last_of_them() -> None:
    side = taking(le_5=80, le_10=90, le_inf=100)

    assert side.latency_ms(0.95) == 10


@pytest.mark.parametrize("within_ms", [{}, {5.0: 0.0, 10.0: 0.0, inf: 0.0}], ids=["no buckets", "empty buckets"])
def test_there_is_no_latency_of_no_requests(within_ms: Mapping[float, float]) -> None:
    assert Counts(within_ms=within_ms).latency_ms(0.95) is None


def test_the_order_of_the_buckets_does_not_matter() -> None:
    assert taking(le_inf=100, le_10=90, le_25=100, le_5=80).latency_ms(0.85) == pytest.approx(7.5)


def test_the_latency_of_an_exposition_is_over_both_ports() -> None:
    # Rank 133 of 140 lies 13 of 19 requests into the bucket from 5 to 10 ms.
    assert counts(EXPOSITION, BACKENDS)[Variant.STABLE].latency_ms(0.95) == pytest.approx(5 + 5 * 13 / 19)


def test_what_was_counted_after_a_reading_leaves_out_what_it_had() -> None:
    earlier = Counts(requests=100, errors=2, within_ms={5: 90, 10: 95, inf: 98})
    now = Counts(requests=150, errors=5, within_ms={5: 91, 10: 140, inf: 145})

    assert now.since(earlier) == Counts(requests=50, errors=3, within_ms={5: 1, 10: 45, inf: 47})


def test_after_a_reading_of_nothing_everything_counts() -> None:
    now = Counts(requests=150, errors=5, within_ms={5: 91, inf: 145})

    assert now.since(Counts()) == now


def test_without_a_request_in_between_nothing_was_counted() -> None:
    now = Counts(requests=150, errors=5, within_ms={5: 91, inf: 145})

    assert now.since(now) == Counts(within_ms={5: 0, inf: 0})
    assert now.since(now).latency_ms(0.95) is None


def test_all_of_it_was_counted_after_the_reading_where_the_proxy_has_started_anew() -> None:
    earlier = Counts(requests=100, errors=2, within_ms={5: 90, inf: 98})
    now = Counts(requests=40, errors=3, within_ms={5: 30, inf: 37})

    assert now.since(earlier) == now


def test_a_reading_is_left_as_it_was() -> None:
    buckets = MappingProxyType({5.0: 90.0, inf: 98.0})
    earlier, now = Counts(100, 2, buckets), Counts(150, 2, {5.0: 91.0, inf: 145.0})

    now.since(earlier)

    assert earlier == Counts(100, 2, buckets)
    assert now == Counts(150, 2, {5.0: 91.0, inf: 145.0})
