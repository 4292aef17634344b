"""The in-process engine: batched generation, continuation scoring, hot-swapped LoRA adapters."""
