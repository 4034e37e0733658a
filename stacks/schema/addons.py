"""Who installs the operators that the serving objects need: KEDA, Prometheus Operator, Envoy Gateway."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from stacks.schema.base import Spec, kind_is_text


class PreinstalledAddons(Spec):
    """The cluster has them already; the stack only uses them, and is refused where one that it needs is missing."""

    kind: Literal["preinstalled"] = "preinstalled"


class HelmAddons(Spec):
    """The stack installs them from Helm charts pinned to exact versions."""

    kind: Literal["helm"] = "helm"


Addons = Annotated[PreinstalledAddons | HelmAddons, Field(discriminator="kind"), BeforeValidator(kind_is_text)]
"""Who installs the add-ons: the cluster's owner, or this stack."""
