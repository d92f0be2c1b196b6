"""Measures how well it answers, and fits the threshold of confidence to what was measured."""
