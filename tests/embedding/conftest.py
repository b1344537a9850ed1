"""The fixtures of these tests."""

from described import *  # noqa: F403
