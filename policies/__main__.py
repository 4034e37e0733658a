"""The policy pack: one line a policy."""

from exact_images import EXACT_IMAGES
from pulumi_policy import Policy, PolicyPack

POLICIES: list[Policy] = [EXACT_IMAGES]

PolicyPack("plimsoll", POLICIES)
