"""Dashboards: the files in git are what their builders build, for one stack each."""

from typing import Any

from observability import dashboards
from observability.dashboards.build import built


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def test_the_files_in_git_are_what_is_built() -> None:
    files = {file.stem: file.read_text() for file in dashboards.FOLDER.glob("*.json")}

    assert files == built(), "run `make dashboards`"


def test_a_stack_gets_dashboards_of_its_own() -> None:
    loaded = dashboards.load("models")

    assert sorted(loaded) == ["fleet", "service"]
    assert dashboards.STACK_NAMESPACE not in str(loaded)
    assert len({each["uid"] for each in loaded.values()} | {"plimsoll-fleet-other"}) == 3


def test_every_panel_says_what_it_shows_and_in_which_unit() -> None:
    for dashboard in dashboards.load("models").values():
        for panel in panels(dashboard):
            assert panel["title"]
            assert panel["description"]
            assert panel["fieldConfig"]["defaults"]["unit"]
            assert all('namespace="models"' in target["expr"] for target in panel["targets"])
