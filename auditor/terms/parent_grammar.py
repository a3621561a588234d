"""Decide by the order of words around the name of a model whether a sentence says that its subject was made from it.

Each word has a role, which is a letter here; the words and their roles are data (``rules/vocabulary/parents.toml``).
A sentence becomes a string of letters in which ``@`` is the model in question, and the first of :data:`RULES` that is
found in it decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

from auditor.terms.repository_links import DATASET, MODEL

# The roles of words, and the letter of each. Other letters: "x" any other word, "#" a number, "M" another model, "D" a
# dataset, and the marks , ; : ( ) and +, which stands for arrows too.
ROLES: Mapping[str, str] = MappingProxyType(
    {
        "making": "V",  # trained, quantized: a model may also be the tool that does it
        "changing": "X",  # extended, pruned: also of a part of it
        "deriving": "R",  # based, initialised
        "acting": "I",  # builds, extends: after a model's name it is that model that does so
        "merging": "G",
        "form": "F",  # version, LoRA, GGUF: made of a model
        "source": "S",  # base, backbone: what the model is to the subject
        "weights": "W",
        "component": "B",  # encoder, language model
        "attaching": "A",  # loaded on top of
        "needing": "Q",
        "taking": "u",  # use, took: says nothing alone
        "after": "+",
        "part": "P",  # tokenizer, template
        "product": "K",  # outputs, labels
        "comparing": "C",
        "grading": "g",  # better, slower: ends the words that may stand between a name and its verb
        "tool": "T",  # judged, labelled, generated
        "evaluating": "E",
        "pointing": "L",  # see, available at
        "thanking": "H",
        "denying": "N",
        "abandoning": "J",  # failed, abandoned
        "anew": "Y",  # from scratch
        "possible": "U",  # if, can, users
        "other": "O",  # another, related, previous
        "this": "Z",  # this model
        "linking": "a",
        "of": "f",
        "on": "o",
        "with": "w",
        "by": "y",
        "into": "t",
        "in": "i",
        "is": "b",
        "as": "s",
        "and": "&",
        "clause": "c",
        "which": "q",
    }
)
_OTHER_WORD, _NUMBER, _MODEL, _DATASET = "x", "#", "M", "D"
_MARKS = dict(zip(",，、;；。:：=—–-|(（)）+→−×", ",,&;;;::::::;(())+++#", strict=True)) | {
    "->": "+",
    "=>": "+",
    "?": "?",
    "？": "?",
}

# A word that says something other than a base, and the rest of its clause: a comma ends it if the clause began with it
# and words of making follow ("Unlike X, ours was trained from Y").
_OTHER_USE = "[CELHNUO]"
_SAME_CLAUSE = r"(?:[^:@,;c]|,(?![^,@]*[VFGSAu])|,(?=a?[VF]))*"
_NAMES = r"(?:[M&,+a#]*)"  # other models named in a row before this one
_FEW = r"[ax#]{0,6}"
_LABELLED = r"(?![^@]*[VSG][fwy]?[axW#]*:)[^@]*@"  # nothing nearer says that it is one


class Rule(NamedTuple):
    """An order of roles; ``states`` is whether it says that the model is a base, ``relation`` how it was used."""

    id: str
    states: bool
    order: re.Pattern[str]
    relation: str = ""


_RELATIONS = {"weighted-sum": "merge", "attached-to": "adapter"}
_LETTERS = re.compile(r"\[[^]]*\]|[VWPfvd]")
_IN_CLASS = {ord("V"): "VXRI", ord("d"): "VXR", ord("W"): "WB", ord("P"): "PK", ord("f"): "fo"}
_ALONE = {ord("V"): "[VXRI]", ord("d"): "[VXR]", ord("W"): "[WB]", ord("P"): "[PK]", ord("f"): "[fo]", ord("v"): "[VX]"}
_EXACT = {ord("k"): "P", ord("p"): "f"}


def _rules(states: bool, orders: Mapping[str, str]) -> Iterator[Rule]:
    """Yield rules from their orders.

    In an order "V" stands for all words of making, changing and deriving, "W" for components too, "P" for products and
    "f" for "on"; "v" stands for words of making and changing, "d" for these and deriving, "k" and "p" for parts and for
    "of" alone.
    """
    for name, order in orders.items():
        letters = _LETTERS.sub(
            lambda found: found[0].translate(_IN_CLASS if len(found[0]) > 1 else _ALONE), order
        ).translate(_EXACT)
        yield Rule(name, states, re.compile(letters), _RELATIONS.get(name, ""))


# The first one that is found decides. What says that it is no base goes before what says that it is one.
RULES: tuple[Rule, ...] = (
    *_rules(
        True,
        {
            "points-at-the-original": r"L[^@:;V]*@p[ax]{0,3}S|^[^@VC]*S[axWy]{0,6}L[ax]*@",
            "changed-part-of-it": r"^[^CELHNUOT]*(?:X[ax]{0,2}kpa*@|k[ax]?pa*@b[ax]{0,2}X)",
            "not-that-but-it": rf"N[^@;:]*V[^@;:]*c[fw]{_FEW}@",
        },
    ),
    *_rules(
        False,
        {
            "itself": r"Zx{0,2}[a(]*@",
            "was-made-from-this": r"@,?[qbaxsV&]*[VFG][axV]*[fw]a*Z",
            "others-made-from-this": rf"(?:[VFG]a*|[VF][ax]*[pw]a*)Z[^@VSG:]{{0,9}}:?{_NAMES}x?@",
            "base-of-it": rf"(?:^[^u]*|Z[^@]*|s[ax]*)S[ax]*p{_NAMES}@",
            "base-of-the-base": r"S[ax]*b[ax#]*[VF][^@:,;]*@|M(?:,?[q(]*b?|,)[#ax&V]*[VFS][ax]*[fw][axV]*[fW]?[ax]*@",
            "its-part": r"@a?P|@GG",
            "part-of-it": rf"P[ax]{{0,3}}[psb]?[axSWF]{{0,4}}[pwsb]?[ax]{{0,3}}{_NAMES}@",
            "part-made-of-it": rf"P[axqbuf]{{0,5}}V[ax]{{0,2}}[fw]?{_FEW}@",
            "made-anew": r"@[^,;:]*V[ax]?Y|VY[^@,;:]*@",
            "asked": r"@.*\?",
            "rejected": r"@a?U|@,?[bqax&]{0,3}J|@(?:,?q?b|&)[ax]{0,2}N",
            "tool": r"T[^:@,;cVGFSWA]*@|T[ax#]{0,5}[yw][^@:,;c]*@",
            "made-with-a-tool": r"v[axi#ft]{0,6}w[ax#]{0,3}@(?!a?[sS])",
            "other-use": rf"{_OTHER_USE}{_SAME_CLAUSE}@|,C[^,@M]{{0,6}},[^,@:;c]*@",
            "other-use-in-label": rf"{_OTHER_USE}[^VSGM@;:]*:{_LABELLED}",
            "part-in-label": r"[PT][^VSGM@;:]*:[^@VSGFA#]*@(?!#)",
        },
    ),
    *_rules(
        True,
        {
            "weighted-sum": r"#[#x]*@[)x]*\+|(?:#[xM+#()a]*\+|\+[xM+#()a]*#)[xM+#()a]*@"
            r"|@[)x]*(?:#+\+[#(x]*M|\+[#(x]*#)",
            "made-from": r"V(?![ab]?y)(?:(?:[axuWAiyfwbstD#]|oa?P){0,14}(?:,?f|[wb]))?[axW#]{0,7}(?:M[M&,+afw#x]*)?@",
            "merged-from": rf"G[axF#]{{0,4}}[:fwb]?{_FEW}[:f,]?[ax]{{0,4}}:?(?:[M&,+a#wfx]*M[M&,+a#wfx]*)?@",
            "form-of": rf"F[ax#F]{{0,3}}f{_FEW}f?[axW]{{0,3}}{_NAMES}@",
            "component-label": rf"B[ax#]{{0,2}}:[ax#]{{0,3}}{_NAMES}@",
            "weights-of": rf"W[ax#]{{0,3}}[fb][ax#V]{{0,4}}f?[ax#]{{0,3}}{_NAMES}@",
            "source-is": rf"S[axuW#,]{{0,4}}[bwf:u]{{0,3}}[axuW#]{{0,3}}[fi]?[ax]{{0,2}}{_NAMES}@",
            "attached-to": r"A[axF#]{0,3}[owt][ax#W]{0,3}@|o[ax]{0,3}@A",
            "needed": r"Q[axWS]{0,4}@",
            "taken-and-made": r"u[axW#]{0,5}@[^;]*[VG]",
            "then-made": r"@[WS(a]*,?(?:fq)?[qbaW,s&+uxc]{0,4}[dG]",
            "with-something-made": r"@,?x?,?c?[wi+][^;.]*[VFGSW]",
            "is-it-with": r"^[axZ]{1,5}[b:][ax]{0,3}@,?[wc]",
            "opens-with-it": r"^[axbi]{0,8}@[axfSW#]{0,6}v",
            "its-form": r"@aF",
            "as-the-base": r"@[xabW]*,?[bu]*sa*[axW]{0,3}[SWV]",
            "is-the-base": r"@,?b[ax]{0,2}S(?!f)",
            "on-its-base": r"[fwb][ax]*@a*S",
            "to-a-form": r"@W?b?V?[ft]x*F",
            "label": rf"(?:[SG][fwy]?[axWZ#]*|V(?:[fwy][axWZ#]*)?):[ax#]{{0,3}}{_NAMES}@",
        },
    ),
)
_NUMERAL = re.compile(r"~?\d[\d.,]*(?:[kmbt%x]|st|nd|rd|th)?$")
_QUANTIZATION = re.compile(r"(?:i?q[2-8]\w*|\d+-?bits?|\d+bpw|w\da\d+)$")
# Scripts that do not separate words with spaces: a vocabulary's word is looked for anywhere in them.
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff"
_ACCENTED = re.compile(r"[\u00c0-\u024f]")
_NO_CLAUSE = re.compile("c[fowax#]*$")  # "… but with X": the words before say the rest
_ASIDE = re.compile(r"\([^()@]*\)")


@dataclass(frozen=True, slots=True)
class WordClass:
    """Words of one role; ``relation`` is how a model was made from another, where they say so."""

    id: str
    role: str
    words: tuple[str, ...]
    relation: str = ""
    examples: tuple[str, ...] = ()
    counterexamples: tuple[str, ...] = ()


class Token(NamedTuple):
    """A word of a sentence: its role's letter, and its class."""

    letter: str
    word_class: WordClass | None = None


_UNSPACED_LETTER = Token(_OTHER_WORD)


class BaseDecision(NamedTuple):
    """What says that a model is a base: the rule, the class of the words, and how the subject was made from it."""

    rule: str
    word_class: str
    relation: str


@dataclass(frozen=True)
class ParentGrammar:
    """The rules over the words of these classes. A word of two classes has the role of the last one."""

    classes: tuple[WordClass, ...]

    @cached_property
    def _entries(self) -> Sequence[tuple[str, WordClass]]:
        return [(_plain(word.lower()), each) for each in self.classes for word in each.words]

    @cached_property
    def _exact(self) -> Mapping[str, Token]:
        return {word: _token(each) for word, each in self._entries if " " not in word and not word.endswith("*")}

    @cached_property
    def _beginnings(self) -> Mapping[str, Token]:
        return {word[:-1]: _token(each) for word, each in self._entries if word.endswith("*")}

    @cached_property
    def _phrases(self) -> Mapping[str, Sequence[tuple[Sequence[str], Token]]]:
        """The phrases of several words by their first word, the longest first."""
        found: dict[str, list[tuple[Sequence[str], Token]]] = {}
        for phrase, each in sorted(self._entries, key=lambda entry: -entry[0].count(" ")):
            if " " in phrase:
                words = phrase.split()
                found.setdefault(words[0], []).append((words, _token(each)))
        return found

    @cached_property
    def _word(self) -> re.Pattern[str]:
        """A pattern that finds the words, marks and markers of a sentence, one after another."""
        unspaced = sorted((word for word in self._exact if re.match(f"[{_UNSPACED}]", word)), key=len, reverse=True)
        words = rf"[^\W_{_UNSPACED}]+(?:[-'/_][^\W_{_UNSPACED}]+)*"
        marks = "|".join(re.escape(mark) for mark in sorted(_MARKS, key=len, reverse=True))
        alternatives = (f"[{MODEL}{DATASET}]", r"\d+\.\d+", words, *unspaced, f"[{_UNSPACED}]", r"w/", marks)
        return re.compile("|".join(alternatives))

    @cached_property
    def _seen(self) -> dict[str, Token]:
        """The tokens of words that were met; it is filled as they are."""
        return {}

    def tokens(self, sentence: str) -> Sequence[Token]:
        """Return the tokens of a sentence with markers of repositories."""
        words = self._word.findall(_plain(sentence.lower().replace("’", "'")))
        tokens: list[Token] = []
        at = 0
        while at < len(words):
            word = words[at]
            for phrase, token in self._phrases.get(word, ()):
                if words[at : at + len(phrase)] == phrase:
                    tokens.append(token)
                    at += len(phrase)
                    break
            else:
                token = self._seen.get(word) or self._classify(word)
                at += 1
                # The letters between the vocabulary's words in a script without spaces are one word.
                if token is _UNSPACED_LETTER and tokens and tokens[-1] is token:
                    continue
                # "GGUF format", "TIES method": the second word says no more.
                named = token.letter in "PKW"
                tokens.append(Token(tokens[-1].letter) if named and tokens and tokens[-1].letter in "FG" else token)
        return tokens

    def _classify(self, word: str) -> Token:
        """Return the token of a word, and remember it."""
        token = self._token_of(word)
        if len(self._seen) < _MAX_SEEN:
            self._seen[word] = token
        return token

    def _token_of(self, word: str) -> Token:
        if word in (MODEL, DATASET):
            return Token(_MODEL if word == MODEL else _DATASET)
        if word in _MARKS:
            return Token(_MARKS[word])
        if known := self._exact.get(word):
            return known
        for end in range(len(word), 1, -1):
            if known := self._beginnings.get(word[:end]):
                return known
        if len(word) == 1 and "\u3040" <= word <= "\u9fff":
            return _UNSPACED_LETTER
        if word[1:2] == "'":  # l'entrainement
            return self._token_of(word[2:])
        if _QUANTIZATION.match(word):
            return self._token_of("gguf")
        if _NUMERAL.match(word):
            return Token(_NUMBER)
        first, hyphen, last = word.rpartition("-")
        if hyphen:
            known = self._token_of(last)
            for part in (known, self._token_of(first)):
                if part.word_class and part.word_class.role in _IN_COMPOUNDS:
                    return part
        return Token(_OTHER_WORD)

    def find_bases(self, sentence: str) -> Iterator[BaseDecision | None]:
        """Yield what says that each of the repositories of a sentence is a base, in order; None for others."""
        if "|" in sentence:  # a row of a table with several columns compares models
            return
        tokens = self.tokens(sentence)
        for at, token in enumerate(tokens):
            if token.letter in (_MODEL, _DATASET):
                yield self.decide(tokens, at) if token.letter == _MODEL else None

    def decide(self, tokens: Sequence[Token], at: int) -> BaseDecision | None:
        """Return what says that the model whose marker is the token ``at`` is a base, or None."""
        letters = "".join(token.letter for token in tokens)
        left, right = letters[:at], letters[at + 1 :].partition(";")[0]
        lead, colon, clause = left.rpartition(":")
        but = -1 if _NO_CLAUSE.search(clause) else clause.rfind("c")
        start = max(clause.rfind(";"), but) + 1
        order = f"{lead}{colon}{clause[start:]}@{right}"
        if "(" in order:
            order = _ASIDE.sub("", order)
        for rule in RULES:
            if found := rule.order.search(order):
                if not rule.states:
                    return None
                if found[0].startswith("@"):
                    return self._decision(rule, tokens[at + 1 :])
                lead_end = len(lead) + len(colon) + start
                return self._decision(rule, tokens[lead_end:at][::-1], tokens[:lead_end][::-1])
        return None

    @staticmethod
    def _decision(rule: Rule, *words: Sequence[Token]) -> BaseDecision:
        """Return the decision of a rule that states a base by the first of these words that say how it was made.

        Args:
            rule: The rule.
            words: The words of its clause, the nearest first, and those before it.
        """
        told: Sequence[WordClass] = ()
        for each in words:
            told = told or [word.word_class for word in each if word.word_class and word.word_class.role in _TELLING]
        relations = [each.relation for each in told if each.relation]
        special = [relation for relation in relations if relation != "finetune"]
        relation = rule.relation or (special or relations or [""])[0]
        return BaseDecision(rule.id, told[0].id if told else rule.id, relation)


_TELLING = frozenset(
    {
        "making",
        "changing",
        "deriving",
        "acting",
        "needing",
        "merging",
        "form",
        "source",
        "weights",
        "component",
        "attaching",
    }
)
_IN_COMPOUNDS = frozenset({"making", "changing", "deriving", "merging", "form"})  # "GPTQ-quantized", "warm-started"
_MAX_SEEN = 1 << 15


def _token(word_class: WordClass) -> Token:
    return Token(ROLES[word_class.role], word_class)


def _plain(words: str) -> str:
    """Return words without the accents of Latin letters."""
    if not _ACCENTED.search(words):
        return words
    return "".join(each for each in unicodedata.normalize("NFKD", words) if not unicodedata.combining(each))
