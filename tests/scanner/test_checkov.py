import re

from tests.scanner.checkov import LOCK


def test_the_scanners_lock_is_hashed_and_names_no_registry() -> None:
    lock = LOCK.read_text()

    assert "://" not in lock
    assert all("--hash=sha256:" in pin for pin in re.split(r"\n(?=\S)", lock) if "==" in pin)
