from collections.abc import Sequence

from app.domain import Features, Photo
from app.services.listeners import Listeners


class Noting:
    """Notes what it hears, in a list that it shares with others."""

    def __init__(self, name: str, heard: list[str]) -> None:
        self.name = name
        self.heard = heard

    def put(self, photos: Sequence[Photo], features: Sequence[Features]) -> None:
        self.heard.append(f"{self.name} put {len(photos)}")

    def remove(self, row: int) -> None:
        self.heard.append(f"{self.name} remove {row}")


def test_each_hears_of_a_change_after_those_before_it() -> None:
    heard: list[str] = []
    listeners = Listeners(Noting("index", heard), Noting("neighbours", heard))
    listeners.put([], [])
    listeners.remove(7)
    assert heard == ["index put 0", "neighbours put 0", "index remove 7", "neighbours remove 7"]
