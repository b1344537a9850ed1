"""What a map does not say by itself: why it is empty or misleading, and what to try."""

from __future__ import annotations

from xai.attribution.diagnosis.remarks import remarks

__all__ = ["remarks"]
