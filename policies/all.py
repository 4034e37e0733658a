"""Every policy there is, one line each."""

from policies import (
    autoscaling,
    batching,
    budget,
    burn_rate_alerts,
    canary_step,
    deletion_protection,
    error_budget,
    images,
    pool_ceiling,
    security_baseline,
    slo,
    tags,
)
from policies.policy import Policy

POLICIES: tuple[Policy, ...] = (
    budget.POLICY,
    slo.POLICY,
    burn_rate_alerts.POLICY,
    error_budget.POLICY,
    canary_step.POLICY,
    batching.POLICY,
    autoscaling.POLICY,
    pool_ceiling.POLICY,
    images.POLICY,
    security_baseline.POLICY,
    tags.POLICY,
    deletion_protection.POLICY,
)
