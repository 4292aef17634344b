"""What is put around a question: personas, interventions, stress tests. Pure functions."""
