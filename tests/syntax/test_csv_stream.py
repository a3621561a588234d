"""CSV: the first row and its delimiter."""

from __future__ import annotations

from auditor.syntax.csv_stream import parse_csv_header


def test_excels_separator_line_names_the_delimiter_and_is_no_row() -> None:
    header = parse_csv_header("\ufeffsep=;\r\nid;name, size\r\n1;a\r\n")
    assert (header.cells, header.delimiter, header.skip) == (("id", "name, size"), ";", 1)
    # A column may be called so.
    assert parse_csv_header("sep=;md5\n1;2\n").cells == ("sep=", "md5")
