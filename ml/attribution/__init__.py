"""Multi-touch attribution that needs more than a sum: Markov chains and Shapley's marginals.

Both take what SQL has aggregated, one row per distinct path of channels, and return how each step
of a path shares in the path's conversions.
"""
