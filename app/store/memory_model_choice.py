"""The choice of models in memory: the twin of `model_choice.py` for tests of what stands above the store."""

from app.store.model_choice import check


class MemoryModelChoice:
    """Implements `base.ModelChoice`; see there for what each method promises."""

    def __init__(self) -> None:
        self._text: str | None = None

    def get(self) -> str | None:
        """Return what was put last."""
        return self._text

    def put(self, text: str) -> None:
        """Keep a text."""
        check(text)
        self._text = text
