"""What a page about a canary is, and what is one that came since."""

from typing import Any

import pytest

from ops.pager import pages
from ops.prometheus import Prometheus
from ops.stack import StackUnreachableError
from stacks.schema import Stack, parse
from tests.conftest import NAMESPACE, a_test_stack_config


def an_alert(name: str = "PlimsollCanaryBurn", **labels: str) -> dict[str, Any]:
    about = {"namespace": NAMESPACE, "service": "digits", "variant": "canary", "severity": "page"}
    return {
        "labels": {"alertname": name, **about, **labels},
        "annotations": {"summary": "digits' canary misses its objective"},
        "state": "firing",
    }


@pytest.fixture
def stack() -> Stack:
    return parse(a_test_stack_config())


def told(monkeypatch: pytest.MonkeyPatch, *alerts: dict[str, Any]) -> None:
    def said(_: Prometheus) -> list[dict[str, Any]]:
        return list(alerts)

    monkeypatch.setattr(Prometheus, "alerts", said)


def test_a_page_that_came_since_is_told_with_its_name_and_summary(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(monkeypatch)
    before = pages(stack, "digits").firing
    told(monkeypatch, an_alert())

    assert pages(stack, "digits").since(before) == "PlimsollCanaryBurn: digits' canary misses its objective"


def test_a_page_that_was_there_before_is_not_the_canarys(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, an_alert())
    before = pages(stack, "digits").firing
    told(monkeypatch, an_alert(), an_alert("PlimsollRequestsRefused"))

    assert pages(stack, "digits").since(before).startswith("PlimsollRequestsRefused: ")


@pytest.mark.parametrize(
    "other",
    [
        an_alert(service="another"),
        an_alert(variant="stable"),
        an_alert(namespace="another"),
        an_alert(severity="ticket"),
        {**an_alert(), "state": "pending"},
    ],
    ids=("another service", "the other side", "another stack", "a ticket", "not firing yet"),
)
def test_what_pages_nobody_about_the_canary_is_no_reason(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, other: dict[str, Any]
) -> None:
    told(monkeypatch, other)

    assert pages(stack, "digits").since(()) == ""


def test_a_prometheus_that_cant_be_asked_is_no_good_news(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(_: Prometheus) -> list[dict[str, Any]]:
        raise StackUnreachableError("`kubectl get` failed", "no endpoints", "make status")

    monkeypatch.setattr(Prometheus, "alerts", unreachable)

    assert "Prometheus can't be asked" in pages(stack, "digits").unheard


def test_a_stack_that_nobody_watches_has_no_pages() -> None:
    config = a_test_stack_config()
    del config["monitoring"]

    assert pages(parse(config), "digits").firing == {}
