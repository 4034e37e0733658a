"""A project of its own for trying things: the checkout, but for the stack files and whatever else is to be changed."""

import os
import shutil
from collections.abc import Collection
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]


def with_own_backend(folder: Path) -> dict[str, str]:
    """This process's environment, with stacks kept in a folder and no passphrase: they end with it."""
    return {**os.environ, "PULUMI_BACKEND_URL": f"file://{folder}", "PULUMI_CONFIG_PASSPHRASE": ""}


def link_checkout(folder: Path, *, copied: Collection[str] = ()) -> None:
    """Fill an empty folder with links to the checkout's entries, and copies of those in `copied`; no stack file."""
    for entry in CHECKOUT.iterdir():
        if entry.name in copied:
            shutil.copytree(entry, folder / entry.name)
        elif entry.name != "stacks":
            (folder / entry.name).symlink_to(entry)
    (folder / "stacks").mkdir()
    for entry in ("__init__.py", "schema"):
        (folder / "stacks" / entry).symlink_to(CHECKOUT / "stacks" / entry)


_CALLERS = """
def callers(requests):
    # Without its warm-up, which sends zeros: a version that fails there is never ready.
    return sum(int(pb_utils.get_input_tensor_by_name(request, "image").as_numpy().any()) for request in requests)
"""

BAD_VERSIONS = {
    "raises": """
def execute(self, requests, well=TritonPythonModel.execute):
    if callers(requests):
        raise RuntimeError("a version that raises")
    return well(self, requests)
""",
    "takes ten times as long": """
def execute(self, requests, well=TritonPythonModel.execute):
    import time
    time.sleep(0.04)
    return well(self, requests)
""",
    "dies under load": """
def execute(self, requests, well=TritonPythonModel.execute):
    import os
    self.answered = getattr(self, "answered", 0) + callers(requests)
    if self.answered > 20:
        os._exit(1)
    return well(self, requests)
""",
}
"""What makes a version bad in a way that no preview sees, by what it then does: added to the code of a good one."""

FIRST_BAD_VERSION = 4


def add_version(model_repo: Path, version: int, code: str) -> None:
    """Give the digits in a copied model_repo one more version, and none in git: the third, with another `execute`.

    `code` defines it, and may ask for the number of `callers` in its requests.
    """
    good = (model_repo / "backends" / "onnx" / "model.py").read_text()
    folder = model_repo / "digits" / str(version)
    shutil.copytree(model_repo / "digits" / "3", folder)
    (folder / "model.py").write_text(f"{good}\n{_CALLERS}\n{code}\nTritonPythonModel.execute = execute\n")


def add_bad_versions(model_repo: Path) -> None:
    """Add a version for each of those, in their order."""
    for version, bad in enumerate(BAD_VERSIONS.values(), start=FIRST_BAD_VERSION):
        add_version(model_repo, version, bad)
