"""Write one filled template of the public summary of training content in many ways, for tests of its readers."""

from __future__ import annotations

import html
import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

MODALITIES = ("Text", "Image", "Audio", "Video")
BANDS = ("Less than 1 billion tokens", "1 billion to 10 trillion tokens", "More than 10 trillion tokens")
# The template's yes-or-no sections: number, heading, question, and sentences of prose that affirm and deny.
SECTIONS = (
    (
        "2.1", "Publicly available datasets", "Have you used publicly available datasets to train the model?",
        "Publicly available datasets were used", "No publicly available datasets were used",
    ),
    (
        "2.2.1", "Datasets commercially licensed by rightsholders or their representatives",
        "Have you concluded transactional commercial licensing agreement(s) with rightsholder(s)?",
        "We have concluded licensing agreements with rightsholders", "No data was licensed from rightsholders",
    ),
    (
        "2.2.2", "Private datasets obtained from other third parties",
        "Have you obtained private datasets from third parties that are not licensed as described in Section 2.2.1?",
        "Private datasets were obtained from a data intermediary", "No private datasets were obtained",
    ),
    (
        "2.3", "Data crawled and scraped from online sources", "Were crawlers used by the provider or on behalf of?",
        "Websites were crawled by us", "We did not crawl any website",
    ),
    (
        "2.4", "User data", "Was data from user interactions with the AI model used to train the model?",
        "Conversations of users were used", "User data was not used",
    ),
    (
        "2.5", "Synthetic data", "Was synthetic AI-generated data created by the provider to train the model?",
        "Synthetic data was generated", "Neither we nor a contractor created synthetic data",
    ),
    (
        "2.6", "Other sources of data",
        "Have data sources other than those described in Sections 2.1 to 2.5 been used to train the model?",
        "Recordings of our own staff were used", "There are no other sources",
    ),
)  # fmt: skip
REMOVALS = {
    "stated": "Matching against hash lists, and a classifier.",
    "placeholder": "TO BE PROVIDED",
    "empty": "",
}


@dataclass(frozen=True, slots=True)
class Filled:
    """What is filled in: yes or no by section, names, modalities, a band of sizes by its number, a date."""

    answers: dict[str, bool]
    provider: str
    model: str
    base: tuple[str, ...]
    datasets: tuple[str, ...]
    generators: tuple[str, ...]
    modalities: tuple[str, ...]
    band: int
    latest: tuple[int, int]
    removal: str

    def truth(self) -> dict[str, Any]:
        """Return the fields as ``bench_summaries`` counts them."""
        return {
            "trained_on": self.datasets if self.answers["2.1"] else (),
            "base_model": self.base,
            "generated_by": self.generators if self.answers["2.5"] else (),
            "title": (self.model,),
            "modality": [name.lower() for name in self.modalities],
            "provider": self.provider,
            "removal": self.removal,
            "answers": {number: "yes" if said else "no" for number, said in self.answers.items()},
            "dates": {"latest data": f"{self.latest[0]}-{self.latest[1]:02}"},
            "size": {"text": BANDS[self.band].lower()} if "Text" in self.modalities else {},
        }


@dataclass(frozen=True, slots=True)
class Style:
    """How it is written: whether sections are numbered and in order, capitals, and how options are chosen."""

    numbered: bool
    capitals: bool
    shuffle: int
    choice: str


CHOICES = ("words", "before", "after", "ascii", "ascii after", "circles", "check", "symbols", "symbols 2")
_BOXES = {
    "before": ("☒", "☐"),
    "after": ("☑", "☐"),
    "ascii": ("[x]", "[ ]"),
    "ascii after": ("[X]", "[ ]"),
    "circles": ("◉", "○"),
    "check": ("✓", "□"),
    "symbols": ("\uf0fe", "\uf0a8"),
    "symbols 2": ("\uf052", "\uf0a3"),
}


def options(names: Sequence[str], chosen: Sequence[str], choice: str) -> str:
    """Return a form's options with the chosen ones marked; in words, the chosen ones alone."""
    if choice == "words":
        return ", ".join(chosen)
    on, off = _BOXES[choice]
    marked = [(name, on if name in chosen else off) for name in names]
    return "   ".join(f"{name} {box}" if choice.endswith("after") else f"{box} {name}" for name, box in marked)


Question = tuple[str, str]
Section = tuple[str, str, tuple[Question, ...]]


def sections(filled: Filled, style: Style) -> list[Section]:
    """Return the filled sections: number, heading, and questions with their answers, "\\n" between listed names."""

    def yes_or_no(said: bool) -> str:
        return options(("Yes", "No"), ("Yes" if said else "No",), style.choice)

    found: list[Section] = [
        (
            "1.1",
            "Provider identification",
            (("Provider name and contact details", f"{filled.provider}, office@a.example"),),
        ),
        (
            "1.2",
            "Model identification",
            (("Versioned model name(s)", filled.model), ("Model dependencies", "\n".join(filled.base) or "None")),
        ),
        (
            "1.3",
            "Modalities, overall training data size and other characteristics",
            (
                ("Modality", options(MODALITIES, filled.modalities, style.choice)),
                *(
                    [("Training data size (text)", options(BANDS, (BANDS[filled.band],), style.choice))]
                    if "Text" in filled.modalities
                    else ()
                ),
                (
                    "Latest date of data acquisition/collection for model training",
                    f"{filled.latest[1]:02}/{filled.latest[0]}",
                ),
            ),
        ),
    ]
    for number, heading, question, _, _ in SECTIONS:
        questions = [(question, yes_or_no(filled.answers[number]))]
        if number == "2.1" and filled.answers[number]:
            questions.append(("List of large publicly available datasets", "\n".join(filled.datasets)))
        if number == "2.5" and filled.answers[number]:
            questions.append(("Models used to generate the data", "\n".join(filled.generators)))
        found.append((number, heading, tuple(questions)))
    found.append(
        ("3.2", "Removal of illegal content", (("General description of measures taken", REMOVALS[filled.removal]),))
    )
    if style.shuffle:
        random.Random(style.shuffle).shuffle(found)
    return [(number, heading.upper() if style.capitals else heading, questions) for number, heading, questions in found]


TITLE = "Public Summary of Training Content"


def _heading(number: str, heading: str, style: Style) -> str:
    """Return a section's heading, with its number where the style has numbers."""
    return f"{number}. {heading}" if style.numbered else heading


def _line(answer: str) -> str:
    """Return an answer on one line."""
    return answer.replace("\n", "; ")


def markdown_headings(filled: Filled, style: Style) -> tuple[str, bytes]:
    """Return the summary with headings, labels in bold, and lists of names."""
    lines = [f"# {TITLE}"]
    for number, heading, questions in sections(filled, style):
        lines += ["", f"## {_heading(number, heading, style)}", ""]
        for label, answer in questions:
            items = answer.split("\n")
            lines += (
                [f"**{label}:** {answer}", ""]
                if len(items) == 1
                else [f"**{label}:**", "", *(f"- {one}" for one in items), ""]
            )
    return "summary.md", "\n".join(lines).encode()


def markdown_table(filled: Filled, style: Style) -> tuple[str, bytes]:
    """Return the summary as one table of questions and answers, numbered where the order does not tell them apart."""
    style = replace(style, numbered=style.numbered or style.shuffle > 0)
    rows = [
        f"| {number + ' ' if style.numbered else ''}{label} | {_line(answer)} |"
        for number, _, questions in sections(filled, style)
        for label, answer in questions
    ]
    return "summary.md", "\n".join([f"# {TITLE}", "", "| Question | Answer |", "|---|---|", *rows]).encode()


def markdown_list(filled: Filled, style: Style) -> tuple[str, bytes]:
    """Return the summary as nested lists."""
    lines = [f"# {TITLE}", ""]
    for number, heading, questions in sections(filled, style):
        lines.append(f"- {_heading(number, heading, style)}")
        lines += [f"  - {label}: {_line(answer)}" for label, answer in questions]
    return "summary.md", "\n".join(lines).encode()


def struck_options(filled: Filled, style: Style) -> tuple[str, bytes]:
    """Return the summary with the option that is not chosen struck out."""
    name, data = markdown_headings(filled, replace(style, choice="words"))
    text = data.decode().replace(":** Yes\n", ":** Yes / ~~No~~\n").replace(":** No\n", ":** ~~Yes~~ / No\n")
    return name, text.encode()


def bold_options(filled: Filled, style: Style) -> tuple[str, bytes]:
    """Return the summary with the chosen option in bold."""
    name, data = markdown_headings(filled, replace(style, choice="words"))
    text = data.decode().replace(":** Yes\n", ":** **Yes** / No\n").replace(":** No\n", ":** Yes / **No**\n")
    return name, text.encode()


def html_table(filled: Filled, style: Style) -> tuple[str, bytes]:
    """Return the summary as a page with a table for each section."""
    body = [f"<h1>{TITLE}</h1>"]
    for number, heading, questions in sections(filled, style):
        rows = "".join(
            f"<tr><th>{html.escape(label)}</th><td>{'<br>'.join(map(html.escape, answer.split(chr(10))))}</td></tr>"
            for label, answer in questions
        )
        body.append(f"<h2>{_heading(number, heading, style)}</h2><table>{rows}</table>")
    return "summary.html", f"<html><body>{''.join(body)}</body></html>".encode()


def html_definitions(filled: Filled, style: Style) -> tuple[str, bytes]:
    """Return the summary as a page with a definition list for each section."""
    body = [f"<h1>{TITLE}</h1>"]
    for number, heading, questions in sections(filled, style):
        terms = "".join(
            f"<dt>{html.escape(label)}</dt>" + "".join(f"<dd>{html.escape(one)}</dd>" for one in answer.split("\n"))
            for label, answer in questions
        )
        body.append(f"<h2>{_heading(number, heading, style)}</h2><dl>{terms}</dl>")
    return "summary.html", f"<html><body>{''.join(body)}</body></html>".encode()


def html_form(filled: Filled, style: Style) -> tuple[str, bytes]:
    """Return the summary as a page with boxes of a form."""
    name, data = html_table(filled, replace(style, choice="before"))
    text = data.decode().replace("☒", '<input type="checkbox" checked disabled>')
    return name, text.replace("☐", '<input type="checkbox" disabled>').encode()


def plain_text(filled: Filled, style: Style) -> tuple[str, bytes]:
    """Return the summary as plain text, each question on a line of its own and its answer below."""
    lines = [TITLE.upper(), ""]
    for number, heading, questions in sections(filled, style):
        lines.append(_heading(number, heading, style))
        for label, answer in questions:
            lines += [f"{label}:", *(f"    {one}" for one in answer.split("\n"))]
        lines.append("")
    return "summary.txt", "\n".join(lines).encode()


def _yes_and_no_rows(filled: Filled) -> list[tuple[str, str, str]]:
    """Return the sections of part 2 with a mark in the column for yes or in that for no."""
    return [
        (f"{number} {heading}", "X" if filled.answers[number] else "", "" if filled.answers[number] else "X")
        for number, heading, *_ in SECTIONS
    ]


def _without_yes_and_no(filled: Filled, style: Style) -> list[Section]:
    """Return the sections with the questions that are not answered by yes or no."""
    words = replace(style, shuffle=0, choice="words")
    kept = [
        (number, heading, tuple(one for one in questions if one[1] not in ("Yes", "No")))
        for number, heading, questions in sections(filled, words)
    ]
    return [section for section in kept if section[2]]


def markdown_columns(filled: Filled, style: Style) -> tuple[str, bytes]:
    """Return the summary with a table that has a column for yes and one for no."""
    lines = [f"# {TITLE}", "", "| Source | Yes | No |", "|---|---|---|"]
    lines += [f"| {label} | {yes} | {no} |" for label, yes, no in _yes_and_no_rows(filled)]
    for number, heading, questions in _without_yes_and_no(filled, style):
        lines += ["", f"## {_heading(number, heading, style)}", ""]
        lines += [f"{label}: {_line(answer)}\n" for label, answer in questions]
    return "summary.md", "\n".join(lines).encode()


def text_columns(filled: Filled, style: Style) -> tuple[str, bytes]:
    """Return the summary as plain text with marks below the words yes and no."""
    lines = [TITLE, "", f"{'SOURCES OF DATA':82}YES   NO"]
    lines += [f"{label:82}{yes:^3}   {no:^2}".rstrip() for label, yes, no in _yes_and_no_rows(filled)]
    for number, heading, questions in _without_yes_and_no(filled, style):
        lines += ["", _heading(number, heading, style)]
        lines += [f"{label}: {_line(answer)}" for label, answer in questions]
    return "summary.txt", "\n".join(lines).encode()


def prose(filled: Filled, style: Style) -> tuple[str, bytes]:
    """Return the summary as prose below the template's headings."""
    lines = [f"# {TITLE}"]
    for number, heading, questions in sections(filled, replace(style, choice="words")):
        lines += ["", f"## {_heading(number, heading, style)}", ""]
        said = next(((yes, no) for one, _, _, yes, no in SECTIONS if one == number), None)
        if said:
            names = {"2.1": filled.datasets, "2.5": filled.generators}.get(number, ())
            listed = f"{', namely' if number == '2.1' else ' with'} {' and '.join(names)}" if names else ""
            lines.append(f"{said[0]}{listed}." if filled.answers[number] else f"{said[1]}.")
        elif number == "1.1":
            lines.append(f"The provider is {filled.provider}, which can be reached at office@a.example.")
        elif number == "1.2":
            base = (
                f"It was fine-tuned from {' and '.join(filled.base)}."
                if filled.base
                else "It was trained from scratch."
            )
            lines.append(f"The model is called {filled.model}. {base}")
        elif number == "1.3":
            size = f" The size of the text is {BANDS[filled.band].lower()}." if "Text" in filled.modalities else ""
            kinds = " and ".join(name.lower() for name in filled.modalities)
            latest = f"The latest data was collected in {filled.latest[1]:02}/{filled.latest[0]}."
            lines.append(f"The training data consists of {kinds}.{size} {latest}")
        else:
            lines.append(questions[0][1])
    return "summary.md", "\n".join(lines).encode()


def csv_table(filled: Filled, style: Style) -> tuple[str, bytes]:
    """Return the summary as a CSV file."""
    rows = [
        f'{number},"{label}","{_line(answer)}"'
        for number, _, questions in sections(filled, style)
        for label, answer in questions
    ]
    return "summary.csv", "\n".join(["section,question,answer", *rows]).encode()


_W = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'
)


def _word_box(kind: str, is_on: bool) -> str:
    """Return the XML of a box in a Word document: a symbol, a content control, or a field of an old form."""
    if kind == "control":
        state = f'<w14:checkbox><w14:checked w14:val="{int(is_on)}"/></w14:checkbox>'
        shown = f"<w:sdtContent><w:r><w:t>{'☒' if is_on else '☐'}</w:t></w:r></w:sdtContent>"
        return f"<w:sdt {_W}><w:sdtPr>{state}</w:sdtPr>{shown}</w:sdt>"
    if kind == "field":
        box = f'<w:checkBox><w:default w:val="0"/><w:checked w:val="{int(is_on)}"/></w:checkBox>'
        return f'<w:r {_W}><w:fldChar w:fldCharType="begin"><w:ffData>{box}</w:ffData></w:fldChar></w:r>'
    font, on, off = ("Wingdings 2", "F052", "F0A3") if kind == "symbol 2" else ("Wingdings", "F0FE", "F0A8")
    return f'<w:r {_W}><w:sym w:font="{font}" w:char="{on if is_on else off}"/></w:r>'


def word(kind: str) -> Callable[[Filled, Style], tuple[str, bytes]]:
    """Return a writer of Word documents whose boxes are of one kind."""

    def write(filled: Filled, style: Style) -> tuple[str, bytes]:
        import docx
        from docx.oxml import parse_xml

        document = docx.Document()
        document.add_heading(TITLE, 0)
        marked = replace(style, choice="before")
        for number, heading, questions in sections(filled, marked):
            document.add_heading(_heading(number, heading, style), 2)
            table = document.add_table(0, 2)
            for label, answer in questions:
                cells = table.add_row().cells
                cells[0].text = label
                paragraph = cells[1].paragraphs[0]
                for piece in answer.replace("☒", "\0☒").replace("☐", "\0☐").split("\0"):
                    if piece[:1] in ("☒", "☐"):
                        paragraph._p.append(parse_xml(_word_box(kind, piece[0] == "☒")))
                        piece = piece[1:]
                    paragraph.add_run(piece)
        out = io.BytesIO()
        document.save(out)
        return "summary.docx", out.getvalue()

    return write


def pdf_form(filled: Filled, style: Style) -> tuple[str, bytes]:
    """Return the summary as a PDF whose boxes are fields of a form."""
    shown: list[str] = []
    fields: list[str] = []
    y = 4000

    def show(words: str, x: int) -> None:
        escaped = words.replace("\\", "\\\\").replace("(", r"\(").replace(")", r"\)")
        shown.append(f"BT /F1 10 Tf 1 0 0 1 {x} {y} Tm ({escaped}) Tj ET")

    show(TITLE, 40)
    marked = replace(style, choice="before")
    for number, heading, questions in sections(filled, marked):
        y -= 20
        show(_heading(number, heading, style), 40)
        for label, answer in questions:
            if "☒" in answer or "☐" in answer:
                y -= 14
                show(f"{label}", 40)
                y -= 14
                x = 40
                for option in answer.replace("☒", "\0☒").replace("☐", "\0☐").split("\0")[1:]:
                    state = "/Yes" if option[0] == "☒" else "/Off"
                    fields.append(
                        f"<</Type/Annot/Subtype/Widget/FT/Btn/F 4/T(f{len(fields)})/Rect[{x} {y - 2} {x + 10} {y + 8}]"
                        f"/V{state}/AS{state}/AP<</N<</Yes 4 0 R/Off 4 0 R>>>>>>"
                    )
                    show(option[1:].strip(), x + 14)
                    x += 40 + 6 * len(option)
            else:
                y -= 14
                show(f"{label}: {_line(answer)}", 40)
    stream = "\n".join(shown).encode("latin-1")
    first = 7
    annotations = " ".join(f"{first + number} 0 R" for number in range(len(fields)))
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 2000 4100]/Contents 5 0 R/Annots[{annotations}]"
        "/Resources<</Font<</F1 6 0 R>>>>>>".encode(),
        b"<</Length 0>>stream\n\nendstream",
        b"<</Length %d>>stream\n%b\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        *(field.encode() for field in fields),
    ]
    written, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(bodies, 1):
        places.append(len(written))
        written += b"%d 0 obj%b endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 %d\n0000000000 65535 f \n%btrailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
    count = len(bodies) + 1
    return "summary.pdf", bytes(written) + end % (count, table, count, len(written))


RENDERINGS: dict[str, Callable[[Filled, Style], tuple[str, bytes]]] = {
    "markdown headings": markdown_headings,
    "markdown table": markdown_table,
    "markdown list": markdown_list,
    "struck options": struck_options,
    "bold options": bold_options,
    "HTML table": html_table,
    "HTML definition list": html_definitions,
    "HTML form": html_form,
    "plain text": plain_text,
    "columns of a table": markdown_columns,
    "columns of a plain text": text_columns,
    "prose": prose,
    "CSV": csv_table,
    "Word symbols": word("symbol"),
    "Word symbols 2": word("symbol 2"),
    "Word content controls": word("control"),
    "Word form fields": word("field"),
    "PDF form": pdf_form,
}
