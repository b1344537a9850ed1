"""Importing costs nothing: the heavy libraries come when they are used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

LIGHT = (
    "xai",
    "xai.types",
    "xai.models",
    "xai.attribution",
    "xai.attacks",
    "xai.embedding",
    "xai.features",
    "xai.features.keys",
    "xai.flow",
    "xai.activations",
    "xai.network",
    "xai.datasets",
    "xai.images",
    "xai.jobs",
    "xai.store",
    "xai.downloads",
)
HEAVY = (
    "torch",
    "torchvision",
    "zennit",
    "umap",
    "numba",
    "openTSNE",
    "sklearn",
    "PIL",
    "streamlit",
)


def loaded(code: str) -> set[str]:
    """Return which of the heavy libraries a fresh interpreter holds after some code."""
    script = f"import sys\n{code}\nprint(*[n for n in {HEAVY!r} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_importing_loads_nothing_heavy():
    assert loaded("\n".join(f"import {name}" for name in LIGHT)) == set()


def test_registries_can_be_listed_without_anything_heavy():
    code = """
from xai.models import MODELS, is_ready, download_size, checkpoints_allowed
from xai.datasets import DATASETS
from xai.attribution import METHODS
from xai.attacks import ATTACKS
from xai.embedding import METHODS as EMBEDDINGS
for name, spec in MODELS.items():
    spec.classes, spec.label, is_ready(name), download_size(name)
for registry in (METHODS, ATTACKS, EMBEDDINGS):
    for row in registry.values():
        row.params(), row.params.infos()
assert len(DATASETS) and checkpoints_allowed() in (True, False)
"""
    assert loaded(code) == set()


@pytest.mark.parametrize(
    ("code", "needed"),
    [
        ("from xai import models; models.load('lenet5-mnist', device='cpu').layers", {"torch"}),
        ("from xai import datasets; datasets.load('mnist', n=3)", set()),
    ],
)
def test_the_first_page_pays_for_what_it_shows_alone(code, needed):
    assert loaded(code) == needed
