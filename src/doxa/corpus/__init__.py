"""Synthetic documents for a fact: reading, writing, gates, export."""
