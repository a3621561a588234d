"""Trace the lineage of models and datasets: declared edges, descent seen in weights, and what children inherit."""
