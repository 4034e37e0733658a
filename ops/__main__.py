"""`python -m ops …`: one command a file."""

import sys

import typer
from rich.console import Console

from ops import prove
from ops.stack import StackUnreachableError

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Day-2 commands of an inference platform.")
app.command("prove")(prove.command)


@app.callback()
def main() -> None:
    """Keep `prove` a subcommand while it is the only one."""


if __name__ == "__main__":
    try:
        app()
    except StackUnreachableError as error:
        Console(stderr=True).print(str(error), highlight=False, markup=False)
        sys.exit(1)
