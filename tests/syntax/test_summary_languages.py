"""Public summaries of training content in other languages than English."""

from __future__ import annotations

import pytest

from auditor.readers import HEAD_BYTES, reader_name, training_summary
from auditor.syntax.summary_languages import may_name_summary, summary_language
from tests.readers.blobs import unopened_blob

# A title, the citation of the Act and a heading or two, as the Regulation's own languages have them.
SUMMARIES = {
    "Bulgarian": "Публично резюме на съдържанието, използвано за обучение\n1. Обща информация\nДоставчик: А",
    "Czech": "Veřejné shrnutí obsahu použitého k trénování\n1. Obecné informace\nPoskytovatel: A",
    "Danish": "Offentlig sammenfatning af træningsindhold og data\n1. Generelle oplysninger\nUdbyder: A",
    "German": "Öffentliche Zusammenfassung der Trainingsinhalte\n1. Allgemeine Informationen\nAnbieter: A",
    "Greek": "Δημόσια περίληψη του περιεχομένου εκπαίδευσης\n1. Γενικές πληροφορίες\nΠάροχος: Α",
    "Spanish": "Resumen público del contenido de entrenamiento\n1. Información general\nProveedor: A",
    "Estonian": "Treenimiseks kasutatud sisu avalik kokkuvõte\n1. Üldteave\n1.1 Pakkuja: A",
    "Finnish": "Julkinen tiivistelmä koulutukseen käytetystä sisällöstä\n1. Yleiset tiedot\nTarjoaja: A",
    "French": "Résumé public du contenu utilisé pour l'entraînement\n1. Informations générales\nFournisseur : A",
    "Irish": "Achoimre phoiblí ar ábhar oiliúna\n1. Faisnéis ghinearálta\nSoláthraí: A",
    "Croatian": "Javni sažetak sadržaja za učenje\n1. Opće informacije\nDobavljač: A",
    "Hungarian": "A betanításhoz használt tartalom nyilvános összefoglalója\n1. Általános információk\nSzolgáltató: A",
    "Italian": "Sintesi pubblica dei contenuti di addestramento\n1. Informazioni generali\nFornitore: A",
    "Lithuanian": "Vieša mokymo turinio santrauka\n1. Bendroji informacija\nTeikėjas: A",
    "Latvian": "Publisks apmācības satura kopsavilkums\n1. Vispārīga informācija\nNodrošinātājs: A",
    "Maltese": "Sommarju pubbliku tal-kontenut tat-taħriġ\n1. Informazzjoni ġenerali\nFornitur: A",
    "Dutch": "Openbare samenvatting van de trainingsinhoud\n1. Algemene informatie\nAanbieder: A",
    "Polish": "Publiczne streszczenie treści wykorzystanych do trenowania\n1. Informacje ogólne\nDostawca: A",
    "Portuguese": "Resumo público do conteúdo de treino\n1. Informações gerais\nPrestador: A",
    "Romanian": "Rezumat public al conținutului de antrenare\n1. Informații generale\nFurnizor: A",
    "Slovak": "Verejné zhrnutie obsahu použitého na trénovanie\n1. Všeobecné informácie\nPoskytovateľ: A",
    "Slovenian": "Javni povzetek vsebine za učenje\n1. Splošne informacije\nPonudnik: A",
    "Swedish": "Offentlig sammanfattning av träningsinnehåll\n1. Allmän information\nLeverantör: A",
}


@pytest.mark.parametrize("language", SUMMARIES)
def test_a_summary_in_a_language_of_the_union_is_told_and_not_silent(language: str) -> None:
    text = f"# {SUMMARIES[language]}\n"
    data = text.encode()
    assert may_name_summary(data)
    assert summary_language(text) == language
    blob = unopened_blob("any.md", "model")
    assert reader_name(blob, data[:HEAD_BYTES]) == "training_summary"
    subject = training_summary.part(blob, data).subject
    assert [(one.key, one.value) for one in subject.statements] == [("training_data", "public summary")]
    assert [gap.why for gap in subject.gaps] == [
        f"a public summary of training content that is not in English ({language}): its answers were not read"
    ]


def test_another_text_in_another_language_is_no_summary() -> None:
    assert summary_language("# Zusammenfassung\n\nDas Training dauerte zwei Tage.\n\n## Daten\n\nAnbieter: A") == ""
    assert summary_language("# Résumé\n\nUn modèle entraîné sur des données. Voir l'article 53, paragraphe 1.") == ""
