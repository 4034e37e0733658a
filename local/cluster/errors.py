"""What the embedded cluster says when it can't go on."""


class ClusterError(Exception):
    """Something is missing or broken: what, why it matters, and the way out."""

    def __init__(self, problem: str, *, reason: str, way_out: str) -> None:
        super().__init__(f"{problem}\n  reason  {reason}\n  fix     {way_out}")
