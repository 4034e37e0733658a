"""What we forbid: one file a policy, and the limits of each stack as data."""
