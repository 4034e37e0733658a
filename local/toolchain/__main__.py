"""`python -m local.toolchain ensure NAME…` builds tools; `path NAME…` prints the folders to put on PATH."""

from typing import Annotated

import typer

from local import toolchain

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Tools built from package registries alone.")

Names = Annotated[list[str], typer.Argument(help=f"Of {', '.join(toolchain.TOOLS)}.", show_default=False)]


@app.command()
def ensure(names: Names) -> None:
    """Build the tools that aren't there yet."""
    try:
        toolchain.ensure(names)
    except toolchain.ToolchainError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None


@app.command()
def path(names: Names) -> None:
    """Print the tools' folders as PATH wants them, built or not."""
    try:
        typer.echo(":".join(str(toolchain.bin_dir(name)) for name in names))
    except toolchain.ToolchainError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    app()
