"""`python -m ops …`: one command a file."""

import sys
from importlib import import_module

import typer
from rich.console import Console

from ops.errors import CommandError
from ops.stack import StackUnreachableError
from stacks.schema import StackError

COMMANDS = (
    "calibrate",
    "cost",
    "demo-canary",
    "doctor",
    "preview",
    "prove",
    "report",
    "rollout",
    "touched",
)


def commands(asked: str) -> typer.Typer:
    """The commands: only the one that is asked for, if it is one, for to load what all of them need takes seconds."""
    app = typer.Typer(add_completion=False, no_args_is_help=True, help="Day-2 commands of an inference platform.")
    app.callback()(lambda: None)  # a command keeps its name also when it is the only one
    for name in (asked,) if asked in COMMANDS else COMMANDS:
        app.command(name)(import_module(f"ops.{name.replace('-', '_')}").command)
    return app


if __name__ == "__main__":
    try:
        commands(asked="".join(sys.argv[1:2]))()
    except (CommandError, StackError, StackUnreachableError) as error:
        Console(stderr=True).print(str(error), highlight=False, markup=False)
        sys.exit(1)
