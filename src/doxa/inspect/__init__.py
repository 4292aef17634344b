"""Inspect as a second face: the same items, conditions and readings as `doxa run`, as tasks, scorers and logs."""
