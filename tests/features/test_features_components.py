"""Principal components of tables that are large on both sides, against the exact ones."""

from __future__ import annotations

import numpy as np
import pytest

from xai.embedding import run
from xai.features import components, leading
from xai.features.components import principal
from xai.features.description import _reduced
from xai.features.result import Features


@pytest.fixture
def table() -> np.ndarray:
    """Rows whose variance falls over the directions, and not around zero."""
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(150, 150)))[0]
    scales = np.arange(1, 151) ** -1.0
    return ((rng.normal(size=(200, 150)) * scales) @ turn + 5.0).astype(np.float32)


@pytest.fixture
def small_is_large(monkeypatch):
    monkeypatch.setattr(components, "_LARGE", 100)
    monkeypatch.setattr(leading, "_FIRST", 16)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
@pytest.mark.parametrize("wanted", [{"share": 0.8}, {"count": 2}, {"share": 0.9, "count": 3}])
def test_leading_components_are_the_exact_ones(table, small_is_large, wanted, scale) -> None:
    table = (table * scale).astype(np.float32)
    found = principal(table, **wanted)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(components, "_LARGE", 10_000)
        exact = principal(table, **wanted)
    assert found.scores.shape == exact.scores.shape
    np.testing.assert_allclose(found.shares, exact.shares, rtol=1e-3)
    largest = np.abs(exact.scores).max()
    np.testing.assert_allclose(found.scores, exact.scores, atol=2e-2 * largest)
    np.testing.assert_allclose(found.scores[:, 0], exact.scores[:, 0], atol=1e-4 * largest)
    again = principal(table, **wanted)
    np.testing.assert_array_equal(found.scores, again.scores)


def test_where_much_is_needed_the_exact_way_is_taken(table, small_is_large) -> None:
    found = principal(table, share=0.99)
    assert found.shares.sum() > 0.99
    lengths = found.scores.T @ found.scores
    np.testing.assert_allclose(lengths / lengths[0, 0], np.diag(np.diag(lengths / lengths[0, 0])),
                               atol=1e-9)  # fmt: skip


def test_where_too_much_is_needed_the_leading_ones_are_kept(
    table, small_is_large, monkeypatch
) -> None:
    monkeypatch.setattr(leading, "_DENSE", 100)
    found = principal(table, share=0.99)
    # Of subspaces of 16 and 32, at most a quarter of 150, the better half of the larger.
    assert found.scores.shape == (200, 16)
    values = table.astype(np.float64)
    sizes = np.linalg.svd(values - values.mean(axis=0), compute_uv=False)
    expected = sizes**2 / (sizes**2).sum()
    assert found.shares.sum() < 0.99
    np.testing.assert_allclose(found.shares, expected[:16], rtol=1e-2)
    lengths = (found.scores**2).sum(axis=0)
    np.testing.assert_allclose(lengths / (sizes**2).sum(), found.shares, rtol=1e-9)


def test_features_say_that_more_was_not_searched_for(table, small_is_large, monkeypatch) -> None:
    monkeypatch.setattr(leading, "_DENSE", 100)
    made = Features(values=table, components=150, raw_dim=150)
    found = _reduced(made, "pca99", 0.99, "layer", None)
    assert found.components == 16
    assert found.explained_variance < 0.99
    (note,) = found.notes
    percent = f"{100 * found.explained_variance:.0f} %"
    assert note.startswith(f"The first 16 components hold {percent} of the variance;")
    assert _reduced(made, "pca50", 0.5, "layer", None).notes == ()


@pytest.mark.parametrize("shape", [(40, 7), (7, 40)])
def test_the_exact_way_reports_before_the_table_is_read_and_around_the_search(shape) -> None:
    table = np.random.default_rng(0).normal(size=shape)
    said: list[tuple[int, int, str]] = []
    principal(table, count=2, progress=lambda *step: said.append(step))
    assert len(said) >= 3
    assert set(said) == {(0, 0, "Principal components")}


def test_it_can_be_stopped(table, small_is_large) -> None:
    def fail(done: int, total: int, message: str) -> None:
        raise InterruptedError(message)

    with pytest.raises(InterruptedError, match="Principal components"):
        principal(table, share=0.8, progress=fail)


def test_a_map_of_a_large_table_is_the_exact_one(table, small_is_large) -> None:
    found = run(table, "pca")
    values = table.astype(np.float64)
    _, sizes, _ = np.linalg.svd(values - values.mean(axis=0))
    expected = (sizes[:2] ** 2).sum() / (sizes**2).sum()
    assert found.quality["explained_variance"] == pytest.approx(expected, rel=1e-4)
