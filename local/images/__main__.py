"""`python -m local.images build NAME…` builds images; `list` prints each one's reference and archive."""

from typing import Annotated

import typer

from local import images
from local.toolchain import ToolchainError

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Container images, without a registry or an engine.")


@app.command()
def build(
    names: Annotated[list[str], typer.Argument(help=f"Of {', '.join(images.IMAGES)}.", show_default=False)],
) -> None:
    """Build the images that aren't there yet."""
    try:
        images.ensure(names)
    except ToolchainError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None


@app.command("list")
def list_images() -> None:
    """Print each image's reference, and its archive, built or not."""
    for name in images.IMAGES:
        typer.echo(f"{images.reference(name)}\t{images.archive(name)}")


if __name__ == "__main__":
    app()
