"""The page for reviewers, from the engine's events."""

from datetime import date
from typing import Any

from markdown_it import MarkdownIt

from economics import monthly_cost
from ops.preview import planned
from ops.preview_report import Planned, Reviewed, marker, render
from policies.limits import read_limits
from stacks.schema import Stack
from tests.policies.changes import prod

URN = "urn:pulumi:prod::plimsoll::kubernetes:apps/v1:Deployment::digits"
VIOLATED = "Queues end.\n  services.digits.batching.maxQueueSize: 9000 requests\n    limit   4096"


def step(op: str, urn: str = URN) -> dict[str, Any]:
    return {"resourcePreEvent": {"metadata": {"op": op, "urn": urn}, "planning": True}}


def violation(policy: str, level: str, message: str = VIOLATED) -> dict[str, Any]:
    return {"policyEvent": {"policyName": policy, "enforcementLevel": level, "message": message}}


def error(message: str) -> dict[str, Any]:
    return {"diagnosticEvent": {"severity": "error", "message": message}}


NOTHING = planned([step("same")], failed=False)


def reviewed(plan: Planned = NOTHING, before: Stack | None = None, after: Stack | None = None, **more: Any) -> str:
    """The page about a change of prod."""
    about: dict[str, Any] = {"before_not_known": "", "exceptions": (), "today": date(2026, 11, 28), **more}
    limits, _ = read_limits().of("prod")
    return render(Reviewed(name="prod", planned=plan, before=before, after=after or prod(), limits=limits, **about))


def test_what_is_changed_is_counted_and_what_stays_is_not() -> None:
    plan = planned([step("same"), step("read"), step("create"), step("update"), step("update")], failed=False)

    assert {op: len(urns) for op, urns in plan.changes.items()} == {"create": 1, "update": 2}
    assert "Resources: create 1, update 2." in reviewed(plan)


def test_a_replacement_is_told_once() -> None:
    plan = planned([step("create-replacement"), step("replace"), step("delete-replaced")], failed=False)

    assert "Resources: **replace** 1." in reviewed(plan)


def test_a_mandatory_violation_refuses_and_an_advisory_one_warns() -> None:
    refused = planned([violation("batching", "mandatory"), error("preview failed\n")], failed=True)
    warned = planned([violation("batching", "advisory")], failed=False)

    assert (refused.refused, refused.errors) == (True, ())
    assert "**refused** by 1 policy" in reviewed(refused)
    assert not warned.refused
    assert "may be merged, with 1 warning" in reviewed(warned)
    assert VIOLATED in reviewed(refused)


def test_a_preview_that_fails_shows_why_and_one_that_does_not_say_why_what_came_beside_it() -> None:
    failed = planned([error("<{%fg 1%}>no such region<{%reset%}>\n"), error("preview failed\n")], failed=True)
    silent = planned([], failed=True, said="error: no stack named 'prod' found\n")

    assert failed.errors == ("no such region",)
    assert silent.errors == ("error: no stack named 'prod' found",)
    assert "the preview failed" in reviewed(silent)


def test_its_money_is_what_economics_says_before_and_after() -> None:
    before, after = prod(**{"gpuPools.l4.nodes.max": 7}), prod()

    page = reviewed(before=before, after=after)

    was, will = monthly_cost(before), monthly_cost(after)
    assert was
    assert will
    for name, of in (("floor", "floor"), ("expected", "expected"), ("worst case", "worst")):
        old, new = getattr(was, of), getattr(will, of)
        assert f"| {name} | {old:,.0f} | {new:,.0f} | {new - old:+,.0f} |" in page
    assert f"the worst case takes {will.worst / 12_000:.0%}" in page
    assert f"List prices of {will.prices.read}, 131 days old, **old: read them anew**" in page


def test_changed_services_and_pools_are_shown_as_before_and_after() -> None:
    page = reviewed(
        before=prod(**{"gpuPools.l4.nodes.max": 7}),
        after=prod(**{"services.digits.canary": {"version": 3, "weight": 5}}),
    )

    assert "3 at 0 % → **3 at 5 %**" in page
    assert "1 other service unchanged." in page
    assert "| l4 | 2 to 7 → 2 to 6 | 6 | 6 | 0 |" in page


def test_a_page_that_compares_with_nothing_says_why() -> None:
    assert "Nothing is deployed yet." in reviewed()
    assert "is not known**, so nothing is compared with it: no backend" in reviewed(before_not_known="no backend")
    assert "deployed" not in reviewed(before=prod())


def test_exceptions_are_in_every_page() -> None:
    assert "- until 2026-12-01 (3 days): batching" in reviewed(exceptions=("until 2026-12-01 (3 days): batching",))


def test_it_is_markdown_that_renders_and_begins_with_what_the_next_one_finds_it_by() -> None:
    plan = planned([step("create"), violation("batching", "mandatory"), violation("slo", "mandatory")], failed=True)

    page = reviewed(plan, before=prod())

    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(page)
    assert page.startswith(marker("prod"))
    assert html.count("<table>") == 2
    assert html.count("<details") == html.count("</details>") == 4
    assert html.count("<pre>") == 2
    assert len(page) < 65_536, "GitHub's limit of a comment"
