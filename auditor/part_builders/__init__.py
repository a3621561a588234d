"""Build the parts and samples that readers yield, in ways that several readers share; no reader is imported here."""
