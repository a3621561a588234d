from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.blob import Blob, Unread
from auditor.pipeline.estimate import Rates, estimate_audit, measure_rates

RATES = Rates(pictures=100, picture_bytes=20e6, rows=1e6)


def blob(name: str, size: int, kind: str = "") -> Blob:
    return Blob(f"/nowhere/{name}", name, size, kind)  # type: ignore[arg-type]


def test_each_kind_takes_as_long_as_its_rate_says() -> None:
    files = [
        *(blob(f"{number}.jpg", 100_000) for number in range(200)),
        blob("part.tar", 40_000_000),
        blob("model.safetensors", 10**10, "model"),
        Unread("pipe", "not a regular file", skipped=True),
    ]
    estimate = estimate_audit(files, RATES)
    assert [(one.kind, one.files, round(one.seconds, 3)) for one in estimate.work] == [
        ("pictures", 200, 2.0),
        ("archives and containers", 1, 2.0),
        ("weights files", 1, 0.0),
    ]
    assert estimate.left_out == 1
    assert estimate.hours(1) == pytest.approx(4.0003 / 3600)


def test_large_pictures_take_as_long_as_their_bytes() -> None:
    (work,) = estimate_audit([blob("poster.png", 100_000_000)], RATES).work
    assert work.seconds == pytest.approx(5)


def estimated_table(path: Path, table: pa.Table) -> tuple[int, float]:
    pq.write_table(table, path, compression="none")
    (work,) = estimate_audit([Blob(str(path), "rows.parquet", path.stat().st_size)], RATES).work
    return work.rows, work.seconds


def test_rows_of_a_manifest_are_counted_by_its_footer(tmp_path: Path) -> None:
    digests = pa.table({"md5": [f"{number % 1000:032x}" for number in range(50_000)]})
    assert estimated_table(tmp_path / "rows.parquet", digests) == (50_000, pytest.approx(0.05))


def test_rows_with_pictures_take_as_long_as_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pictures = pa.table({"image": [number.to_bytes(4, "big") * 1250 for number in range(2000)]})
    rows, seconds = estimated_table(path, pictures)
    assert (rows, seconds) == (2000, pytest.approx(path.stat().st_size / RATES.picture_bytes))


def test_a_damaged_footer_counts_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"PAR1 damaged")
    (work,) = estimate_audit([Blob(str(path), "rows.parquet", 12)], RATES).work
    assert (work.files, work.rows) == (1, 0)


def test_more_cores_than_shards_have_work_gain_nothing() -> None:
    def many() -> Iterator[Blob]:
        return (blob(f"{number:05}.jpg", 100_000) for number in range(2000))

    estimate = estimate_audit(many(), RATES)
    assert estimate.shards > 2
    assert estimate.hours(2) == pytest.approx(estimate.hours(1) / 2)
    assert estimate.hours(10_000) == estimate.hours(estimate.shards)


def test_rates_are_measured_on_this_machine() -> None:
    rates = measure_rates(frozenset({"md5", "pdq"}), frozenset({"oriented"}))
    assert rates.pictures > 1
    assert rates.rows > 1000
    assert rates.picture_bytes / rates.pictures > 50_000  # bytes of a picture of 1.2 megapixels with grain
