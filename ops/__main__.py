"""`python -m ops …`: one command a file."""

import sys

import typer
from rich.console import Console

from ops import calibrate, cost, demo_canary, doctor, preview, prove, report, rollout, touched
from ops.errors import CommandError
from ops.stack import StackUnreachableError
from stacks.schema import StackError

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Day-2 commands of an inference platform.")
app.command("calibrate")(calibrate.command)
app.command("cost")(cost.command)
app.command("doctor")(doctor.command)
app.command("preview")(preview.command)
app.command("prove")(prove.command)
app.command("report")(report.command)
app.command("demo-canary")(demo_canary.command)
app.command("rollout")(rollout.command)
app.command("touched")(touched.command)


if __name__ == "__main__":
    try:
        app()
    except (CommandError, StackError, StackUnreachableError) as error:
        Console(stderr=True).print(str(error), highlight=False, markup=False)
        sys.exit(1)
