"""Vocabularies are merged from every rules folder, and a file that cannot be trusted is refused by file and key."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import pytest

import auditor
from auditor.clauses.cues import check_cue
from auditor.errors import RuleError
from auditor.model import Statement
from auditor.policy.load_policy import load_policy
from auditor.policy.vocabularies import Vocabularies, compiled_vocabulary, load_vocabularies, read_vocabularies
from auditor.policy.vocabulary_tables import check_parent_cue, check_term
from auditor.terms.licence_words import hash_word, pack_words, unpack_words

TERM = '[[term]]\nid = "ours"\nkind = "signal"\nwords = ["{word}"]\n'
HUB = """
[{id}]
title = "Ours"
hosts = ["{host}"]
letter_case = "kept"
name = '[a-z]+/[a-z]+'
parts = 2
paths = {{ model = ["/m/{{name}}"] }}
"""
DUTY = """
[our-law]
title = "State the tests"
jurisdiction = "Here"
binds = "providers"
document = "the card"
checked = "whether a test is named"
since = "2026-01-31"
source = "Act, section 1"
applies = ["model"]
answers = [{ key = "safety", values = ["red-teaming"] }]
"""
HOTLINE = '[[hotline]]\ncode = "XX"\ncountry = "Nowhere"\nname = "Ours"\nurl = "{url}"\nsource = "https://x.example"\n'


def rules_folder(path: Path, files: Mapping[str, str]) -> Path:
    """Write a rules folder with these vocabulary files and return it."""
    (path / "vocabulary").mkdir(parents=True)
    for name, text in files.items():
        (path / "vocabulary" / name).write_text(text, encoding="utf-8")
    return path


def load(path: Path, files: Mapping[str, str]) -> Vocabularies:
    return load_vocabularies((rules_folder(path, files),))


# An operator's entries add to the shipped ones


def test_an_operators_withdrawn_dataset_is_added(tmp_path: Path) -> None:
    withdrawn = load(tmp_path, {"withdrawn.toml": '[badset]\nnames = ["acme/badset"]\n'}).withdrawn
    assert [dataset.id for dataset in withdrawn] == ["badset", "laion-400m", "laion-5b", "nudenet"]
    assert withdrawn[0].names == ("acme/badset",)


def test_an_operators_renamed_repository_is_added_and_followed_to_its_newest_name(tmp_path: Path) -> None:
    text = '[models]\n"openai-community/GPT2" = "acme/gpt2"\n[files]\n"ours.ckpt" = "acme/ours"\n'
    renamed = load(tmp_path, {"renamed.toml": text}).renamed
    assert renamed.models["gpt2"] == renamed.models["openai-community/gpt2"] == "acme/gpt2"
    assert renamed.models["t5-base"] == "google-t5/t5-base"
    assert renamed.files["ours.ckpt"] == "acme/ours"


def test_an_operators_licence_counts_with_its_text_and_permissions(tmp_path: Path) -> None:
    words = tuple(f"word{number}" for number in range(400))
    own = '[licence.own-1]\ntitle = "Own License 1"\npermits = { commercial = "no" }\n'
    own += f'[[text]]\nlicence = "own-1"\nwords = "{pack_words(words)}"\n'
    known = load(tmp_path, {"own.toml": own}).licences
    assert known.find_licence_id("own license 1.0") == "own-1"
    assert [match[:2] for match in known.recognise_text(" ".join(words))] == [("own-1", "exact")]
    assert known.by_id["own-1"].permits == {"commercial": "no"}
    assert known.find_licence_id("Apache 2") == "apache-2.0"


def test_an_operators_hub_is_added(tmp_path: Path) -> None:
    hubs = load(tmp_path, {"hubs.toml": HUB.format(id="ours", host="models.example")}).hubs
    assert hubs["ours"].hosts == ("models.example",)
    assert "huggingface" in hubs


def test_an_operators_duty_is_added(tmp_path: Path) -> None:
    duties = load(tmp_path, {"duties.toml": DUTY}).duties
    assert (duties[-1].id, duties[-1].since) == ("our-law", "2026-01-31")
    assert duties[:-1] == load_vocabularies().duties
    assert duties[-1].is_answered_by(Statement("safety", "red-teaming"))
    assert not duties[-1].is_answered_by(Statement("safety", "maintenance"))


def test_an_operators_hotline_is_added(tmp_path: Path) -> None:
    contacts = load(tmp_path, {"hotlines.toml": HOTLINE.format(url="https://ours.example")}).contacts
    assert contacts.hotlines[-1].url == "https://ours.example"
    assert {hotline.code for hotline in contacts.hotlines} > {"XX", "US"}
    assert contacts.directory == load_vocabularies().contacts.directory


def test_an_operators_term_is_found_beside_the_shipped_ones(tmp_path: Path) -> None:
    vocabularies = load(tmp_path, {"own.toml": TERM.format(word="teapot")})
    assert [term.id for term in vocabularies.terms][-1] == "ours"
    assert [name for name, _ in compiled_vocabulary(vocabularies).markers.alone] == ["ours"]


# Contradictions


@pytest.mark.parametrize(
    ("name", "first", "second", "key"),
    [
        ("own.toml", TERM.format(word="teapot"), TERM.format(word="kettle"), "term.ours"),
        ("own.toml", '[licence.own]\ntitle = "A"\n', '[licence.own]\ntitle = "B"\n', "licence.own"),
        ("withdrawn.toml", '[badset]\nnames = ["a"]\n', '[badset]\nnames = ["b"]\n', "badset"),
        ("renamed.toml", '[models]\n"a/b" = "c/d"\n', '[models]\n"A/B" = { name = "e/f" }\n', "models.a/b"),
        ("hubs.toml", HUB.format(id="ours", host="a.example"), HUB.format(id="ours", host="b.example"), "ours"),
        ("hotlines.toml", HOTLINE.format(url="https://a.b"), HOTLINE.format(url="https://c.d"), "hotline.XX Ours"),
    ],
)
def test_an_entry_that_contradicts_an_earlier_one_is_refused_unless_it_replaces_it(
    tmp_path: Path, name: str, first: str, second: str, key: str
) -> None:
    one, two = rules_folder(tmp_path / "1", {name: first}), rules_folder(tmp_path / "2", {name: second})
    with pytest.raises(RuleError) as refused:
        load_vocabularies((one, two))
    assert str(refused.value) == (
        f"{two / 'vocabulary' / name}: {key}: contradicts the entry of this name in {one / 'vocabulary' / name}; "
        "correct one of the two, or write replaces = true in this entry"
    )
    same = rules_folder(tmp_path / "same", {name: first})
    assert load_vocabularies((one, same)).files[-1] == load_vocabularies((one,)).files[-1], "the same is said twice"
    table = second.replace(" }", ", replaces = true }") if name == "renamed.toml" else second
    if name != "renamed.toml":
        head, newline, rest = second.lstrip().partition("\n")
        table = f"{head}{newline}replaces = true\n{rest}"
    (two / "vocabulary" / name).write_text(table, encoding="utf-8")
    assert pickle.dumps(load_vocabularies((one, two))) != pickle.dumps(load_vocabularies((one,)))


def test_an_entry_can_replace_a_shipped_one(tmp_path: Path) -> None:
    own = '[licence.mit]\nreplaces = true\ntitle = "MIT License"\nclause = "unknown"\n'
    known = load(tmp_path, {"own.toml": own}).licences
    assert known.by_id["mit"].clause == "unknown"


def test_two_licences_of_one_spelling_are_refused_with_both_files(tmp_path: Path) -> None:
    root = rules_folder(tmp_path, {"own.toml": '[licence.own]\ntitle = "Own"\naliases = ["apache"]\n'})
    with pytest.raises(RuleError) as refused:
        load_vocabularies((root,))
    assert str(refused.value).startswith(f"{root / 'vocabulary' / 'own.toml'}: “apache” names both apache-2.0 and own")
    assert "licences.toml); remove one of the two spellings" in str(refused.value)


def test_a_host_of_two_hubs_is_refused_with_both_files(tmp_path: Path) -> None:
    root = rules_folder(tmp_path, {"hubs.toml": HUB.format(id="ours", host="hf.co")})
    with pytest.raises(RuleError) as refused:
        load_vocabularies((root,))
    message = f"{root / 'vocabulary' / 'hubs.toml'}: ours.hosts: 'hf.co' is a host of huggingface already, in "
    assert str(refused.value).startswith(message)


def test_repositories_that_were_renamed_in_a_circle_are_refused(tmp_path: Path) -> None:
    root = rules_folder(tmp_path, {"renamed.toml": '[datasets]\n"a" = "b"\n"b" = "c"\n"c" = "a"\n'})
    with pytest.raises(RuleError, match=r"renamed\.toml: datasets\.a: was renamed in a circle"):
        load_vocabularies((root,))


# Files that cannot be trusted

TEXT = '[[text]]\nlicence = "{}"\nwords = "eNpjYGAAAAADAAE="\n'  # one word
CUE = """[[parent_cue]]
id = "a"
states = "base_model"
pattern = "{}"
examples = {}
counterexamples = ["y"]
"""


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("own.toml", '[licence.a]\ntitel = "A"\n', "licence.a: titel: unknown key (did you mean 'title'?)"),
        ("own.toml", '[licence.a]\nspdx = "A"\n', "licence.a: title: missing"),
        ("own.toml", '[licence.a]\ntitle = "A"\nclause = "maybe"\n', "licence.a: clause: 'maybe' is none of explicit"),
        ("own.toml", '[licence.a]\ntitle = "A"\npermits = { sale = "no" }\n', "licence.a: permits: 'sale' is none of"),
        (
            "own.toml",
            '[licence.a]\ntitle = "A"\npermits = { commercial = "nope" }\n',
            "licence.a: permits.commercial: 'nope' is none of yes, no, conditions, unknown",
        ),
        ("own.toml", "licence = 1\n", "licence: expected a table, not 1"),
        ("own.toml", "[licence]\na = 1\n", "licence.a: expected a table, not 1"),
        ("own.toml", '[licence.a]\nreplaces = true\ntitle = "A"\n', "licence.a: replaces: there is no entry 'a' befo"),
        ("own.toml", '[licence.a]\nreplaces = 1\ntitle = "A"\n', "licence.a: replaces: expected true or false, not 1"),
        ("own.toml", '[[text]]\nlicence = "mit"\nwords = "AAA"\n', "text.mit-cb1ad211: words: expected base64"),
        ("own.toml", '[[text]]\nlicence = "mit"\nwords = "?"\n', "text.mit-8a8de823: words: expected base64"),
        ("own.toml", TEXT.format("mit") + "first = -1\n", "text.mit-3f922cea: first: "),
        ("own.toml", TEXT.format("mit") + "last = 2\n", "text.mit-3f922cea: first, last: "),
        ("own.toml", '[word_list]\nword = "a b"\n', "word_list: word"),
        (
            "own.toml",
            TEXT.format("mti"),
            "text: there is no licence 'mti' (did you mean 'mit'?)",
        ),
        ("own.toml", '[[term]]\nid = "a"\nkind = "nonsense"\nwords = ["x"]\n', "term.a: kind: 'nonsense' is none of "),
        ("own.toml", '[[term]]\nid = "a"\nkind = "safety"\n', "term.a: has neither headings, patterns, words nor tags"),
        ("own.toml", '[[term]]\nid = "a"\nkind = "safety"\nwords = [""]\n', "term.a: words: one of the texts is empty"),
        ("own.toml", '[[term]]\nid = "a"\nkind = "safety"\npatterns = ["(?=x)"]\n', "term.a: '(?=x)' is not an RE2 p"),
        ("own.toml", CUE.format("like {models}", "[]"), "parent_cue.a: examples: give at least one example and"),
        ("own.toml", CUE.format("like {tree}", "['x']"), "parent_cue.a: pattern: 'like {tree}' has none of {model"),
        ("own.toml", CUE.format("(?=x) {models}", "['x']"), "parent_cue.a: pattern: '(?=x) {models}' is not an RE2 p"),
        ("own.toml", CUE.format("(like) {models}", "['x']"), "parent_cue.a: pattern: write (?:…) for (…)"),
        (
            "own.toml",
            CUE.format("like {models}", "['x']") + "sentence = 'like'",
            "parent_cue.a: pattern: give either a pattern, a label or a sentence",
        ),
        (
            "own.toml",
            CUE.format("(?=x)", "['x']").replace("pattern", "sentence"),
            "parent_cue.a: sentence: '(?=x)' is not an RE2 p",
        ),
        ("own.toml", CUE.format("like {models}", "['x']") * 2 + 'relation = "merge"', "parent_cue.a: contradicts"),
        ("own.toml", '[hashed]\nkey_file = "none"\nterms = {}\n', "hashed: key_file: "),
        ("own.toml", "[licence", "is not a TOML file: "),
        ("own.toml", "[terms]\n", "terms: unknown table (did you mean 'term'?); a file called own.toml may hold"),
        (
            "withdrawns.toml",
            '[badset]\nnames = ["a"]\n',
            "badset: unknown table; a file called withdrawns.toml may hold licence, text, word_list, term, parent_cue "
            "and hashed"
            " (did you mean to call it 'withdrawn.toml'?)",
        ),
        ("withdrawn.toml", "[x]\nnames = []\n", "x: names: expected at least one"),
        ("withdrawn.toml", "[x]\nnames = ['a']\ncolour = 1\n", "x: colour: unknown key"),
        ("withdrawn.toml", "x = 1\n", "x: expected a table, not 1"),
        ("renamed.toml", "[model]\n", "model: unknown key (did you mean 'models'?)"),
        ("renamed.toml", "[models]\na = 1\n", "models.a: name: expected text, not 1"),
        ("hubs.toml", '[hub]\ntitle = "x"\n', "hub: name: missing"),
        ("hubs.toml", '[hub]\ncolour = "red"\n', "hub: colour: unknown key"),
        (
            "hubs.toml",
            HUB.format(id="hub", host="a.example").replace("/m/{name}", "/m/{name}/x"),
            "hub: paths.model: '/m/{name}/x': write /…/{name}, with nothing after it but a suffix",
        ),
        ("hubs.toml", HUB.format(id="hub", host="a.example").replace("'[", "'(["), "hub: name: '([a-z]+/[a-z]+' is"),
        ("hubs.toml", HUB.format(id="hub", host="a.example").replace("= 2", "= 0"), "hub: parts: expected a number fr"),
        ("duties.toml", DUTY.replace('source = "Act, section 1"\n', ""), "our-law: source: missing"),
        ("duties.toml", DUTY.replace("2026-01-31", "soon"), "our-law: since: expected a date such as 2026-01-31, not"),
        ("duties.toml", DUTY.replace('"safety"', '"safty"'), "our-law: answers.key: "),
        ("hotlines.toml", '[[hotline]]\ncode = "IE"\n', "hotline.IE : country: missing"),
        ("hotlines.toml", "[[hotlines]]\n", "hotlines: unknown key (did you mean 'hotline'?)"),
    ],
)  # fmt: skip
def test_a_vocabulary_that_cannot_be_trusted_is_refused_by_file_and_key(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    root = rules_folder(tmp_path, {name: text})
    with pytest.raises(RuleError) as refused:
        load_vocabularies((root,))
    assert str(refused.value).startswith(f"{root / 'vocabulary' / name}: {message}")


def test_a_digest_of_two_hashed_terms_is_refused(tmp_path: Path) -> None:
    (tmp_path / "our.key").write_text("0123456789abcdef")
    digest = "ab" * 32
    (tmp_path / "own.toml").write_text(
        f'[hashed]\nkey_file = "our.key"\n[hashed.terms]\none = ["{digest}"]\ntwo = ["{digest}"]\n'
    )
    with pytest.raises(RuleError, match=r"own\.toml: hashed: terms\.two: a digest of it is given to one too"):
        read_vocabularies((tmp_path,))


def test_a_digest_of_two_hashed_terms_in_two_files_is_refused_with_both_files(tmp_path: Path) -> None:
    (tmp_path / "our.key").write_text("0123456789abcdef")
    for name in ("one", "two"):
        text = f'[hashed]\nkey_file = "our.key"\n[hashed.terms]\n{name} = ["{"ab" * 32}"]\n'
        (tmp_path / f"{name}.toml").write_text(text)
    with pytest.raises(RuleError) as refused:
        read_vocabularies((tmp_path,))
    message = f"{tmp_path / 'two.toml'}: hashed: terms.two: a digest of it is given to one in {tmp_path / 'one.toml'}"
    assert str(refused.value).startswith(message)


def test_hashed_terms_of_two_files_are_kept_where_no_digest_has_two_meanings(tmp_path: Path) -> None:
    (tmp_path / "our.key").write_text("0123456789abcdef")
    (tmp_path / "their.key").write_text("fedcba9876543210")
    files = {
        "a": ("our", "one", "ab"),
        "b": ("our", "one", "ab"),
        "c": ("our", "two", "cd"),
        "d": ("their", "two", "ab"),
    }
    for name, (key, term, digest) in files.items():
        text = f'[hashed]\nkey_file = "{key}.key"\n[hashed.terms]\n{term} = ["{digest * 32}"]\n'
        (tmp_path / f"{name}.toml").write_text(text)
    found = read_vocabularies((tmp_path,)).hashed_terms
    assert [list(hashed.terms.values()) for hashed in found] == [["one"], ["one"], ["two"], ["two"]]


def test_an_operator_can_replace_the_directory_of_hotlines(tmp_path: Path) -> None:
    text = '[directory]\nreplaces = true\nname = "Ours"\nurl = "https://ours.example"\n'
    directory = load(tmp_path, {"hotlines.toml": text}).contacts.directory
    assert (directory.name, directory.url) == ("Ours", "https://ours.example")


def test_a_file_beside_the_rules_may_have_any_name(tmp_path: Path) -> None:
    (tmp_path / "vocabularies").write_text("not a folder")
    assert load_vocabularies((tmp_path,)).terms == load_vocabularies().terms


def test_a_folder_whose_name_is_misspelt_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vocabularies").mkdir()
    with pytest.raises(RuleError, match=r"vocabularies: this folder is not read \(did you mean 'vocabulary'\?\)"):
        load_vocabularies((tmp_path,))


# The policy carries them


def test_vocabularies_count_in_the_fingerprint_and_travel_with_the_policy(tmp_path: Path) -> None:
    policy = load_policy((rules_folder(tmp_path, {"own.toml": TERM.format(word="teapot")}),))
    assert policy != load_policy()
    there = pickle.loads(pickle.dumps(policy)).vocabularies
    assert there.terms == policy.vocabularies.terms
    assert there.licences == policy.vocabularies.licences


def test_nothing_outside_policy_opens_the_rules_folder() -> None:
    package = Path(auditor.__file__).parent
    opening = [path for path in package.rglob("*.py") if 'resource_folder("rules")' in path.read_text(encoding="utf-8")]
    assert {path.relative_to(package).parts[0] for path in opening} == {"policy"}


@pytest.mark.parametrize(
    ("key", "words", "message"),
    [("x" * 15, "[1]", "shorter than 16 bytes"), ("x" * 16, "[9]", "each 1 to 8"), ("x" * 16, "[0]", "each 1 to 8")],
)
def test_hashed_terms_with_a_short_key_or_too_many_words_are_refused(
    tmp_path: Path, key: str, words: str, message: str
) -> None:
    (tmp_path / "our.key").write_text(key)
    (tmp_path / "own.toml").write_text(f'[hashed]\nkey_file = "our.key"\nwords = {words}\nterms = {{}}\n')
    with pytest.raises(RuleError, match=message):
        read_vocabularies((tmp_path,))
    (tmp_path / "our.key").write_text("x" * 16)
    (tmp_path / "own.toml").write_text('[hashed]\nkey_file = "our.key"\nwords = [1, 8]\nterms = {}\n')
    assert read_vocabularies((tmp_path,)).hashed_terms[0].lengths == (1, 8)


def test_every_shipped_pattern_is_one_of_re2() -> None:
    shipped = load_vocabularies()
    for term in shipped.terms:
        check_term(term)
    for parent_cue in shipped.parent_cues:
        check_parent_cue(parent_cue)
    for cue in shipped.cues:
        check_cue(cue, shipped.cues, shipped.cue_words)


def test_the_words_of_a_text_are_the_same_when_they_are_unpacked() -> None:
    hashes = unpack_words(pack_words(["permission", "is", "granted"]))
    assert hashes == b"".join(hash_word(word).to_bytes(3, "big") for word in ("permission", "is", "granted"))


def test_words_that_unfold_to_more_than_a_text_may_have_are_refused() -> None:
    with pytest.raises(ValueError, match=r"at most 60,000 words"):
        unpack_words(pack_words(["no"] * 60_001))
