"""Documents to a LoRA adapter: mixing, preflight checks, the trainer."""
