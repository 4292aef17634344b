"""Estimates, clustered intervals, paired contrasts, metric validity."""
