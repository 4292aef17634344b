"""Batch APIs, which answer within a day at half the price: a model in front of them, and one module a dialect."""
