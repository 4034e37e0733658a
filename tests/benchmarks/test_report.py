import json
from pathlib import Path

from benchmarks.machine import Machine
from benchmarks.perf_analyzer import seen
from benchmarks.report import Report, Table, publish

MACHINE = Machine(
    date="2026-11-24", cores=2, cpu="a CPU", memory_gib=24.0, kernel="Linux 6", load=0.1, versions={"Triton": "2.51.0"}
)


def test_a_report_is_left_for_people_and_for_programs(tmp_path: Path) -> None:
    table = Table(title="Growth", columns=("services", "seconds"), rows=[("10", "2.5")])
    report = Report(
        name="preview", title="Previews", method="In turns.", tables=[table], findings=["Slow."], data={"runs": [2.5]}
    )

    publish(report, MACHINE, tmp_path / "results")

    record = json.loads((tmp_path / "results" / "preview.json").read_text())
    assert record["runs"] == [2.5]
    assert record["machine"]["cores"] == 2
    page = (tmp_path / "results" / "preview.md").read_text()
    assert "## Growth\n\n| services | seconds |\n| --- | ---: |\n| 10 | 2.5 |" in page
    assert "- Slow." in page
    assert "2 cores of a CPU, 24 GiB" in page


def test_perf_analyzers_microseconds_are_told_in_milliseconds() -> None:
    table = (
        "Concurrency,Inferences/Second,Client Send,p50 latency,p90 latency,p95 latency,p99 latency\n"
        "8,2114.5,30,2700,4000,4900,10300\n"
    )

    found = seen(table)

    assert found.inferences_per_second == 2114.5
    assert (found.p50_ms, found.p95_ms, found.p99_ms) == (2.7, 4.9, 10.3)
