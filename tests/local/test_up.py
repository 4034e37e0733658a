import pytest
from typer.testing import CliRunner

from local.__main__ import app


def refused(*arguments: str) -> str:
    """What `python -m local` says as it refuses, on one line."""
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 1
    return " ".join(done.output.split())


def test_the_local_stack_is_not_deployed_on_somebody_elses_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/home/me/.kube/config")

    said = refused("up")

    assert "KUBECONFIG=/home/me/.kube/config names another" in said
    assert "make up STACK=existing" in said


def test_a_stack_on_an_existing_cluster_needs_a_kubeconfig(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)

    assert "export KUBECONFIG=" in refused("up", "--stack", "existing")


def test_a_stack_without_a_file_is_refused_with_those_that_have_one() -> None:
    assert "there are stacks dev, existing, local, prod, staging" in refused("up", "--stack", "nope")
