"""Few digits to train on, and few to be tried on."""

from __future__ import annotations

import pytest

from xai import datasets
from xai.datasets import ImageSet


@pytest.fixture(scope="session")
def digits() -> ImageSet:
    return datasets.load("mnist", n=200, split="train")


@pytest.fixture(scope="session")
def others() -> ImageSet:
    return datasets.load("mnist", n=60, split="test")
