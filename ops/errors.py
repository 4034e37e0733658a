"""What ends a command that can't do what was asked."""


class CommandError(Exception):
    """It can't begin, or can't go on. Its text, a problem and the way out, is ready to be shown."""

    def __init__(self, problem: str, way_out: str) -> None:
        super().__init__(f"{problem}\n  fix   {way_out}")
