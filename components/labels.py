"""The labels of everything that belongs to a service."""


def selector(service: str) -> dict[str, str]:
    """What finds a service's stable pods, and never changes: Kubernetes forbids editing a selector."""
    return {"plimsoll.dev/service": service, "plimsoll.dev/variant": "stable"}


def labels(service: str) -> dict[str, str]:
    """The selector's labels, and those by which common tools group things."""
    return {
        "app.kubernetes.io/name": "triton",
        "app.kubernetes.io/instance": service,
        "app.kubernetes.io/part-of": "plimsoll",
        **selector(service),
    }
