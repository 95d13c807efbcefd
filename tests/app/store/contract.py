"""What every store must do; a test class a backend inherits from this one."""

from collections.abc import Iterator

import pytest

from app.store.base import Store
from tests.app.store.contract_features import FeatureContract
from tests.app.store.contract_kept import KeepingContract
from tests.app.store.contract_photos import PhotoContract
from tests.app.store.contract_work import WorkContract
from tests.app.store.photos import Clock


class StoreContract(PhotoContract, FeatureContract, KeepingContract, WorkContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def store(self, clock: Clock) -> Iterator[Store]:
        raise NotImplementedError
