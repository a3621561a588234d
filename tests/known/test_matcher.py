"""What a batch of samples matches, what could not be compared, and which hit is kept."""

from __future__ import annotations

import hashlib
import pickle
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from auditor.known.compiled_list import CompiledList
from auditor.known.entries import make_entries
from auditor.known.matcher import Matcher
from auditor.model import Basis, Ref
from auditor.samples import HITS_SCHEMA, Samples, build_sample_batch

MakeList = Callable[..., CompiledList]
HILLS = Ref("dataset", "hills", "main")


def digest(number: int, width: int = 16) -> bytes:
    return hashlib.shake_128(str(number).encode()).digest(width)


def flip_bits(value: bytes, bits: int) -> bytes:
    """The hash with its first bits inverted."""
    raw = np.unpackbits(np.frombuffer(value, np.uint8))
    raw[:bits] ^= 1
    return np.packbits(raw).tobytes()


def samples(basis: Basis = "computed", **columns: Sequence[object]) -> Samples:
    count = len(next(iter(columns.values())))
    named: Mapping[str, Sequence[object]] = {
        "sample": [f"{number}.png" for number in range(count)],
        "place": ["images"] * count,
        **{name.replace("_", "-"): column for name, column in columns.items()},
    }
    return Samples(HILLS, basis, build_sample_batch(named, [name for name in named if name not in ("sample", "place")]))


def find_hits(known: CompiledList | Sequence[CompiledList], of: Samples) -> list[dict[str, object]]:
    lists = (known,) if isinstance(known, CompiledList) else tuple(known)
    return Matcher(lists).match(of).hits.to_pylist()


def test_a_hit_names_subject_list_entry_and_sample(make_list: MakeList) -> None:
    known = make_list(make_entries("md5", [digest(1)], ids=["e1"], classification=["A"]), means="csam")
    (hit,) = find_hits(known, samples(md5=[digest(0), digest(1), None]))
    token = hit.pop("token")
    assert isinstance(token, str)
    assert len(bytes.fromhex(token)) == 8
    assert hit == {
        "kind": "dataset",
        "name": "hills",
        "revision": "main",
        "list": "hills",
        "version": "1",
        "means": "csam",
        "classification": "A",
        "sample": "1.png",
        "place": "images",
        "row": 0,
        "algorithm": "md5",
        "distance": 0,
        "variant": "",
        "basis": "computed",
    }


def test_hits_have_the_schema_that_runs_write_also_when_there_are_none(make_list: MakeList) -> None:
    matcher = Matcher((make_list(make_entries("md5", [digest(1)])),))
    assert matcher.match(samples(md5=[digest(1)])).hits.schema == HITS_SCHEMA
    assert matcher.match(samples(md5=[digest(2)])).hits.schema == HITS_SCHEMA
    assert matcher.match(samples(sha1=[digest(2, 20)])).coverage == {}


def test_without_statistics_the_hits_are_the_same_and_no_decoys_are_matched(make_list: MakeList) -> None:
    known = make_list(make_entries("pdq", [digest(1, 32)]))
    of = samples(pdq=[flip_bits(digest(1, 32), 9), digest(2, 32)], quality=[100, 100])
    whole, bare = (Matcher((known,), keeps_statistics=keeps).match(of) for keeps in (True, False))
    assert bare.hits.equals(whole.hits)
    assert bare.compared == whole.compared == {"hills": 2}
    assert set(whole.coverage) - set(bare.coverage) == {"compared with decoys: hills"}
    assert (bare.comparisons, list(whole.comparisons)) == ({}, ["images"])


def test_pdq_matches_up_to_31_bits_away_and_no_farther(make_list: MakeList) -> None:
    known = make_list(make_entries("pdq", [digest(1, 32)]))
    found = find_hits(
        known, samples(pdq=[flip_bits(digest(1, 32), bits) for bits in (0, 31, 32)], quality=[100, 50, 100])
    )
    assert [(hit["sample"], hit["distance"]) for hit in found] == [("0.png", 0), ("1.png", 31)]


def test_a_token_is_the_same_in_every_run_and_differs_by_entry_and_algorithm(make_list: MakeList) -> None:
    listed = (make_entries("md5", [digest(1), digest(2)]), make_entries("sha1", [digest(1, 20)]))
    of = samples(md5=[digest(1), digest(2)], sha1=[digest(1, 20), None])
    once, counted_samples = (find_hits(make_list(*listed, name=name), of) for name in ("once", "again"))
    assert [hit["token"] for hit in once] == [hit["token"] for hit in counted_samples]
    assert len({hit["token"] for hit in once}) == 3


def test_pictures_too_plain_to_trust_are_counted_and_not_matched(make_list: MakeList) -> None:
    known = make_list(make_entries("pdq", [digest(1, 32)]))
    matched = Matcher((known,)).match(samples(pdq=[digest(1, 32)] * 3, quality=[49, 50, None]))
    assert matched.hits.column("sample").to_pylist() == ["1.png"]
    assert matched.coverage["compared by pdq"] == 1
    assert matched.coverage["unmatchable: quality below 50"] == 1
    assert matched.coverage["unmatchable: no quality"] == 1


def test_a_declared_pdq_has_no_quality_is_matched_and_that_is_said(make_list: MakeList) -> None:
    known = make_list(make_entries("pdq", [digest(1, 32)]))
    matched = Matcher((known,)).match(samples("declared", pdq=[digest(1, 32)] * 2, quality=[None, 10]))
    assert [(hit["sample"], hit["basis"]) for hit in matched.hits.to_pylist()] == [("0.png", "declared")]
    assert matched.coverage["declared pdq of unknown quality"] == 1
    assert matched.coverage["unmatchable: quality below 50"] == 1


def test_flat_entries_match_nothing(make_list: MakeList) -> None:
    known = make_list(
        make_entries("pdq", [bytes(32), b"\xff" * 32, digest(1, 32)]), make_entries("dhash-64", [bytes(8)])
    )
    assert find_hits(known, samples(pdq=[bytes(32), b"\xff" * 32], quality=[100, 100])) == []
    assert known.algorithms == {"pdq"}
    assert known.manifest["unmatchable"] == {
        "pdq: bits nearly all alike": 2,
        "dhash-64: bits nearly all alike": 1,
    }


def test_entries_of_low_quality_match_nothing(make_list: MakeList) -> None:
    known = make_list(make_entries("pdq", [digest(1, 32), digest(2, 32), digest(3, 32)], quality=[49, 50, None]))
    found = find_hits(known, samples(pdq=[digest(number, 32) for number in (1, 2, 3)], quality=[90] * 3))
    assert [hit["sample"] for hit in found] == ["1.png", "2.png"]
    assert known.manifest["unmatchable"] == {"pdq: quality below 50": 1}


@pytest.mark.parametrize("algorithm", ["phash-64", "dhash-64"])
def test_64_bit_hashes_match_by_equality_unless_the_list_sets_a_threshold(algorithm: str, make_list: MakeList) -> None:
    values = [flip_bits(digest(7, 8), bits) for bits in (0, 4, 5)]
    of = samples(**{algorithm.replace("-", "_"): values})
    assert len(find_hits(make_list(make_entries(algorithm, [values[0]])), of)) == 1
    near = make_list(make_entries(algorithm, [values[0]]), thresholds={algorithm: 4})
    assert [hit["distance"] for hit in find_hits(near, of)] == [0, 4]


def test_photodna_matches_by_equality(make_list: MakeList) -> None:
    known = make_list(make_entries("photodna", [digest(3, 144)]))
    found = find_hits(known, samples(photodna=[flip_bits(digest(3, 144), 1), digest(3, 144)]))
    assert [hit["sample"] for hit in found] == ["1.png"]


def test_the_best_variant_of_a_sample_is_its_one_hit(make_list: MakeList) -> None:
    known = (
        make_list(make_entries("pdq", [digest(1, 32)]), name="one"),
        make_list(make_entries("pdq", [digest(1, 32)]), name="two"),
    )
    columns = {
        "sample": ["a", "a", "a", "b"],
        "variant": ["", "unpadded", "flip-x", ""],
        "pdq": [flip_bits(digest(1, 32), bits) for bits in (20, 3, 9, 5)],
        "quality": [90] * 4,
    }
    found = find_hits(known, Samples(HILLS, "computed", build_sample_batch(columns, ["pdq"])))
    best = [("a", "unpadded", 3), ("b", "", 5)]
    assert [(hit["list"], hit["sample"], hit["variant"], hit["distance"]) for hit in found] == [
        (name, *hit) for name in ("one", "two") for hit in best
    ]


def test_variants_are_not_counted_as_samples(make_list: MakeList) -> None:
    known = make_list(make_entries("pdq", [digest(1, 32)]))
    columns = {"sample": ["a", "a"], "variant": ["", "flip-x"], "pdq": [digest(5, 32)] * 2, "quality": [90, 90]}
    coverage = Matcher((known,)).match(Samples(HILLS, "computed", build_sample_batch(columns, ["pdq"]))).coverage
    assert coverage["compared by pdq"] == 1


def test_the_same_name_in_two_places_is_two_samples(make_list: MakeList) -> None:
    known = make_list(make_entries("md5", [digest(1)]))
    columns = {"sample": ["a", "a", "a"], "place": ["x", "y", "y"], "row": [1, 1, 2], "md5": [digest(1)] * 3}
    found = find_hits(known, Samples(HILLS, "declared", build_sample_batch(columns, ["md5"])))
    assert [(hit["place"], hit["row"]) for hit in found] == [("x", 1), ("y", 1), ("y", 2)]


def test_a_benign_list_excludes_near_matches_of_what_it_knows(make_list: MakeList) -> None:
    listed = make_list(make_entries("pdq", [digest(1, 32)]), means="csam", name="bad")
    benign = make_list(make_entries("md5", [digest(9)]), means="benign", name="good")
    of = samples(md5=[digest(9), digest(8)], pdq=[flip_bits(digest(1, 32), 9)] * 2, quality=[90, 90])
    matched = Matcher((listed, benign)).match(of)
    assert matched.hits.column("sample").to_pylist() == ["1.png"]
    assert matched.coverage["excluded by a benign list: near"] == 1


def test_what_a_benign_list_excludes_is_counted_once_and_leaves_no_hit(make_list: MakeList) -> None:
    near = [flip_bits(digest(1, 32), bits) for bits in (3, 6)]
    listed = make_list(make_entries("pdq", near), means="csam", name="bad")
    benign = make_list(make_entries("md5", [digest(9)]), means="benign", name="good")
    matched = Matcher((listed, benign)).match(samples(md5=[digest(9)], pdq=[digest(1, 32)], quality=[90]))
    assert matched.hits.num_rows == 0
    assert matched.coverage == {
        "excluded by a benign list: near": 1,
        "compared by md5": 1,
        "compared by pdq": 1,
        "not checked: whether a crop of a listed picture": 1,
    }


def test_benign_matches_of_a_sample_that_is_exactly_listed_exclude_nothing(make_list: MakeList) -> None:
    listed = make_list(make_entries("md5", [digest(1)]), means="csam", name="bad")
    near = [flip_bits(digest(1, 32), bits) for bits in (3, 9)]
    benign = make_list(make_entries("pdq", near), means="benign", name="good")
    matched = Matcher((listed, benign)).match(samples(md5=[digest(1)], pdq=[digest(1, 32)], quality=[90]))
    assert matched.hits.column("list").to_pylist() == ["bad"]
    assert matched.coverage == {
        "hits csam exact": 1,
        "compared by md5": 1,
        "compared by pdq": 1,
        "not checked: whether a crop of a listed picture": 1,
    }


def test_an_equal_benign_hash_is_a_conflict_with_an_exact_match_and_one_a_bit_away_is_none(
    make_list: MakeList,
) -> None:
    listed = make_list(make_entries("md5", [digest(1), digest(2)]), means="csam", name="bad")
    benign = make_list(make_entries("pdq", [digest(1, 32)]), means="benign", name="good")
    pdq = [digest(1, 32), flip_bits(digest(1, 32), 1)]
    matched = Matcher((listed, benign)).match(samples(md5=[digest(1), digest(2)], pdq=pdq, quality=[90, 90]))
    assert matched.hits.num_rows == 2
    assert matched.coverage["conflict: in a benign list and exactly in one of csam"] == 1


def test_a_benign_hash_at_the_same_distance_as_the_listed_one_excludes_nothing(make_list: MakeList) -> None:
    listed = make_list(make_entries("pdq", [digest(1, 32)]), means="csam", name="bad")
    benign = make_list(make_entries("pdq", [flip_bits(digest(1, 32), 10)]), means="benign", name="good")
    of = samples(pdq=[flip_bits(digest(1, 32), bits) for bits in (5, 6)], quality=[90, 90])
    assert [hit["sample"] for hit in find_hits((listed, benign), of)] == ["0.png"]


def test_only_an_exact_match_of_a_csam_list_can_be_in_conflict_with_a_benign_one(make_list: MakeList) -> None:
    benign = make_list(make_entries("md5", [digest(1)]), make_entries("pdq", [digest(1, 32)]), means="benign")
    of = samples(md5=[digest(1)], pdq=[digest(1, 32)], quality=[90])
    exact = make_list(make_entries("md5", [digest(1)]), means="exploitative", name="other")
    near = make_list(make_entries("pdq", [digest(1, 32)]), means="csam", name="bad")
    for listed, excluded in ((exact, 0), (near, 1)):
        coverage = Matcher((listed, benign)).match(of).coverage
        assert "conflict: in a benign list and exactly in one of csam" not in coverage
        assert coverage.get("excluded by a benign list: near", 0) == excluded


def test_further_url_columns_are_compared_and_other_variants_are_not(make_list: MakeList) -> None:
    known = make_list(make_entries("url", ["http://a.example.net/one"]))
    listed, other = "http://a.example.net/one", "http://a.example.net/two"
    columns = {
        "sample": ["a", "a", "b", "b", "c"],
        "variant": ["", "url:thumb", "", "flip-x", "url:thumb"],
        "url": [other, listed, other, listed, None],
    }
    matched = Matcher((known,)).match(Samples(HILLS, "declared", build_sample_batch(columns, [])))
    assert [(hit["sample"], hit["variant"]) for hit in matched.hits.to_pylist()] == [("a", "url:thumb")]
    assert (matched.compared, matched.coverage["compared by url"]) == ({"hills": 3}, 2)


def comparison_counts(matcher: Matcher, of: Samples) -> dict[tuple[str, str, str, str], int]:
    counted: Counter[tuple[str, str, str, str]] = Counter()
    for comparisons in matcher.match(of).comparisons.values():
        counted.update({tuple(comparison): number for comparison, number in comparisons.items()})  # type: ignore[misc]
    return counted


def test_what_became_of_each_sample_is_counted_by_list_algorithm_and_carrier(make_list: MakeList) -> None:
    lists = (
        make_list(make_entries("md5", [digest(1)]), make_entries("pdq", [digest(1, 32)]), name="both"),
        make_list(make_entries("photodna", [digest(1, 144)]), name="photos"),
        make_list(make_entries("sha1", [digest(1, 20)]), name="files"),
    )
    columns = {
        "sample": ["a", "b", "c", "d", "a"],
        "variant": ["", "", "", "", "flip-x"],
        "md5": [digest(1), digest(2), digest(3), None, digest(1)],
        "pdq": [digest(1, 32), digest(2, 32), None, None, digest(1, 32)],
        "quality": [50, 49, None, None, 49],
    }
    of = Samples(HILLS, "computed", build_sample_batch(columns, ["md5", "pdq"]), carrier="picture file")
    assert comparison_counts(Matcher(lists), of) == {
        ("both", "md5", "picture file", "compared"): 3,
        ("both", "md5", "picture file", "not compared"): 1,
        ("both", "pdq", "picture file", "compared"): 1,
        ("both", "pdq", "picture file", "low detail"): 1,
        ("both", "pdq", "picture file", "not compared"): 2,
        ("photos", "photodna", "picture file", "not computed"): 4,
        ("files", "sha1", "picture file", "not compared"): 4,
    }


def test_a_picture_whose_quality_is_unknown_is_not_said_to_be_compared_by_pdq(make_list: MakeList) -> None:
    known = make_list(make_entries("pdq", [digest(1, 32)]))
    columns = {
        "sample": ["a", "b", "c"],
        "pdq": [digest(1, 32), digest(2, 32), digest(3, 32)],
        "quality": [None, 49, 50],
    }
    of = Samples(HILLS, "computed", build_sample_batch(columns, ["pdq"]), carrier="picture file")
    assert comparison_counts(Matcher((known,)), of) == {
        ("hills", "pdq", "picture file", "compared"): 1,
        ("hills", "pdq", "picture file", "low detail"): 1,
        ("hills", "pdq", "picture file", "not compared"): 1,
    }


def test_comparisons_are_counted_by_place(make_list: MakeList) -> None:
    known = make_list(make_entries("md5", [digest(1)]))
    columns = {"sample": ["a", "b", "c"], "place": ["x", "y", "x"], "md5": [digest(1), None, digest(3)]}
    of = Samples(HILLS, "computed", build_sample_batch(columns, ["md5"]), carrier="picture file")
    assert Matcher((known,)).match(of).comparisons == {
        "x": {("hills", "md5", "picture file", "compared"): 2},
        "y": {("hills", "md5", "picture file", "not compared"): 1},
    }


def test_a_declared_hash_of_unknown_quality_is_compared(make_list: MakeList) -> None:
    known = make_list(make_entries("pdq", [digest(1, 32)]))
    of = samples("declared", pdq=[digest(1, 32), digest(2, 32), digest(3, 32)], quality=[None, 49, 50])
    assert comparison_counts(Matcher((known,)), of) == {
        ("hills", "pdq", "declared digest", "compared"): 2,
        ("hills", "pdq", "declared digest", "low detail"): 1,
    }


def test_what_is_declared_or_was_counted_before_is_never_said_to_be_missing(make_list: MakeList) -> None:
    lists = (
        make_list(make_entries("md5", [digest(1)]), name="files"),
        make_list(make_entries("url", ["http://a.example.net/"]), name="pages"),
    )
    columns = {
        "sample": ["a", "b", "a"],
        "variant": ["", "", "url:thumb"],
        "md5": [digest(1), None, None],
        "url": ["http://a.example.net/x", None, "http://a.example.net/y"],
    }
    batch = build_sample_batch(columns, ["md5"])
    addresses = {("pages", "url", "address", "compared"): 2}
    assert comparison_counts(Matcher(lists), Samples(HILLS, "declared", batch, carrier="table picture")) == {
        ("files", "md5", "declared digest", "compared"): 1,
        **addresses,
    }
    assert comparison_counts(Matcher(lists), Samples(HILLS, "computed", batch, True, "other file")) == {
        ("files", "md5", "other file", "compared"): 1,
        **addresses,
    }


def test_an_empty_batch_matches_nothing(make_list: MakeList) -> None:
    known = make_list(make_entries("md5", [digest(1)]))
    matched = Matcher((known,)).match(samples(md5=[]))
    assert (matched.hits.num_rows, matched.coverage, matched.compared) == (0, {}, {})


def test_a_benign_entry_farther_away_than_the_listed_one_excludes_nothing(make_list: MakeList) -> None:
    listed = make_list(make_entries("pdq", [digest(1, 32)]), means="csam", name="bad")
    benign = make_list(make_entries("pdq", [flip_bits(digest(1, 32), 25)]), means="benign", name="good")
    of = samples(pdq=[flip_bits(digest(1, 32), bits) for bits in (9, 20)], quality=[90, 90])
    assert [hit["sample"] for hit in find_hits((listed, benign), of)] == ["0.png"]


def test_a_benign_list_against_an_exact_match_is_a_conflict_for_a_person(make_list: MakeList) -> None:
    listed = make_list(make_entries("md5", [digest(1)]), means="csam", name="bad")
    benign = make_list(make_entries("md5", [digest(1)]), means="benign", name="good")
    matched = Matcher((listed, benign)).match(samples(md5=[digest(1)]))
    assert matched.hits.column("list").to_pylist() == ["bad"]
    assert matched.coverage["conflict: in a benign list and exactly in one of csam"] == 1


def test_a_benign_list_alone_gives_no_hits(make_list: MakeList) -> None:
    matched = Matcher((make_list(make_entries("md5", [digest(1)]), means="benign"),)).match(samples(md5=[digest(1)]))
    assert matched.hits.num_rows == 0
    assert matched.coverage == {"compared by md5": 1}


def test_a_classification_may_have_a_meaning_of_its_own(make_list: MakeList) -> None:
    listed = make_entries("md5", [digest(1), digest(2)], classification=["A1", "B2"])
    known = make_list(listed, means="csam", classes={"B2": "exploitative"})
    found = find_hits(known, samples(md5=[digest(1), digest(2)]))
    assert [(hit["classification"], hit["means"]) for hit in found] == [("A1", "csam"), ("B2", "exploitative")]


def test_a_matcher_travels_to_a_worker_as_the_paths_of_its_lists(make_list: MakeList) -> None:
    matcher = Matcher((make_list(make_entries("md5", [digest(number) for number in range(5000)])),))
    sent = pickle.dumps(matcher)
    assert len(sent) < 1000
    assert pickle.loads(sent).match(samples(md5=[digest(1)])).hits.num_rows == 1


def test_a_url_matches_by_the_page_the_folder_or_the_host_that_is_listed(make_list: MakeList) -> None:
    known = make_list(make_entries("url", ["http://a.example.net/hills/", "https://lake.example.org/one.jpg?x=1"]))
    urls = [
        "https://A.example.net:443/hills/one.jpg",
        "http://a.example.net/valleys/one.jpg",
        "http://lake.example.org/one.jpg?x=1#top",
        "http://lake.example.org/one.jpg?x=2",
        None,
        "not a url",
    ]
    found = find_hits(known, samples("declared", url=urls))
    assert [(hit["sample"], hit["algorithm"], hit["distance"]) for hit in found] == [
        ("0.png", "url", 0),
        ("2.png", "url", 0),
    ]


def test_a_listed_domain_matches_every_url_below_it(make_list: MakeList) -> None:
    known = make_list(make_entries("domain", ["bad-hills.net", "co.uk", "sub.bad-lakes.org"]))
    assert known.manifest["unmatchable"] == {"domain: not a domain": 1}
    urls = ["https://cdn.bad-hills.net/x", "https://bad-lakes.org/x", "https://sub.bad-lakes.org/x", "http://a.co.uk/"]
    assert [hit["sample"] for hit in find_hits(known, samples("declared", url=urls))] == ["0.png", "2.png"]


def test_only_an_equal_file_or_address_is_exact_and_an_equal_perceptual_hash_is_near(make_list: MakeList) -> None:
    listed = (
        make_entries("md5", [digest(1)]),
        make_entries("pdq", [digest(1, 32)]),
        make_entries("phash-64", [digest(1, 8)]),
    )
    of = samples(md5=[digest(1)], pdq=[digest(1, 32)], phash_64=[digest(1, 8)], quality=[90])
    coverage = Matcher((make_list(*listed, means="csam"),)).match(of).coverage
    assert (coverage["hits csam exact"], coverage["hits csam near"]) == (1, 2)


def test_a_benign_file_excludes_an_equal_perceptual_hash_but_no_equal_file(make_list: MakeList) -> None:
    listed = make_list(make_entries("pdq", [digest(1, 32)]), make_entries("md5", [digest(8)]), means="csam", name="bad")
    benign = make_list(make_entries("md5", [digest(8), digest(9)]), means="benign", name="good")
    of = samples(md5=[digest(9), digest(8)], pdq=[digest(1, 32), None], quality=[90, None])
    assert [(hit["sample"], hit["algorithm"]) for hit in find_hits((listed, benign), of)] == [("1.png", "md5")]


def test_samples_that_were_counted_before_are_matched_and_counted_apart(make_list: MakeList) -> None:
    known = make_list(make_entries("md5", [digest(1)]), means="csam")
    counted_samples = Samples(HILLS, "declared", samples(md5=[digest(1), digest(2)]).batch, already_counted=True)
    matched = Matcher((known,)).match(counted_samples)
    assert matched.hits.num_rows == 1
    assert matched.coverage == {"compared by md5, as declared too": 2, "hits csam exact, as declared too": 1}


def test_that_a_crop_would_not_be_found_is_said_of_every_picture_compared(make_list: MakeList) -> None:
    known = make_list(make_entries("pdq", [digest(1, 32)]), make_entries("md5", [digest(1)]))
    coverage = Matcher((known,)).match(samples(pdq=[digest(2, 32)] * 3, quality=[90, 90, 10])).coverage
    assert coverage["not checked: whether a crop of a listed picture"] == 2
    assert (
        "not checked: whether a crop of a listed picture"
        not in Matcher((known,)).match(samples(md5=[digest(2)])).coverage
    )


def test_a_thorough_variant_is_the_hit_only_where_no_other_variant_matches(make_list: MakeList) -> None:
    known = make_list(make_entries("pdq", [digest(1, 32)]), means="csam")
    near, nearer = flip_bits(digest(1, 32), 20), flip_bits(digest(1, 32), 5)
    both = samples(
        sample=["a", "a"], place=["x", "x"], pdq=[near, nearer], quality=[90, 90], variant=["unpadded", "window-90"]
    )
    lead = samples(
        sample=["a", "a"], place=["x", "x"], pdq=[digest(2, 32), nearer], quality=[90, 90], variant=["", "window-90"]
    )
    assert [(hit["variant"], hit["distance"]) for hit in find_hits(known, both)] == [("unpadded", 20)]
    assert [(hit["variant"], hit["distance"]) for hit in find_hits(known, lead)] == [("window-90", 5)]
    assert Matcher((known,)).match(lead).coverage["leads csam: near with an edit undone"] == 1
    assert not any(what.startswith("hits") for what in Matcher((known,)).match(lead).coverage)


def test_a_thorough_variant_matches_up_to_its_own_threshold(make_list: MakeList) -> None:
    known = make_list(make_entries("pdq", [digest(1, 32)]))
    variants = ["window-90", "window-90", "rotate-90", "inverted"]
    away = [23, 24, 31, 32]
    of = samples(
        sample=["a", "b", "c", "d"],
        place=["x"] * 4,
        pdq=[flip_bits(digest(1, 32), bits) for bits in away],
        quality=[90] * 4,
        variant=variants,
    )
    assert [(hit["sample"], hit["distance"]) for hit in find_hits(known, of)] == [("a", 23), ("c", 31)]


def test_a_benign_match_of_a_thorough_variant_excludes_leads_alone(make_list: MakeList) -> None:
    known = make_list(make_entries("pdq", [digest(1, 32)]), means="csam")
    harmless = make_list(make_entries("pdq", [digest(2, 32)]), name="harmless", means="benign")
    other = flip_bits(digest(2, 32), 2)
    for variant, left in (("", 1), ("window-90", 0)):
        of = samples(
            sample=["a", "a"],
            place=["x", "x"],
            pdq=[flip_bits(digest(1, 32), 9), other],
            quality=[90, 90],
            variant=[variant, "window-80"],
        )
        assert len(find_hits((known, harmless), of)) == left
