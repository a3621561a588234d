"""Public summaries of training content, in the many ways that people fill the template."""

from __future__ import annotations

import textwrap
import time
from pathlib import Path

import pytest

from auditor.blob import Blob
from auditor.model import Statement
from auditor.part_builders.read_options import ReadOptions
from auditor.part_builders.summary_part import TOPICS
from auditor.parts import Part
from auditor.readers import HEAD_BYTES, reader_name, readers, training_summary
from tests.readers.blobs import unopened_blob, written_blob

ILLEGAL = TOPICS["3.2"]
TABLE = """\
    **Public Summary of Training Content**

    | Section | Question | Answer |
    |---|---|---|
    | 1.1 | Provider name and contact details | Brook AI, Inc., data@brook.example |
    | 1.2 | Versioned model name(s) | Brook 2.0; Brook 2.0 Lite |
    | 1.2 | Model dependencies | None, trained from scratch |
    | 1.3 | Text | ☐ Less than 1 billion tokens ☒ 1 billion to 10 trillion tokens |
    | 2.1 | Have you used publicly available datasets to train the model? | ☒ Yes ☐ No |
    | 2.1 | List of large publicly available datasets | acme/leaves; Roots-1B |
    | 2.2.1 | Have you concluded transactional commercial licensing agreement(s)? | ☐ Yes ☒ No |
    | 2.3 | Were crawlers used by the provider or on behalf of? | ☒ Yes ☐ No |
    | 2.3 | If yes, specify crawler name(s)/identifier(s) | BrookBot/1.0, BrookFetch |
    | 2.3 | Period of data collection | 02/2024 - 01/2026 |
    | 2.5 | Was synthetic AI-generated data created by the provider? | ☒ Yes ☐ No |
    | 2.5 | Specify the general-purpose AI model(s) used to generate the synthetic data | acme/tree |
    | 3.2 | General description of measures taken | |
"""
PROSE = """\
    # Training content summary for Meadow-7B

    This is the public summary of the content used for training Meadow-7B under Article 53(1)(d) of the AI Act.

    ## Who we are

    The provider is Meadow Labs GmbH, Berlin. The model is called Meadow-7B v1.2. It was fine-tuned from acme/tree-7b.
    The training data is roughly 2.5 trillion tokens of text and 40 million images.

    ## Where the data came from

    Publicly available datasets were used. The large ones are acme/leaves-v2 and Roots-1B. We ran our own crawler,
    MeadowBot, between January 2024 and June 2025. Synthetic data was generated with acme/hill-70B. Data from users'
    interactions with the model was not used.

    ## What was done with it

    To remove illegal content, images were matched against hash lists before training.
"""
LIST = """\
    Public summary of training content (AI Act)
    - Data processing aspects
      - Removal of illegal content: [describe measures]
    - General information
      - Provider: Fjord Studio AS (Norway)
      - Model dependencies: LoRA adapter on [tree](https://huggingface.co/acme/tree)
    - List of data sources
      - Publicly available datasets
        - https://huggingface.co/datasets/acme/leaves
      - User data: none
"""
PAGE = """\
    <html><head><style>p{}</style></head><body><h1>Summary of training content</h1>
    <h2>3.2 Removal of illegal content</h2><p>Classifiers.</p>
    <table><tr><th>Provider name and contact details</th><td>Lark Research<br>lark@lark.example</td></tr>
    <tr><th>Model dependencies</th><td><a href="https://huggingface.co/acme/tree">Tree</a></td></tr></table>
    <h2>2.1 Publicly available datasets</h2>
    <p>Have you used publicly available datasets to train the model? <input type="radio" checked> Yes
    <input type="radio"> No</p>
    <p>List of large publicly available datasets:</p>
    <ol><li><a href="https://huggingface.co/datasets/acme/leaves">Leaves</a> - cleaned</li></ol>
    <h2>2.4 User data</h2><p>No user data was used for training.</p></body></html>
"""
QUESTIONS = """\
    Art. 53 AI Act: public training content summary

    Q: Provider name?
    A: Orchard B.V.
    Q: Is the model a modification of another model (model dependencies)?
    A: Yes, of acme/tree-1b
    Q: Have you used publicly available datasets to train the model?
    A: Yes. These are acme/leaves-1; acme/roots-2.
    Q: What is the weather like?
    A: acme/rain-3
    Q: Was synthetic data used?
    A: No.
    Q: Which measures were taken for the removal of illegal content?
    A: Not yet available
"""


def statements_of(text: str, name: str = "any.md") -> tuple[Statement, ...]:
    """Return what the reader states of a summary with this text."""
    return training_summary.part(unopened_blob(name, "model"), textwrap.dedent(text).encode()).subject.statements


def stated(statements: tuple[Statement, ...], *keys: str) -> list[tuple[str, str]]:
    """Return the values and relations under these keys."""
    return [(one.value, one.relation) for one in statements if one.key in keys]


def answers(statements: tuple[Statement, ...]) -> dict[str, str]:
    """Return how each question is answered, by the beginning of its name."""
    return {one.value.split(" ")[0]: one.relation for one in reversed(statements) if one.key == "summary_answer"}


def test_a_table_of_questions_is_read() -> None:
    found = statements_of(TABLE)
    assert stated(found, "provider") == [("Brook AI, Inc.", "")]
    assert stated(found, "title") == [("Brook 2.0", ""), ("Brook 2.0 Lite", "")]
    assert stated(found, "base_model") == []
    assert stated(found, "data_size") == [("1 billion to 10 trillion tokens", "text")]
    assert stated(found, "trained_on") == [("acme/leaves", ""), ("Roots-1B", "")]
    assert stated(found, "crawler") == [("BrookBot/1.0", ""), ("BrookFetch", "")]
    assert stated(found, "date") == [("2024-02", "crawled from"), ("2026-01", "crawled until")]
    assert stated(found, "data_generator") == [("acme/tree", "")]
    assert (TOPICS["1.2:dependencies"], "none") in stated(found, "summary_answer")
    assert (ILLEGAL, "empty") in stated(found, "summary_answer")
    assert {"2.1": "yes", "2.2.1": "no", "2.3": "yes", "2.4": "absent"}.items() <= answers(found).items()


def test_prose_is_read_sentence_by_sentence() -> None:
    found = statements_of(PROSE)
    assert stated(found, "provider") == [("Meadow Labs GmbH", "")]
    assert stated(found, "title") == [("Meadow-7B v1.2", "")]
    assert stated(found, "base_model") == [("acme/tree-7b", "finetune")]
    assert stated(found, "modality") == [("text", ""), ("image", "")]
    assert stated(found, "trained_on") == [("acme/leaves-v2", ""), ("Roots-1B", "")]
    assert stated(found, "crawler") == [("MeadowBot", "")]
    assert stated(found, "data_generator") == [("acme/hill-70B", "")]
    assert answers(found)["2.4"] == "no"
    assert (ILLEGAL, "stated") in stated(found, "summary_answer")


def test_lists_in_another_order_are_read() -> None:
    found = statements_of(LIST)
    assert stated(found, "provider") == [("Fjord Studio AS", "")]
    assert stated(found, "base_model") == [("acme/tree", "adapter")]
    assert stated(found, "trained_on") == [("acme/leaves", "")]
    assert answers(found)["2.4"] == "no"
    assert (ILLEGAL, "placeholder") in stated(found, "summary_answer")


def test_a_pages_links_and_boxes_are_read() -> None:
    found = statements_of(PAGE, "any.html")
    assert stated(found, "provider") == [("Lark Research", "")]
    assert stated(found, "base_model") == [("acme/tree", "")]
    assert stated(found, "trained_on") == [("acme/leaves", "")]
    assert {"2.1": "yes", "2.4": "no"}.items() <= answers(found).items()


def test_questions_that_the_template_does_not_ask_are_left_out() -> None:
    found = statements_of(QUESTIONS, "any.txt")
    assert stated(found, "base_model") == [("acme/tree-1b", "")]
    assert stated(found, "trained_on") == [("acme/leaves-1", ""), ("acme/roots-2", "")]
    assert (ILLEGAL, "placeholder") in stated(found, "summary_answer")


WIKI = """\
    == General information ==
    ; Model dependencies : acme/tree-1b
    == List of data sources ==
    === Publicly available datasets ===
    * [https://huggingface.co/datasets/acme/leaves Leaves of a park]
    === Private non-publicly available datasets ===
    ; Used? : No
    === User data ===
    ; Used? : No
    === Synthetic data ===
    ; Used? : Yes
    ; Models that generated the data : acme/hill-70b
    == Data processing aspects ==
    === Removal of illegal content ===
    ; Measures : TBD
"""
NUMBERS = """\
    Summary of training content, by the numbers of the template.

    1.1  Quarry Models AG
    1.2  Quarry-8B, modified from acme/tree-8b
    1.3  Text
    2.1  Yes: acme/leaves-2, acme/roots-3.
    2.2.1  No.
    2.3  No.
    2.4  No.
    2.5  Yes - acme/hill-70b
    2.6  No.
    3.1  None.
    3.2  Lists of addresses of hotlines.
"""
TRANSLATED = """\
    # Public summary over the contents used for the training

    ## Identification of the supplier
    Moraine OEG
    ## Identification of the model
    Models on which it depends: acme/tree-1b
    ## Data sets publicly accessible
    Yes. acme/leaves-2 and acme/roots-3.
    ## Synthetical data
    Yes. Model at the origin of the data: acme/hill-70b
    ## Reserve of rights
    Robots.txt.
    ## Withdrawal of illicit content
    To be specified at a later date.
"""
PARAGRAPHS = """\
    Public summary of training content (Art. 53 AI Act)

    Model dependencies. The model has not been trained from scratch: it builds on acme/tree-1b.

    Publicly available datasets. The larger part came from acme/leaves-2, of which we took a half, and acme/roots-3.
    We considered acme/stones-4 but did not use it. No other collection was large.

    Synthetic data. Exercises were written by acme/hill-70b. An earlier attempt with acme/dale-7b was abandoned.

    Removal of illegal content. The description of the measures will be added in the next version.
"""
FOOTNOTES = """\
    # Public summary of training content
    ## 1.2 Model identification
    Model dependencies: Tree[^1]
    ## 2.1 Publicly available datasets
    Yes. Leaves[^2] and Roots[^3].
    ## 2.5 Synthetic data
    No.
    ## 3.2 Removal of illegal content
    To follow

    [^1]: https://huggingface.co/acme/tree
    [^2]: https://huggingface.co/datasets/acme/leaves
    [^3]: https://huggingface.co/datasets/acme/roots
"""
CSV = """\
Section,Question,Answer
1.1 Provider identification,Name,"Scree, Inc."
1.2 Model identification,Model dependencies,acme/tree-1b
2.1 Publicly available datasets,Have you used publicly available datasets?,Yes
2.1 Publicly available datasets,List of large datasets,"acme/leaves-2, acme/roots-3"
2.3 Crawled and scraped data,Were crawlers used?,No
2.4 User data,Was user data used?,No
2.5 Synthetic data,Was synthetic data created?,No
3.1 Reservation of rights,Measures,None
3.2 Removal of illegal content,Measures,tbc
"""


@pytest.mark.parametrize(
    ("name", "text", "data", "generators", "removal"),
    [
        ("summary.wiki", WIKI, ["acme/leaves"], ["acme/hill-70b"], "placeholder"),
        ("summary.txt", NUMBERS, ["acme/leaves-2", "acme/roots-3"], ["acme/hill-70b"], "stated"),
        ("summary.md", TRANSLATED, ["acme/leaves-2", "acme/roots-3"], ["acme/hill-70b"], "placeholder"),
        ("summary.txt", PARAGRAPHS, ["acme/leaves-2", "acme/roots-3"], ["acme/hill-70b"], "placeholder"),
        ("summary.csv", CSV, ["acme/leaves-2", "acme/roots-3"], [], "placeholder"),
        ("summary.md", FOOTNOTES, ["acme/leaves", "acme/roots"], [], "placeholder"),
    ],
    ids=["wiki", "numbers alone", "translated", "paragraphs", "csv", "footnotes"],
)
def test_other_forms_are_recognised_and_read(
    name: str, text: str, data: list[str], generators: list[str], removal: str
) -> None:
    head = textwrap.dedent(text).encode()
    assert reader_name(unopened_blob(name, "model"), head[:HEAD_BYTES]) == "training_summary"
    found = statements_of(text, name)
    assert [value.removesuffix("-8b").removesuffix("-1b") for value, _ in stated(found, "base_model")] == ["acme/tree"]
    assert [value for value, _ in stated(found, "trained_on")] == data
    assert [value for value, _ in stated(found, "data_generator")] == generators
    assert (ILLEGAL, removal) in stated(found, "summary_answer")


KEYS = """\
    Public summary of training content
    model-dependencies: acme/tree-1b
    data-size: below 1 billion tokens
    public-datasets: yes
    public-datasets-large: acme/leaves-2
    private-datasets: no
    crawled: no
    user-data: no
    synthetic: no
    illegal-content: t.b.c.
"""
SAID = """\
    # What Quarry learned from (public summary of its training)
    **Model dependencies.** acme/tree-1b
    **Publicly available datasets were used.** The one large dataset is acme/leaves-2.
    **No private datasets were used.**
    **No crawlers were used.**
    **No user data was used.**
    **No synthetic data was used.**
    **Illegal content:** *coming soon*
"""
ONE_LINE = """\
    # Public summary of training content
    **Base model**: acme/tree-1b. **Public datasets**: yes, acme/leaves-2 · **Private datasets: No** — **Crawled: No**
    **User data**: no. **Synthetic data**: no. **Illegal content**: TODO
"""
MARKS = """\
    # Public summary of training content
    ## Model
    Built on `acme/tree-1b`
    ## Public datasets ✅
    - `acme/leaves-2`
    ## Private datasets ❌
    ## Crawled data ❌
    ## User data ❌
    ## Synthetic data ❌
    ## Illegal content
    (pending)
"""
DETAILS = """\
    ## EU AI Act: public summary of training content
    <details><summary>Sources</summary>

    - Dependencies: `acme/tree-1b`
    - Public datasets: yes, `acme/leaves-2`
    - Private datasets: none
    - Web crawling: none
    - User data: none
    - Synthetic data: none

    </details>
    <details><summary>Processing</summary>

    - Illegal content: to do

    </details>
"""
NESTED = """\
    # Public summary of training content
    - Model dependencies
      - acme/tree-1b
    - Publicly available datasets: yes
      - Instructions
        - acme/leaves-2
    - Private datasets: no
    - Crawled data: no
    - User data: no
    - Synthetic data: no
    - Illegal content
      - tbd
"""
TERMS = """\
    <h1>Public summary of training content</h1><dl>
    <dt>Which model is this about, and is it built on another one?</dt><dd>Quarry, built on acme/tree-1b.</dd>
    <dt>When was the newest data collected?</dt><dd>May 2025</dd>
    <dt>Why so little?</dt><dd>Money.</dd>
    <dt>Did you use publicly available datasets?</dt><dd>Yes (see below).<ul><li>acme/leaves-2</li></ul></dd>
    <dt>Did you obtain private datasets?</dt><dd>None were obtained.</dd>
    <dt>Did you crawl websites?</dt><dd>No.</dd>
    <dt>Do you train on what users say to the model?</dt><dd>We don't.</dd>
    <dt>Was synthetic data used?</dt><dd>No.</dd>
    <dt>What did you do about illegal content?</dt><dd>—</dd></dl>
"""
COLUMNS = """\
    # Public summary of training content
    | Component | Model |
    |---|---|
    ## Model dependencies
    | Component | Model |
    |---|---|
    | Language model | acme/tree-1b |
    ## Sources
    | Section | Used? | Details |
    |---|---|---|
    | Public datasets | ☑ Yes ☐ No. acme/leaves-2 | |
    | Private datasets | No | - |
    | Crawled data | No | - |
    | User data | No | - |
    | Synthetic data | No | - |
    | Illegal content | n/a | Description follows in the next version |
"""


TRAILING = """\
    Public summary of training content
    Model dependencies acme/tree-1b

    Publicly available datasets Yes
    - acme/leaves-2
    Private datasets No
    Crawled and scraped data No
    USER DATA was not used.
    SYNTHETIC DATA was not used.
    Removal of illegal content
    This description is being prepared.
"""


@pytest.mark.parametrize(
    "text",
    [KEYS, SAID, ONE_LINE, MARKS, DETAILS, NESTED, TERMS, COLUMNS, TRAILING],
    ids=["keys", "said", "one line", "marks", "details", "nested", "terms", "columns", "trailing"],
)
def test_each_layout_gives_the_same_names_and_answers(text: str) -> None:
    head = textwrap.dedent(text).encode()
    assert reader_name(unopened_blob("a.md", "model"), head[:HEAD_BYTES]) == "training_summary"
    found = statements_of(text)
    assert [value for value, _ in stated(found, "base_model")] == ["acme/tree-1b"]
    assert [value for value, _ in stated(found, "trained_on")] == ["acme/leaves-2"]
    assert stated(found, "data_generator") == []
    read = answers(found)
    assert {key: read[key] for key in ("2.1", "2.2", "2.2.1", "2.2.2", "2.3", "2.4", "2.5", "3.2")} == {
        "2.1": "yes",
        **dict.fromkeys(("2.2", "2.2.1", "2.2.2", "2.3", "2.4", "2.5"), "no"),
        "3.2": "placeholder",
    }


def test_an_answer_that_is_neither_yes_nor_no_is_a_gap() -> None:
    data = """\
        # Public summary of training content
        ## 2.2 Private datasets
        Yes
        ## 2.4 User data
        See our policy.
        """
    subject = training_summary.part(unopened_blob("a.md", "model"), textwrap.dedent(data).encode()).subject
    assert ("2.4 user data", "not understood") in stated(subject.statements, "summary_answer")
    assert ("2.2 private datasets", "yes") in stated(subject.statements, "summary_answer")
    assert not [one for one in subject.statements if one.value.startswith("2.2.")], "which of the two is not said"
    (gap,) = subject.gaps
    assert gap.why == "its answer to 2.4 user data says neither yes nor no in words that are known"
    assert (gap.place.uri, gap.place.line) == ("a.md", 5)


@pytest.mark.parametrize(
    ("words", "latest", "size"),
    [
        ("## 1.3 Data\nText, under 1 billion tokens, until September 2025", "2025-09", "less than 1 billion tokens"),
        ("## 1.3 Data\nText; 2 billion tokens; 04/2025", "2025-04", "1 billion to 10 trillion tokens"),
        ("*From scratch, on between one billion and ten trillion tokens; the last of it is of August 2025.*", "2025-08",
         "1 billion to 10 trillion tokens"),
        ("**Training data**: text, 2B tokens, last collected 02/2025", "2025-02", "1 billion to 10 trillion tokens"),
    ],
)  # fmt: skip
def test_the_size_and_the_latest_date_are_read_where_no_heading_asks_for_them(
    words: str, latest: str, size: str
) -> None:
    found = statements_of(f"# Public summary of training content\n\n{words}\n")
    assert ("date", latest, "latest data") in [(one.key, one.value, one.relation) for one in found]
    assert stated(found, "data_size") == [(size, "text")]


def test_of_a_readme_the_part_that_is_the_summary_is_read() -> None:
    found = statements_of(
        """\
        # Leaf
        A model that is fine-tuned for Lithuanian, based on acme/other-1.
        ## Public summary of training content
        **Model dependencies**: acme/tree
        **Publicly available datasets**: acme/leaves, acme/roots
        **Removal of illegal content**: TODO
        ## Thanks
        To the authors of acme/else-2, who removed illegal content.
        """
    )
    assert stated(found, "base_model") == [("acme/tree", "")]
    assert stated(found, "trained_on") == [("acme/leaves", ""), ("acme/roots", "")]
    assert (ILLEGAL, "placeholder") in stated(found, "summary_answer")


def test_names_that_an_answer_denies_are_no_sources() -> None:
    found = statements_of(
        """\
        # Public summary of training content
        ## 1.2 Model identification
        Model dependencies: None. Not derived from acme/tree-1b, and trained from scratch.
        ## 2.1 Publicly available datasets
        Used: `acme/leaves-2`. Not used: `acme/stones-4`, `acme/sand-5`.
        ## 2.5 Synthetic data
        Yes. We use [Drops](https://huggingface.co/datasets/acme/drops), made by [Hill](https://huggingface.co/acme/hill).
        """
    )
    assert stated(found, "base_model") == []
    assert stated(found, "trained_on") == [("acme/leaves-2", ""), ("acme/drops", "")]
    assert stated(found, "data_generator") == [("acme/hill", "")]


@pytest.mark.parametrize("marks", [("(a)", "(b)", "(c)"), ("IV.", "V.", "VI.")])
def test_lettered_headings_in_bold_are_headings(marks: tuple[str, str, str]) -> None:
    found = statements_of(
        f"""\
        **Public summary of training content**

        {marks[0]} **Publicly available datasets.** acme/leaves-2

        {marks[1]} **User data.** None.

        {marks[2]} **Removal of illegal content.** To be drafted
        """
    )
    assert stated(found, "trained_on") == [("acme/leaves-2", "")]
    assert answers(found)["2.4"] == "no"
    assert (ILLEGAL, "placeholder") in stated(found, "summary_answer")


def test_an_answer_after_a_lettered_heading_and_a_dash_is_read() -> None:
    found = statements_of(
        """\
        Public summary of training content
        a) Publicly available datasets - acme/Leaves. They are in the public domain.
        b) User data - no.
        """
    )
    assert stated(found, "trained_on") == [("acme/Leaves", "")]
    assert answers(found)["2.4"] == "no"


def test_a_name_beside_its_id_is_one_source() -> None:
    found = statements_of(
        """\
        # Public summary of training content
        2.1 Publicly available datasets
        List of large publicly available datasets:
        (a) The Leaves v2, acme/the-leaves-v2, Norwegian portion;
        (b) Roots, available at https://huggingface.co/datasets/acme/roots
        The earlier acme/stones-4 was not used.
        """
    )
    assert [value for value, _ in stated(found, "trained_on")] == ["acme/the-leaves-v2", "acme/roots"]


def test_an_answer_has_the_line_that_it_stands_on() -> None:
    found = statements_of(TABLE)
    assert [one.place.line for one in found if one.key == "trained_on"] == [10, 10]


@pytest.mark.parametrize("name", ["a.md", "NOTES.txt", "LICENSE.md", "policy.html", "no-suffix"])
def test_a_summary_is_recognised_under_any_name(name: str) -> None:
    data = textwrap.dedent(PAGE if name.endswith("html") else TABLE).encode()
    assert reader_name(unopened_blob(name, "model"), data[:HEAD_BYTES]) == "training_summary"


def test_a_card_that_holds_a_summary_is_read_as_both(tmp_path: Path) -> None:
    text = "---\nlicense: mit\nbase_model: acme/tree\n---\n" + textwrap.dedent(TABLE)
    found = written_blob(tmp_path, "README.md", text.encode())
    assert reader_name(found, text.encode()[:HEAD_BYTES]) == "training_summary"
    parts = [item for item in training_summary.read([found], ReadOptions()) if isinstance(item, Part)]
    assert [part.subject.statements[0].source for part in parts] == ["summary", "card"]
    assert parts[0].subject.statements[0].place.line == 5, "lines are those of the file"


def test_a_card_about_training_is_no_summary() -> None:
    card = b"---\nlicense: mit\n---\n# Leaf\n## Training data\nSynthetic data and publicly available datasets.\n"
    assert reader_name(unopened_blob("README.md", "model"), card) == "card"


def test_the_templates_questions_state_no_measure() -> None:
    (document, *measures) = training_summary.part(unopened_blob("a.md", "model"), textwrap.dedent(TABLE).encode()).texts
    assert document.role == "document"
    assert measures == []


def test_a_summary_of_two_hundred_pages_is_read_in_seconds(tmp_path: Path) -> None:
    rows = "".join(
        f"| 2.1 | List of large publicly available datasets | acme/leaves-{number} |\n" for number in range(900)
    )
    filler = "The data was described at length in this paragraph, which goes on and on for a page.\n\n" * 8000
    found = written_blob(tmp_path, "a.md", (textwrap.dedent(TABLE) + rows + filler).encode())
    started = time.process_time()
    (part,) = training_summary.read([found], ReadOptions())
    assert time.process_time() - started < 20
    assert isinstance(part, Part)
    assert len(part.subject.values("trained_on")) == 902


@pytest.mark.parametrize(
    "junk", ["| 2.1 " * 300_000, "(" * 1_000_000, "[x] " * 250_000, "a, and " * 150_000, "**" * 500_000]
)
def test_a_hostile_megabyte_ends_soon(junk: str) -> None:
    started = time.process_time()
    training_summary.part(unopened_blob("a.md", "model"), (textwrap.dedent(TABLE) + junk).encode())
    training_summary.part(
        unopened_blob("a.md", "model"), (textwrap.dedent(TABLE) + junk.replace(" ", " \n", 20_000)).encode()
    )
    assert time.process_time() - started < 20


def test_a_longer_text_leaves_a_gap(tmp_path: Path) -> None:
    data = textwrap.dedent(TABLE).encode() + b" " * training_summary.MAX_SUMMARY_BYTES
    found = written_blob(tmp_path, "a.md", data)
    (part,) = training_summary.read([found], ReadOptions())
    assert isinstance(part, Part)
    assert [gap.why for gap in part.subject.gaps] == ["longer than 8,388,608 bytes: only these were read"]


def test_a_summary_alone_is_a_model() -> None:
    data = textwrap.dedent(TABLE).encode()
    blob = Blob("/nowhere", "a.md", len(data), standalone_name="a")
    subject = training_summary.part(blob, data).subject
    assert (subject.kind, subject.name) == ("model", "a")
    assert "training_summary" in readers()


def test_a_number_tells_what_a_short_label_in_a_table_asks() -> None:
    found = answers(
        statements_of(
            """\
            # Public summary of training content

            | | | |
            |---|---|---|
            | 2.1 | Public datasets | ✅ acme/leaves |
            | 2.2.2 | Private | ❌ |
            | 2.5 | Synthetic | ❌ |
            | 2.6 | Other | ❌ |
            | 3.2 | Illegal content | hash lists |
            """
        )
    )
    assert (found["2.1"], found["2.2.2"], found["2.6"]) == ("yes", "no", "no")


def test_options_whose_marks_are_lost_are_a_gap_and_no_statement() -> None:
    text = """\
        # Public summary of training content

        ## 1.3 Modalities, overall training data size and other characteristics
        Text  Image  Audio  Video
        Less than 1 billion tokens  1 billion to 10 trillion tokens  More than 10 trillion tokens
        ## 2.3 Data crawled and scraped from online sources
        Yes  No
        ## 2.5 Synthetic data
        \uf123 Yes  \uf124 No
        ## 3.2 Removal of illegal content
        Hash lists.
        """
    subject = training_summary.part(unopened_blob("a.md", "model"), textwrap.dedent(text).encode()).subject
    assert stated(subject.statements, "modality", "data_size") == []
    assert {gap.why for gap in subject.gaps} == {
        "which of its options under 1.3 modalities and training data size are ticked cannot be told",
        "its answer to 2.3 crawled and scraped data says neither yes nor no in words that are known",
        "its answer to 2.5 synthetic data says neither yes nor no in words that are known",
    }
