"""Trains a skeleton encoder on the seen classes."""
