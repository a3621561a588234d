"""The language of a text is detected by its common words and its script."""

from __future__ import annotations

import pytest

from auditor.terms.language import detect_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("This is the licence of the model, and it is for all who use it in their work.", "en"),
        (
            "Er darf das Modell nicht für die Zwecke verwenden, die in der Anlage zu dem Vertrag und der Liste sind.",
            "de",
        ),
        (
            "No se puede usar el modelo para los fines que se indican en la lista de esta licencia y en sus anexos.",
            "es",
        ),
        ("本许可证适用于所有使用本模型的人。", "zh"),
        ("このモデルの利用者はこの規約に同意するものとします。", "ja"),
        ("Лицензия распространяется на всех пользователей модели.", "ru"),
        ("Ask for the licence: me@para.com.como, https://para.com/como/para, www.como.com/para/com", "en"),
        ("x = 1\n0x3f a8 99 21", ""),
        ("two words", ""),
        ("", ""),
    ],
)
def test_the_language_of_a_text_is_detected(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(("common", "language"), [(7, ""), (8, "fr")])
def test_a_long_text_is_in_a_language_from_8_common_words_in_100_on(common: int, language: str) -> None:
    words = ["vous"] * common + ["xyzzy"] * (100 - common)
    assert detect_language(" ".join(words)) == language


@pytest.mark.parametrize(("ideographs", "language"), [(9, "en"), (10, "zh")])
def test_a_text_with_a_tenth_of_ideographs_is_in_their_language(ideographs: int, language: str) -> None:
    english = "the of and to is you that this not with for are be or any by it will from".split()
    text = " ".join(english)
    letters = sum(map(len, english))
    total = "字" * ideographs + text + " " + "a" * (100 - ideographs - letters)
    assert detect_language(total) == language
