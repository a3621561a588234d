from __future__ import annotations

from auditor.syntax.html_text import text_of_html


def test_a_page_becomes_its_words_with_marks_for_headings_and_lists() -> None:
    html = (
        "<!DOCTYPE html><html><head><title>no</title><script>no()</script></head><body><style>no{}</style>"
        "<h1>Terms&nbsp;of use</h1><p>Be <b>kind</b> &amp; fair.<br>Always.</p><ul><li>One<li>Two</ul></body></html>"
    )
    text, trouble = text_of_html(html)
    assert trouble == ""
    assert [line for line in text.split("\n") if line] == [
        "# Terms of use",
        "Be kind & fair.",
        "Always.",
        "- One",
        "- Two",
    ]


def test_html_nested_a_hundred_thousand_deep_is_read() -> None:
    text, _ = text_of_html("<div>" * 100_000 + "Be kind.")
    assert text == "Be kind."


def test_a_head_that_is_never_closed_does_not_hide_the_body() -> None:
    assert text_of_html("<html><head><body><p>Be kind.</p>")[0] == "Be kind."
