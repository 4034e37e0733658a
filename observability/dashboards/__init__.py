"""The dashboards, as Grafana reads them. Built by `make dashboards` and kept in git, so that a preview builds nothing.

To add one: a file like `service.py`, and its name in `build.py`.
"""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "generated"

STACK_NAMESPACE = "STACK-NAMESPACE"
"""What stands for the stack's namespace in the files."""


def load(namespace: str) -> dict[str, dict[str, Any]]:
    """Every dashboard of a stack, by name."""
    return {
        file.stem: json.loads(file.read_text().replace(STACK_NAMESPACE, namespace))
        for file in sorted(FOLDER.glob("*.json"))
    }
