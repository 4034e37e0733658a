"""See that a cluster has the add-ons that its stack counts on, before anything is placed there."""

from dataclasses import replace
from tempfile import NamedTemporaryFile

import pulumi

from components.addons import AddonsMissingError, missing, needs
from components.api_server import UnaskableError, api_server, look, releases
from stacks.schema import PreinstalledAddons, Stack


def require(stack: Stack, kubeconfig: str, context: str | None) -> None:
    """Raises AddonsMissingError with all that a stack needs and a cluster lacks.

    A cluster that can't be asked is left to the provider, which says why at an update.
    """
    needed = tuple(needs(stack))
    try:
        with api_server(kubeconfig, context) as api:
            served = look(api, needed, stack.namespace)
            if any(missing(stack, needed, served)):
                # Only for the message: a large cluster's definitions take a while to list.
                served = replace(served, releases=releases(api))
    except UnaskableError as error:
        pulumi.log.warn(f"The cluster could not be asked for its add-ons: {error}.")
        return
    if problems := list(missing(stack, needed, served)):
        raise AddonsMissingError(problems)


def with_addons(stack: Stack, kubeconfig: pulumi.Output[str]) -> pulumi.Output[str]:
    """The kubeconfig of a cluster that the stack makes, once it has the add-ons. Nothing is placed there before."""
    if not isinstance(stack.addons, PreinstalledAddons):
        return kubeconfig

    def asked(text: str) -> str:
        if pulumi.contains_unknowns(text):
            pulumi.log.info("The cluster is not made yet. Its add-ons are looked for as soon as it is.")
            return text
        with NamedTemporaryFile("w", suffix=".kubeconfig") as file:
            file.write(text)
            file.flush()
            try:
                require(stack, file.name, None)
            except AddonsMissingError as error:
                raise pulumi.RunError(str(error)) from None
        return text

    return kubeconfig.apply(asked, run_with_unknowns=True)
