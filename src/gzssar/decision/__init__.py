"""④ From scores to labels: one gate, one threshold, one rule, whatever the method.

:mod:`~gzssar.decision.learning` fits a method on a phase and chooses on classes held out of it; experiment and
recognizer both stand on it.
"""
