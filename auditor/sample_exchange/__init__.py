"""Audit a dataset without holding a list: the holder of one answers in whole blocks of rows, never by a hit."""
