"""Recognise a public summary of training content that is written in another language of the Union than English.

The template exists in the Union's 24 languages. Only English is read: a summary in another one is a gap, not silence.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import re2

from auditor.re2_patterns import compile_re2

_MAX_TITLE_LINES = 60  # of a document's beginning in which its title stands
_MAX_TITLE_CHARACTERS = 300
_MAX_TITLE_BYTES = 4096
_MAX_CHARACTERS = 1 << 16


class _Words(NamedTuple):
    """Words of the template in one language, as beginnings of words: of its title, and of its headings."""

    language: str
    summary: str
    training: str
    content: str
    headings: tuple[str, ...]


_LANGUAGES = (
    _Words(
        "Bulgarian",
        "резюме|обобщение",
        "обуч",
        "съдържание|данни",
        ("обща информация", "източници на данни", "доставчик"),
    ),
    _Words(
        "Czech",
        "shrnut|souhrn",
        "trén|výcvik|učen|školen",
        "obsah|dat|údaj",
        ("obecné informace", "zdrojů? dat", "poskytovatel"),
    ),
    _Words(
        "Danish",
        "sammenfatning|resumé|oversigt|sammendrag",
        "træning",
        "indhold|data",
        ("generelle oplysninger", "datakilder", "udbyder"),
    ),
    _Words(
        "German",
        "zusammenfassung",
        "training",
        "inhalt|daten",
        ("allgemeine (?:informationen|angaben)", "datenquellen", "anbieter"),
    ),
    _Words(
        "Greek",
        "περίληψη|σύνοψη",
        "εκπαίδευσ|κατάρτισ",
        "περιεχ|δεδομέν",
        ("γενικές πληροφορίες", r"πηγ\S{1,12} δεδομένων", "πάροχο"),
    ),
    _Words(
        "Spanish",
        "resumen",
        "entrenamiento|entrenar",
        "contenido|datos",
        ("información general", "fuentes de datos", "proveedor"),
    ),
    _Words(
        "Estonian",
        "kokkuvõte",
        "treeni|koolita|õpeta",
        "sisu|andme",
        ("üldteave|üldine teave", "andmeallika", "pakkuja"),
    ),
    _Words(
        "Finnish",
        "tiivistelmä|yhteenveto",
        "koulut|opetu",
        "sisäl|data|aineisto|tiedo",
        ("yleiset tiedot|yleistä", "tietolähte|datalähte", "tarjoaja"),
    ),
    _Words(
        "French",
        "résumé|synthèse",
        "entra[iî]ne",
        "contenu|données",
        ("informations générales", "sources de données", "fournisseur"),
    ),
    _Words(
        "Irish",
        "achoimre",
        "oiliúin|oiliúna|traenála|thraenáil",
        "ábhar|inneachar|sonra",
        ("faisnéis ghinearálta|eolas ginearálta", "foinsí sonraí", "soláthraí"),
    ),
    _Words(
        "Croatian",
        "sažetak",
        "učenj|treniranj|osposoblj",
        "sadržaj|podat",
        ("opće informacije", r"izvor\S{0,12} podataka", "dobavljač|pružatelj"),
    ),
    _Words(
        "Hungarian",
        "összefoglal|összegzés|kivonat",
        "betanít|tanít|képzés",
        "tartalom|tartalm|adat",
        ("általános (?:információk|tudnivalók)", "adatforrás", "szolgáltató"),
    ),
    _Words(
        "Italian",
        "sintesi|riassunto|riepilogo",
        "addestramento",
        "contenut|dati",
        ("informazioni generali", "fonti (?:di|dei) dati", "fornitore"),
    ),
    _Words(
        "Lithuanian",
        "santrauka",
        "mokym|treniravim",
        "turin|duomen",
        (r"bendr\S{1,12} informacija", "duomenų šaltini", "teikėj|tiekėj"),
    ),
    _Words(
        "Latvian",
        "kopsavilkum",
        "apmācīb|mācīb|trenēšan",
        "satur|dat",
        ("vispārīga informācija", "datu avot", "nodrošinātāj|sniedzēj"),
    ),
    _Words(
        "Maltese",
        "sommarju",
        "taħriġ",
        "kontenut|data",
        ("informazzjoni ġenerali", "sorsi (?:ta' |tad-)data", "fornitur"),
    ),
    _Words(
        "Dutch",
        "samenvatting",
        "training",
        "inhoud|gegevens|data",
        ("algemene informatie", "gegevensbronnen|databronnen", "aanbieder"),
    ),
    _Words(
        "Polish",
        "streszczenie|podsumowanie",
        "trenow|szkole|trening|uczeni",
        "treści|dan",
        ("informacje ogólne", r"źród\S{1,12} danych", "dostawc"),
    ),
    _Words(
        "Portuguese",
        "resumo|síntese|sumário",
        "trein",
        "conteúdo|dados",
        (r"informaç\S{1,12} gera", "fontes (?:de|dos) dados", "prestador|fornecedor"),
    ),
    _Words(
        "Romanian",
        "rezumat",
        "antren|instrui",
        "conținut|continut|date",
        ("informații generale|informaţii generale", r"surse\S{0,12} de date", "furnizor"),
    ),
    _Words(
        "Slovak",
        "zhrnut|súhrn",
        "trén|učen",
        "obsah|údaj|dát",
        ("všeobecné informácie", r"zdroj\S{0,12} (?:údajov|dát)", "poskytovateľ"),
    ),
    _Words(
        "Slovenian",
        "povzetek",
        "učenj|usposablj|treniranj",
        "vsebin|podatk",
        ("splošne informacije", r"vir\S{0,12} podatkov", "ponudnik"),
    ),
    _Words(
        "Swedish",
        "sammanfattning|sammandrag",
        "träning|utbildning",
        "innehåll|data",
        ("allmän information|allmänna (?:uppgifter|upplysningar)", "datakällor", "leverantör"),
    ),
)
# The article's number in any of the languages: the Regulation's is written with digits in all of them.
# The Regulation's number, or the article's and the paragraph's: they are written with digits in every language.
_ACT = re.compile(r"2024/1689|\b53\b[^\n]{0,80}\b1\b")


def may_name_summary(head: bytes) -> bool:
    """Return whether a file's beginning has a word for "summary" in a language of the Union but English."""
    return _summary_words().search(head[:_MAX_TITLE_BYTES]) is not None


def summary_language(text: str) -> str:
    """Return the language of a public summary of training content that is not in English; "" for any other text.

    Its title speaks of a summary, of training and of content or data; and it has two headings of the template, or one
    and cites the Act.
    """
    text = text[:_MAX_CHARACTERS]
    titles = [line[:_MAX_TITLE_CHARACTERS] for line in text.split("\n")[:_MAX_TITLE_LINES] if line.strip()]
    for words in _LANGUAGES:
        title = (words.summary, words.training, words.content)
        if any(all(re.search(one, line, re.I) for one in title) for line in titles):
            headings = sum(re.search(one, text, re.I) is not None for one in words.headings)
            if headings >= 2 or (headings and _ACT.search(text)):
                return words.language
    return ""


@lru_cache(maxsize=1)
def _summary_words() -> re2._Regexp:
    """Return a pattern of the words for a summary in all the languages."""
    options = re2.Options()
    options.case_sensitive = False
    return compile_re2("|".join(words.summary for words in _LANGUAGES).encode(), options)
