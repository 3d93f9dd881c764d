"""Skeleton features with their labels: sets, phases, folds, and the files they come in."""
