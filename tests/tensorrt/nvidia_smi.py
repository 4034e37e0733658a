"""The stand-in for `nvidia-smi`: a node with as many GPUs as `GPUS` lists compute capabilities."""

import os
import sys

if sys.argv[1:] != ["--query-gpu=compute_cap", "--format=csv,noheader"]:
    sys.exit(f"nvidia-smi: the stand-in knows no {sys.argv[1:]}")
print("\n".join(os.environ["GPUS"].split()))
