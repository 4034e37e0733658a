"""Every metric and label that is read anywhere. Nowhere else are they spelled.

As Prometheus has them: `monitors.py` gives what is scraped the labels below, because Envoy hides a service in a
backend's name and a gRPC status in a metric's.
"""

# Labels of every series.
NAMESPACE = "namespace"
"""The stack's, also where a pod of another namespace exports it."""
SERVICE = "service"
VARIANT = "variant"
POD = "pod"
JOB = "job"

# Envoy's cluster statistics, 1.39, on port 19001 of each proxy.

ENVOY_PORT = 19001

RESPONSES = "envoy_cluster_upstream_rq"
"""Answers, by code and port. To HTTP a gRPC answer is a 200 whatever became of the call."""
RESPONSE_CODE = "envoy_response_code"
PROTOCOL = "protocol"
"""Of the backend's port: `http` or `grpc`."""

ARRIVALS = "envoy_cluster_upstream_rq_total"
"""Requests passed on, counted when they begin: under overload there are more of them than answers."""

LATENCY = "envoy_cluster_upstream_rq_time"
"""Time from passing a request on to its answer's end, in milliseconds; a histogram of the successful ones."""
LATENCY_BUCKETS = f"{LATENCY}_bucket"
LATENCY_COUNT = f"{LATENCY}_count"
LATENCY_LIMIT = "le"

GRPC_STATUS_PREFIX = "envoy_cluster_grpc_ModelInfer_"
"""Followed by a status number in Envoy's own name."""
GRPC_RESPONSES = "envoy_cluster_grpc_infer"
"""Inference calls that ended, by gRPC status number."""
GRPC_STATUS = "grpc_status"

OVERFLOWS = "envoy_cluster_upstream_rq_pending_overflow"
"""Requests refused because too many were under way or waiting."""

NO_BACKEND = "envoy_http_no_cluster"
"""Requests that found no backend at all."""

ENVOY_BACKEND = "envoy_cluster_name"

# Triton's, server 2.51, on port 8002 of each server. Durations are cumulative and in microseconds.

TRITON_PORT = 8002

INFERENCES = "nv_inference_count"
"""Inputs inferred: a batch of 8 counts 8."""

EXECUTIONS = "nv_inference_exec_count"
"""Times that a model ran: a batch of 8 counts 1."""

REQUESTS_SUCCEEDED = "nv_inference_request_success"
"""Requests answered."""

REQUESTS_FAILED = "nv_inference_request_failure"
"""Requests refused or failed, by `reason`."""
REASON = "reason"

QUEUE_MICROSECONDS = "nv_inference_queue_duration_us"
"""Time that requests waited for an instance."""

COMPUTE_INPUT_MICROSECONDS = "nv_inference_compute_input_duration_us"
COMPUTE_MICROSECONDS = "nv_inference_compute_infer_duration_us"
COMPUTE_OUTPUT_MICROSECONDS = "nv_inference_compute_output_duration_us"
"""Time that requests spent in a batch being computed, counted for each request of the batch."""

PENDING = "nv_inference_pending_request_count"
"""Requests that wait for an instance now."""

GPU_UTILISATION = "nv_gpu_utilization"
"""Share of the time in which a GPU computed, from 0 to 1."""
GPU_MEMORY_USED_BYTES = "nv_gpu_memory_used_bytes"
GPU_MEMORY_TOTAL_BYTES = "nv_gpu_memory_total_bytes"

MODEL = "model"
VERSION = "version"

# Prometheus' own.

UP = "up"
"""1 for each target that was read, 0 for each that was not."""
ALERTS = "ALERTS"

# What rules.py records.

OBJECTIVE = "objective"
"""`availability` or `latency`."""
SLI_TOTAL = "plimsoll:sli_total:rate"
"""Requests a second that an objective counts, followed by the window."""
SLI_BAD = "plimsoll:sli_bad:rate"
"""Those of them that miss it, followed by the window."""
ERROR_BUDGET = "plimsoll:error_budget:ratio"
"""The share of requests that may miss the objective."""
SHADOW = "plimsoll:shadow:info"
"""1 for a canary that only gets copies."""
LATENCY_THRESHOLD = "plimsoll:latency_threshold:ms"
REPLICAS_MIN = "plimsoll:replicas_min:count"
REPLICAS_MAX = "plimsoll:replicas_max:count"
BURN = "plimsoll:burn:rate"
"""How many times as fast as the objective allows the budget is spent, followed by the window."""
BUDGET_LEFT = "plimsoll:error_budget_left:ratio"
"""What is left of the window's budget: 1 is all, 0 none, below 0 more than all is spent."""
