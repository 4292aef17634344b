"""One module a metric: items to prompts, replies to verdicts."""
