"""The policy pack, as Pulumi starts it."""

import gc
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
gc.disable()  # what it reads of a plan lives as long as it does, and looking through that takes time
servicer.take_over(judge.policies)
PolicyPack("plimsoll", judge.policies)
