"""Build parts of subjects and samples in ways that several readers share; no reader is imported here."""
