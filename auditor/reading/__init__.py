"""Builds parts of subjects and samples in the ways that several readers share; knows no reader."""
