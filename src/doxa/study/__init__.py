"""The grid: what to ask under what, running it and resuming it."""
