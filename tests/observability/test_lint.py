"""Recipes that apply without an error and never scale: what is wrong with each is named."""

from typing import Any

import pytest
import yaml

from observability.lint import faults

HPA = """
apiVersion: {api}
kind: HorizontalPodAutoscaler
metadata: {{name: triton}}
spec:
  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: triton}}
  minReplicas: 1
  maxReplicas: 4
  metrics:
    - type: Pods
      pods: {{metric: {{name: {metric}}}, target: {{type: AverageValue, averageValue: "1"}}}}
"""

RULE = """
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: triton}
spec: {groups: [{name: triton, rules: [{record: avg_time_queue_us, expr: "%s"}]}]}
"""

SCALED_OBJECT = """
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: llm}
spec:
  scaleTargetRef: {name: llm}
  triggers:
    - type: prometheus
      metadata: {query: '%s', threshold: "5", ignoreNullValues: "false"}
"""

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: llm}
spec: {%stemplate: {}}
"""

GOOD_QUERY = 'sum(vllm:num_requests_waiting{namespace="x", model_name="llama"})'


def found(*texts: str) -> list[str]:
    """The objects at fault, in order."""
    manifests: list[dict[str, Any]] = [each for text in texts for each in yaml.safe_load_all(text)]
    return [f"{fault.where}: {fault.found}" for fault in faults(manifests)]


def test_a_recipe_that_works_has_no_fault() -> None:
    rule = RULE % "avg(rate(nv_inference_queue_duration_us{model='x'}[1m]))"

    assert found(HPA.format(api="autoscaling/v2", metric="avg_time_queue_us"), rule) == []
    assert found(SCALED_OBJECT % GOOD_QUERY, DEPLOYMENT % "") == []


def test_an_api_that_kubernetes_has_removed_is_named() -> None:
    [fault] = found(HPA.format(api="autoscaling/v2beta2", metric="avg_time_queue_us"), RULE % "vector(1)")

    assert fault == "HorizontalPodAutoscaler/triton: apiVersion autoscaling/v2beta2"


def test_a_metric_that_no_rule_provides_is_named() -> None:
    [fault] = found(HPA.format(api="autoscaling/v2", metric="queue_time"), RULE % "vector(1)")

    assert fault == "HorizontalPodAutoscaler/triton: metric 'queue_time' is provided by nothing here"


@pytest.mark.parametrize(
    ("query", "label"),
    [
        (GOOD_QUERY.replace("model_name", "model"), "model"),
        ('sum(rate(nv_inference_request_success{model_name="x"}[1m]))', "model_name"),
    ],
)
def test_a_label_that_the_exporter_does_not_have_is_named(query: str, label: str) -> None:
    [fault] = found(SCALED_OBJECT % query)

    assert fault.endswith(f"is asked for by label '{label}'")


def test_replicas_that_fight_the_autoscaler_are_named() -> None:
    assert found(SCALED_OBJECT % GOOD_QUERY, DEPLOYMENT % "replicas: 2, ") == [
        "Deployment/llm: replicas: 2, and ScaledObject/llm scales it"
    ]


def test_silence_that_counts_as_no_load_is_named() -> None:
    [fault] = found((SCALED_OBJECT % GOOD_QUERY).replace(', ignoreNullValues: "false"', ""))

    assert "ignoreNullValues" in fault
