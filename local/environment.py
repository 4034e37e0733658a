"""The environment in which plain `pulumi` and `kubectl` work on the embedded cluster: `eval "$(make -s env)"`.

What the user has set or installed stays: a `pulumi` on PATH, a KUBECONFIG, a Pulumi backend.
"""

import os
import shlex
import shutil
from pathlib import Path

from local import backend, toolchain
from local.cluster import layout
from local.home import home

OWN_COMMANDS = Path(__file__).parent / "bin"
VIRTUAL_ENVIRONMENT = Path(__file__).parents[1] / ".venv"


def own_cluster() -> bool:
    """Whether the embedded cluster is meant: unless the user has chosen another by KUBECONFIG."""
    return os.environ.get("KUBECONFIG", "") in {"", str(layout.kubeconfig())}


def own_pulumi() -> bool:
    """Whether the toolchain's Pulumi is meant: unless another is installed."""
    return shutil.which("pulumi", path=_without_own(os.environ["PATH"])) is None


def own_kubectl() -> bool:
    """Whether the toolchain's kubectl is meant: it is the embedded cluster's version, and the fallback elsewhere."""
    return own_cluster() or shutil.which("kubectl", path=_without_own(os.environ["PATH"])) is None


def tools() -> tuple[str, ...]:
    """The tools that the environment leads to, which must have been built."""
    return (
        *(("kubernetes",) if own_kubectl() else ()),
        *(("pulumi", "pulumi-kubernetes") if own_pulumi() else ()),
    )


def variables() -> dict[str, str]:
    """Variables to set, by name."""
    folders = [str(VIRTUAL_ENVIRONMENT / "bin")]
    if own_kubectl():
        folders.append(str(toolchain.bin_dir("kubernetes")))
    if own_pulumi():
        folders += [str(toolchain.bin_dir("pulumi")), str(OWN_COMMANDS)]
    wanted = {
        "PATH": os.pathsep.join([*folders, _without_own(os.environ["PATH"])]),
        "PULUMI_SKIP_UPDATE_CHECK": "1",
    }
    if own_cluster():
        wanted["KUBECONFIG"] = str(layout.kubeconfig())
    if own_pulumi():
        wanted["PULUMI_HOME"] = str(backend.pulumi_home())
        wanted["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"  # the one provider is installed
    if "PULUMI_BACKEND_URL" not in os.environ:
        wanted["PULUMI_BACKEND_URL"] = f"file://{backend.folder()}"
        if not {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & os.environ.keys():
            # Stack `local` holds no secrets. A stack that does names a real secrets provider in its file.
            wanted["PULUMI_CONFIG_PASSPHRASE"] = ""
    return wanted


def _without_own(path: str) -> str:
    """PATH less what an earlier `make env` put there."""
    own = (str(home()), str(OWN_COMMANDS), str(VIRTUAL_ENVIRONMENT))
    return os.pathsep.join(folder for folder in path.split(os.pathsep) if not folder.startswith(own))


def main() -> None:
    """Print the variables as shell commands."""
    for name, value in variables().items():
        print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    main()
