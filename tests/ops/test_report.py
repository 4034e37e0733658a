"""The report: one page that needs nothing beside it, with the window in a few numbers."""

import re
from pathlib import Path

import pytest

from ops import report
from ops.errors import CommandError
from ops.prometheus import Line
from ops.report import Drawn, charts, summary, write
from stacks.schema import Service, Stack, parse
from tests.conftest import a_test_stack_config
from tests.factories import a_service

START = 1_700_000_000.0
PROMISED = {"slo": {"availabilityPercent": 99.9, "latency": {"thresholdMs": 50, "percent": 95}}}


def drawn(service: Service) -> list[Drawn]:
    """Every chart of the service, with a minute of one value and a minute of another for each line."""
    points = [(START + 10 * n, 2.0 if n < 6 else 80.0) for n in range(12)]
    line, labels = Line({}, points), {"variant": "stable", "objective": "latency"}
    return [
        Drawn(chart, {legend.format(**labels): line for legend in chart.queries})
        for chart in charts("digits", service, "models", 15)
    ]


def test_the_page_needs_nothing_beside_it(tmp_path: Path) -> None:
    page = write(
        drawn(a_service(**PROMISED)), tmp_path, title="digits <prod>", start=START, end=START + 120
    ).read_text()

    assert re.findall(r'(?:src|href)="(?!data:)', page) == []
    assert "digits &lt;prod&gt;" in page
    assert page.count("data:image/png;base64,") == len(list(tmp_path.glob("*.png"))) == 8
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in tmp_path.glob("*.png"))


def test_the_window_is_told_in_a_few_numbers() -> None:
    said = summary(drawn(a_service(**PROMISED)))

    assert said["requests"] == "4,120, at most 80 a second"
    assert said["p95 above the objective"] == "50.0% of the time"
    assert float(said["replica-hours"]) == pytest.approx(4120 / 3600, abs=0.01)


def test_what_was_never_measured_is_said_to_be_missing(tmp_path: Path) -> None:
    empty = [Drawn(each.chart, {}) for each in drawn(a_service())]

    assert write(empty, tmp_path, title="digits", start=START, end=START + 60).is_file()
    assert summary(empty) == {}


@pytest.mark.parametrize(
    ("service", "watched", "said"),
    [
        ("digit", True, "stack test has no service 'digit'\n  fix   name one of: digits"),
        (
            "digits",
            False,
            "stack test is watched by no Prometheus\n  fix   add `monitoring: {}` to its file, and deploy",
        ),
    ],
)
def test_what_cant_be_drawn_is_said_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: str, *, watched: bool, said: str
) -> None:
    config = a_test_stack_config()
    if not watched:
        del config["monitoring"]

    def asked_for(_: str) -> Stack:
        return parse(config)

    monkeypatch.setattr(report, "asked_for", asked_for)

    with pytest.raises(CommandError) as refused:
        report.command(service, stack="test", into=tmp_path)

    assert str(refused.value) == said
