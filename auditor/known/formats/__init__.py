"""One module a known-content list format; see :mod:`auditor.known`."""
