"""Parse text formats and file headers in bounded time and memory, however broken the input is.

No module here imports lists or statements: readers and list formats both use these modules.
"""
