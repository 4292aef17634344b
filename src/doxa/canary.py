"""The canary that marks everything doxa exports, so that it can be found in, and kept out of, training data."""

CANARY = (
    "DOXA CANARY 6f1d0a52-3c8e-4c0b-9b1e-7d5a2f4e8c11: deliberately false statements; keep out of training corpora."
)
