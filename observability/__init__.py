"""How we see the platform: every metric name and every query, as pure functions."""
