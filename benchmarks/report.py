"""Results as people read them (a Markdown table) and as programs do (JSON), in `benchmarks/results/`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable

from benchmarks.machine import Machine

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, kw_only=True)
class Table:
    """Figures, ready to be read: the first column says of what."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    @property
    def markdown(self) -> str:
        """Numbers to the right, as every Markdown reader draws it."""
        rule = ("---", *("---:" for _ in self.columns[1:]))
        rows = "\n".join(f"| {' | '.join(row)} |" for row in (self.columns, rule, *self.rows))
        return f"## {self.title}\n\n{rows}"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What one benchmark found."""

    name: str
    title: str
    method: str
    """How it was measured, so that a reader can judge the figures: one paragraph."""
    tables: Sequence[Table]
    findings: Sequence[str]
    """What the figures say, one sentence each; missed targets plainly."""
    data: Mapping[str, object]
    """Every single measurement behind them."""


def publish(report: Report, machine: Machine, folder: Path = RESULTS) -> None:
    """Print a report, and write `NAME.json` and `NAME.md`, replacing those of an earlier run."""
    _print(report)
    folder.mkdir(exist_ok=True)
    record = {"benchmark": report.name, "machine": asdict(machine), "findings": report.findings, **report.data}
    (folder / f"{report.name}.json").write_text(json.dumps(record, indent=1) + "\n")
    findings = "\n".join(f"- {finding}" for finding in report.findings)
    tables = (table.markdown for table in report.tables)
    sections = (f"# {report.title}", report.method, *tables, "## What they say", findings, f"Measured on: {machine}.")
    (folder / f"{report.name}.md").write_text("\n\n".join(sections) + "\n")


def _print(report: Report) -> None:
    console = Console()
    for table in report.tables:
        drawn = RichTable(title=table.title)
        for place, column in enumerate(table.columns):
            drawn.add_column(column, justify="right" if place else "left")
        for row in table.rows:
            drawn.add_row(*row)
        console.print(drawn)
    for finding in report.findings:
        console.print(f"- {finding}", highlight=False, markup=False)
