"""The policy pack, as Pulumi starts it."""

import sys
from datetime import UTC, datetime
from pathlib import Path

# Pulumi starts this file from its own folder, and policies are made of what the checkout knows.
sys.path.insert(0, str(Path(__file__).parents[1]))

from pulumi_policy import PolicyPack

from policies import servicer
from policies.all import POLICIES
from policies.engine import Judge
from policies.limits import LimitsError, read_limits

try:
    judge = Judge(POLICIES, read_limits(), datetime.now(UTC).date())
except LimitsError as error:
    sys.exit(str(error))
servicer.take_over()
PolicyPack("plimsoll", judge.policies)
