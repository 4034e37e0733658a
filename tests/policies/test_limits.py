from datetime import date
from pathlib import Path

import pytest

from policies.exceptions import notes
from policies.limits import Enforcement, Exemption, LimitsError, read_limits

GRANTED = Exemption(
    stack="prod",
    policy="batching",
    path="services.digits.batching.maxQueueSize",
    reason="the night's scans come all at once",
    granted_by="platform-team",
    until=date(2026, 12, 1),
)


@pytest.mark.parametrize(
    ("stack", "enforcement"),
    [
        ("local", Enforcement.ADVISORY),
        ("dev", Enforcement.ADVISORY),
        ("staging", Enforcement.MANDATORY),
        ("prod", Enforcement.MANDATORY),
        ("somebody's own", Enforcement.MANDATORY),
    ],
)
def test_dev_is_warned_and_prod_is_stopped(stack: str, enforcement: Enforcement) -> None:
    limits, _ = read_limits().of(stack)

    assert limits.enforcement is enforcement


def test_a_mistake_in_the_limits_stops_every_update_in_words(tmp_path: Path) -> None:
    file = tmp_path / "limits.yaml"
    file.write_text("every: {owner: me, enforcement: strict}\nstacks: {}\nexceptions: []\n")

    with pytest.raises(LimitsError, match=r"every\.enforcement: Input should be 'advisory' or 'mandatory'"):
        read_limits(file)


def test_an_exception_holds_for_one_place_until_its_last_day() -> None:
    assert GRANTED.covers("batching", "services.digits.batching.maxQueueSize", date(2026, 12, 1))
    assert not GRANTED.covers("batching", "services.digits.batching.maxQueueSize", date(2026, 12, 2))
    assert not GRANTED.covers("batching", "services.other.batching.maxQueueSize", date(2026, 12, 1))
    assert not GRANTED.covers("budget", "services.digits.batching.maxQueueSize", date(2026, 12, 1))


def test_reports_say_which_exceptions_hold_and_which_have_ended() -> None:
    [holds] = notes([GRANTED], date(2026, 11, 28))
    [ended] = notes([GRANTED], date(2026, 12, 2))

    assert holds.startswith("until 2026-12-01 (3 days): batching for services.digits.batching.maxQueueSize, granted by")
    assert ended.startswith("ended on 2026-12-01 and holds no more")
