"""Names of the metrics that Triton exports on port 8002. Nowhere else are they spelled.

Source: Triton's metrics guide, server 2.51. Durations are cumulative and in microseconds.
"""

INFERENCES = "nv_inference_count"
"""Inputs inferred: a batch of 8 counts 8."""

EXECUTIONS = "nv_inference_exec_count"
"""Times that a model ran: a batch of 8 counts 1."""

REQUESTS_SUCCEEDED = "nv_inference_request_success"
"""Requests answered."""

REQUESTS_FAILED = "nv_inference_request_failure"
"""Requests refused or failed, by label `reason`."""

QUEUE_MICROSECONDS = "nv_inference_queue_duration_us"
"""Time that requests waited for an instance."""

MODEL_LABEL = "model"
VERSION_LABEL = "version"
