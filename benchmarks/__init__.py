"""How fast: figures beside their baselines, measured on this machine. `python -m benchmarks --help`."""
