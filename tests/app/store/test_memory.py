from collections.abc import Iterator

import pytest

from app.store.base import Store
from app.store.memory import MemoryStore
from tests.app.store.comparing import closing
from tests.app.store.contract import StoreContract
from tests.app.store.photos import Clock


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self, clock: Clock) -> Iterator[Store]:
        with closing(MemoryStore(clock=clock)) as store:
            yield store
