"""How text from outside is written: front matter, JSON, CSV, read in bounded time and memory, whatever is broken.

Nothing here knows lists or statements: readers and list formats both build on it.
"""
