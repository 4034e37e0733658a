"""The page for reviewers, from the engine's events."""

from typing import Any

from markdown_it import MarkdownIt

from economics import monthly_cost
from ops.preview import planned
from ops.preview_report import Planned, marker, render
from policies.all import POLICIES
from policies.engine import ROOT
from stacks.schema import STACK_TYPE
from tests.policies.changes import TODAY, prod
from tests.stacks.configs import committed, put

PROD = committed("Pulumi.prod.yaml")
URN = "urn:pulumi:prod::plimsoll::plimsoll:components:TritonServer$kubernetes:apps/v1:Deployment::digits"
VIOLATED = "Queues end.\n  services.digits.batching.maxQueueSize: 9000 requests\n    limit   4096"


def step(op: str, urn: str = URN, **state: Any) -> dict[str, Any]:
    type_ = urn.split("::")[2].rpartition("$")[2]
    return {"resourcePreEvent": {"metadata": {"op": op, "urn": urn, "type": type_, **state}, "planning": True}}


def asking(after: dict[str, Any], before: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the engine says of the resource that holds the stack's words."""
    old = {"inputs": {"asked": before}} if before else None
    urn = f"urn:pulumi:prod::plimsoll::{STACK_TYPE}::stack"
    return step("same" if after == before else "update", urn, old=old, new={"inputs": {"asked": after}})


def violation(policy: str, level: str, message: str = VIOLATED) -> dict[str, Any]:
    return {"policyEvent": {"policyName": policy, "enforcementLevel": level, "message": message}}


def error(message: str) -> dict[str, Any]:
    return {"diagnosticEvent": {"severity": "error", "message": message}}


def page(*events: dict[str, Any], failed: bool = False, exceptions: tuple[str, ...] = ()) -> str:
    """The page about prod."""
    return render("prod", planned(events, failed=failed), exceptions, TODAY)


def rendered(plan: Planned) -> str:
    return render("prod", plan, (), TODAY)


SAME = asking(PROD, PROD)


def test_what_is_changed_is_counted_and_what_stays_is_not() -> None:
    said = page(SAME, step("same"), step("read"), step("create"), step("update"), step("update"))

    assert "Resources: create 1, update 2." in said
    assert "- create `kubernetes:apps/v1:Deployment` digits\n" in said


def test_a_replacement_is_told_once() -> None:
    assert "Resources: **replace** 1." in page(
        SAME, step("create-replacement"), step("replace"), step("delete-replaced")
    )


def test_a_mandatory_violation_refuses_and_an_advisory_one_warns() -> None:
    refused = planned([SAME, violation("batching", "mandatory"), error("preview failed\n")], failed=True)
    warned = planned([SAME, violation("batching", "advisory")], failed=False)

    assert (refused.refused, refused.errors) == (True, ())
    assert "**refused** by 1 policy" in rendered(refused)
    assert not warned.refused
    assert "may be merged, with 1 warning" in rendered(warned)
    assert VIOLATED in rendered(refused)


def test_without_a_violation_all_policies_pass() -> None:
    assert f"may be merged, all {len(POLICIES)} policies pass" in page(SAME)


def test_a_preview_that_fails_shows_why_and_one_that_does_not_say_why_what_came_beside_it() -> None:
    failed = planned([error("<{%fg 1%}>no such region<{%reset%}>\n"), error("preview failed\n")], failed=True)
    silent = planned([], failed=True, said="error: no stack named 'prod' found\n")

    assert failed.errors == ("no such region",)
    assert silent.errors == ("error: no stack named 'prod' found",)
    assert "the preview failed" in rendered(silent)
    assert failed.refused


def test_its_money_is_what_economics_says_before_and_after() -> None:
    before = put(PROD, "gpuPools.l4.nodes.max", 7)

    said = page(asking(PROD, before))

    was, will = monthly_cost(prod(**{"gpuPools.l4.nodes.max": 7})), monthly_cost(prod())
    assert was
    assert will
    for name, of in (("floor", "floor"), ("expected", "expected"), ("worst case", "worst")):
        old, new = getattr(was, of), getattr(will, of)
        assert f"| {name} | {old:,.0f} | {new:,.0f} | {new - old:+,.0f} |" in said
    assert f"the worst case takes {will.worst / 120:.0f} %" in said
    age = (TODAY - will.prices.read).days
    assert f"List prices of {will.prices.read}, {age} days old, **old: read them anew**" in said


def test_changed_services_and_pools_are_shown_as_before_and_after() -> None:
    before = put(PROD, "gpuPools.l4.nodes.max", 7)
    after = put(PROD, "services.digits.canary", {"version": 3, "weight": 5})

    said = page(asking(after, before))

    assert "3 at 0 % → **3 at 5 %**" in said
    assert "1 other service unchanged." in said
    assert "| l4 | 2 to 7 → 2 to 6 | 6 | 6 | 0 |" in said


def test_a_page_that_compares_with_nothing_says_why() -> None:
    root = f"urn:pulumi:prod::plimsoll::{ROOT}::plimsoll-prod"

    assert "Nothing is deployed yet." in page(step("create", root), asking(PROD))
    assert "nothing to compare with" in page(step("same", root), asking(PROD))
    assert "nothing to compare with" in page(step("same", root), asking(PROD, {"in": "words of old"}))
    assert "compare" not in page(SAME)


def test_exceptions_are_in_every_page() -> None:
    note = "until 2026-12-01 (3 days): batching"

    assert f"- {note}" in page(SAME, exceptions=(note,))
    assert f"- {note}" in page(failed=True, exceptions=(note,))


def test_it_is_markdown_that_renders_and_begins_with_what_the_next_one_finds_it_by() -> None:
    said = page(SAME, step("create"), violation("batching", "mandatory"), violation("slo", "mandatory"), failed=True)

    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(said)
    assert said.startswith(marker("prod"))
    assert html.count("<table>") == 2
    assert html.count("<details") == html.count("</details>") == 4
    assert html.count("<pre>") == 2
    assert len(said) < 65_536, "GitHub's limit of a comment"
