"""Define the kinds of cues: where each is searched for, and what it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Answer = Literal["explicit", "by-reference", "absent"]


class CueKind(NamedTuple):
    """What the cues of one kind do.

    Attributes:
        searched: The words that they are searched for in. ``^`` and ``$`` of a pattern are the ends of these words.
        meaning: What they do.
        answer: The answer for the examples of a cue of this kind: without the cue, at least one example has another.
        is_class: They are whole words, and ``{kind}`` stands for all of them in the patterns of other cues.
    """

    searched: str
    meaning: str
    answer: Answer = "explicit"
    is_class: bool = False


_UNIT = "the sentence"
_BEFORE = "the words before the target"
_AFTER = "the words after the target"
_BETWEEN = "the words between a cue and the target"
_TITLE = "a heading, or a line above a list"

KINDS: Mapping[str, CueKind] = {
    # What must be prohibited.
    "minor": CueKind(_UNIT, "a word for a minor", is_class=True),
    "harm": CueKind(_UNIT, "a word for harm or abuse; near a minor it is a target", is_class=True),
    "sexual": CueKind(_UNIT, "a word for what is sexual; near a minor it is a target", is_class=True),
    "imagery": CueKind(_UNIT, "a name for imagery or abuse of minors: a target by itself", is_class=True),
    "exception": CueKind(_UNIT, "what is allowed, with an exception for minors; its first group is the target"),
    "minor-shown": CueKind("the words below a label on sexual content", "shows minors; its first group: the target"),
    "minors-label": CueKind("a label", "a label on minors; what is sexual below it is a target"),
    "sexual-act": CueKind("the words below a label on minors", "what is sexual; its first group is the target"),
    # What prohibits.
    "whole": CueKind(_UNIT, "a whole prohibition, with the minor that it protects"),
    "prohibits-after": CueKind(_BEFORE, "prohibits what comes after it"),
    "prohibits-before": CueKind(_AFTER, "prohibits what comes before it"),
    "sanction-after": CueKind(_BEFORE, "a sanction on what comes after it"),
    "sanction-before": CueKind(_AFTER, "a sanction on what comes before it"),
    "offender": CueKind(_BEFORE, "a person or account that does what comes after it"),
    "expelled": CueKind(_AFTER, "the offender before it is removed"),
    "offender-item": CueKind("an item of a list", "an offender, below a label such as \"Suspended\""),
    "expulsion-label": CueKind(_TITLE, "what is listed below is removed"),
    "removes": CueKind(_BEFORE, "who speaks removes it; with reports-it, it is prohibited"),
    "reports-it": CueKind(_UNIT, "it is removed and reported, or the offender is"),
    "condition": CueKind(_BEFORE, "the beginning of a condition on what a user does"),
    "consequence": CueKind(_AFTER, "a sanction, in the main clause of a condition"),
    "prohibiting-title": CueKind(_TITLE, "what stands below it is prohibited"),
    "pledge": CueKind(_TITLE, "who promises what is listed below"),
    "proviso": CueKind(_BEFORE, "what comes after it is a condition of use"),
    "topic": CueKind(_BEFORE, "it announces what the sentence is about; a topic-verdict prohibits it"),
    "topic-verdict": CueKind(_AFTER, "it prohibits the topic of the sentence"),
    "refers-back": CueKind("the sentence after one that names a target", "its subject is the target"),
    "refers-back-object": CueKind("the words after a cue that prohibits", "its object is the target before"),
    "refers-back-offender": CueKind(
        "the sentence after one that names a target", "an offender; its first group is the target"
    ),
    "refers-to-topic": CueKind("the words after a cue that prohibits", "\"it\" or \"them\": the topic before"),
    "elliptical": CueKind("the sentence below a heading that names a target", "it prohibits, without a subject"),
    "asks-permission": CueKind("a question that names a target", "it asks whether the target is allowed"),
    "asks-consequence": CueKind("a question that names a target", "it asks what follows; a consequence answers it"),
    "answers-no": CueKind("the sentence after such a question", "the answer is no"),
    "fails-to": CueKind("the words before a protective word", "it is not done, or besides prohibiting"),
    "duty": CueKind("the words of a cue", "someone is bound by it, so that it prohibits"),
    "concession": CueKind(_UNIT, "\"whether or not …\": a negation inside it negates nothing"),
    "switched-off": CueKind(_AFTER, "the value of a key or the cell of a row that says no"),
    "allows": CueKind("the words before the target, or a title", "what is allowed, where a value says no"),
    "not-a-minor": CueKind(_UNIT, "an adult or a thing, called by a word for a minor", "absent"),
    "own-voice": CueKind(_UNIT, "the text speaks for itself"),
    "own-users": CueKind(_UNIT, "a party that is named speaks of its own users or services"),
    "contract-word": CueKind("the words around a quotation", "the quotation is a rule"),
    "forbidding-word": CueKind("the sentence with its stems, or a heading", "a word that forbids, by itself"),
    "adverse-word": CueKind("the sentence with its stems, or a heading", "a word that denies, refuses or punishes"),
    # What is no target, or undoes a prohibition.
    "not-a-target": CueKind(_UNIT, "minors are mentioned for another reason", "absent"),
    "labour": CueKind(_UNIT, "the sentence is about labour, unless a word is sexual", "absent"),
    "not-a-person": CueKind(_UNIT, "children or minors that are no people, unless a word is sexual", "absent"),
    "alleged": CueKind(_BEFORE, "the target is alleged or suspected", "absent"),
    "given-to": CueKind("the words below a label on sexual content", "it is given to minors", "absent"),
    "finds": CueKind(_BEFORE, "who finds or reports the target, in a condition", "absent"),
    "real-world": CueKind(_UNIT, "consequences in the real world or for data are no sanctions of a text", "absent"),
    "descriptive-title": CueKind(_TITLE, "says what is not known or not done, and prohibits nothing", "absent"),
    "permission": CueKind(_TITLE, "what stands below it is permitted, done or reported", "absent"),
    "word-list": CueKind(_TITLE, "words, tags or results are listed below it", "absent"),
    "data-work": CueKind(_TITLE, "it is about work on data", "absent"),
    "negation": CueKind(_UNIT, "nothing is prohibited, or not here and now", "absent"),
    "definition": CueKind(_UNIT, "a word is defined", "absent"),
    "narrative": CueKind(_UNIT, "it tells or describes, so that a forbidding or adverse word is no rule", "absent"),
    "reason": CueKind(_BETWEEN, "what is prohibited ends, and a reason begins", "absent"),
    "other-act": CueKind(_BETWEEN, "another act is prohibited", "absent"),
    "liability": CueKind(_BETWEEN, "someone is not liable", "absent"),
    "protects": CueKind("the words right before the target", "an act that protects children", "absent", is_class=True),
    "observed": CueKind("the words from the target on", "it states what was found", "absent"),
    "behaviour": CueKind("the words of a cue", "what a model or tool does not do", "absent"),
    "states-fact": CueKind(_AFTER, "after \"nothing\": there is none", "absent"),
    "states-none": CueKind(_BETWEEN, "after \"no\": there is none", "absent"),
    "adverbial": CueKind("the words after a cue that prohibits", "\"in that case\" refers to no act", "absent"),
    "report": CueKind(_UNIT, "it is about others: the law, the press, other companies", "absent"),
    "reported-speech": CueKind(_UNIT, "it reports what others say", "absent"),
    "narration": CueKind(_UNIT, "it reports what others say, even if it says \"we\"", "absent"),
    "others-policies": CueKind(_TITLE, "policies of others are listed below it", "absent"),
    "dialogue": CueKind(_UNIT, "a line of a sample dialogue", "absent"),
    "quoted-text": CueKind("the words around a quotation", "the quotation is a text that is mentioned", "absent"),
    # A policy that the text refers to.
    "policy-name": CueKind("the text", "the name of a usage policy", "by-reference", is_class=True),
    "binds": CueKind("the words around the name", "the policy is binding", "by-reference"),
    "binds-before": CueKind("the words before the name", "the policy is binding", "by-reference"),
    "binds-after": CueKind("the words after the name", "the policy is binding", "by-reference"),
    "other-policy": CueKind("the name, with the words before it", "a policy on another subject or of others", "absent"),
    "no-policy": CueKind("the words before the name", "there is no such policy", "absent"),
    "no-policy-after": CueKind("the words after the name", "the name is that of something else", "absent"),
}  # fmt: skip
