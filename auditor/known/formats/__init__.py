"""Read list files: one module for each known-content list format; see :mod:`auditor.known`."""
