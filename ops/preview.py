"""`ops preview`: what a change of a stack does, costs and breaks, as one Markdown page for whoever reviews it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ops import preview_report
from ops.cost import STACKS
from ops.preview_report import Planned, Violation
from policies.engine import NOTICES, ROOT
from policies.exceptions import notes
from policies.limits import read_limits
from stacks.schema import STACK_TYPE, Stack, StackError, parse

STREAMED = {
    "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true",  # each event as it happens, what policies say among them
    "PULUMI_EXPERIMENTAL": "true",
    "PULUMI_SKIP_CHECKPOINTS": "true",  # as `make preview`: a preview saves nothing
}
COLOUR = re.compile(r"<\{%[^%]*%\}>")
SAID_ANYWAY = "preview failed"
UNCHANGED = frozenset({"same", "read"})

console = Console(stderr=True)


def command(
    stack: Annotated[str, typer.Option(help="The stack: its file is stacks/Pulumi.STACK.yaml.")] = "prod",
    into: Annotated[Path | None, typer.Option(help="The file to write. Absent: the page is printed.")] = None,
) -> None:
    """Preview a stack, and write what its reviewers need: changes, money, room, and what the policies say.

    Changes nothing. Ends with 1 where the update would be refused.
    """
    with console.status(f"pulumi preview --stack {stack}"):
        planned = preview(stack)
    today = datetime.now(UTC).date()
    _, exemptions = read_limits().of(stack)
    page = preview_report.render(stack, planned, tuple(notes(exemptions, today)), today)
    if into:
        into.write_text(page)
        console.print(f"written to {into}", highlight=False)
    else:
        sys.stdout.write(page)
    raise typer.Exit(int(planned.refused))


def preview(stack: str, *, cwd: Path = STACKS.parent, environment: Mapping[str, str] = os.environ) -> Planned:
    """What an update of the stack would do, by Pulumi's engine with our policies."""
    done = subprocess.run(
        ("pulumi", "preview", "--json", "--stack", stack, "--policy-pack", "policies", "--non-interactive"),
        cwd=cwd, env={**environment, **STREAMED}, check=False, text=True, stdin=subprocess.DEVNULL, capture_output=True,
    )  # fmt: skip
    return planned(map(json.loads, done.stdout.splitlines()), failed=done.returncode != 0, said=done.stderr)


def planned(events: Iterable[Mapping[str, Any]], *, failed: bool, said: str = "") -> Planned:
    """What the engine's events say. `said` is what came beside them."""
    changes: dict[str, list[str]] = {}
    violations: list[Violation] = []
    errors: list[str] = []
    before = after = None
    is_first = False
    for event in events:
        if step := event.get("resourcePreEvent"):
            metadata = step["metadata"]
            if metadata["op"] not in UNCHANGED:
                changes.setdefault(metadata["op"], []).append(metadata["urn"])
            if metadata["type"] == STACK_TYPE:
                before, after = _asked(metadata.get("old")), _asked(metadata.get("new"))
            is_first |= metadata["type"] == ROOT and metadata["op"] == "create"
        elif (policy := event.get("policyEvent")) and policy["policyName"] != NOTICES:
            violations.append(
                Violation(
                    policy=policy["policyName"],
                    mandatory=policy["enforcementLevel"] == "mandatory",
                    message=_plain(policy["message"]),
                )
            )
        elif (diagnostic := event.get("diagnosticEvent")) and diagnostic["severity"] == "error":
            errors.append(_plain(diagnostic["message"]))
    errors = [error for error in errors if error != SAID_ANYWAY]
    if failed and not errors and not any(each.mandatory for each in violations):
        errors.append(said.strip() or "pulumi preview failed and did not say why")
    return Planned(
        changes=changes,
        violations=tuple(violations),
        errors=tuple(errors),
        failed=failed,
        is_first=is_first,
        before=before,
        after=after,
    )


def _asked(state: Mapping[str, Any] | None) -> Stack | None:
    """The stack that one side of a step speaks of; None where there is none, or in words that are no longer known."""
    try:
        return parse(state["inputs"]["asked"]) if state else None
    except StackError:
        return None


def _plain(text: str) -> str:
    return COLOUR.sub("", text).strip()
