"""Changing to other models: searches answer all the while, from the old ones or the new ones, never from both."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from app import imaging
from app.domain import PartState, PhotoId, PhotoState, SimilarityMethod
from app.errors import BadParameter, ModelNotFound, ModelServerUnavailable
from app.inference.fake import Fault
from app.opening import open_gallery
from app.services import ingest, overlap
from app.services.gallery import Gallery
from app.services.library import Upload
from app.settings import Settings
from model_server.catalogue import ModelCard
from tests.app.services.second_models import DEFAULT, NEWER, OTHER, OWN_LABELS, SMALL, GatedClient, cards
from tests.photos import drawn_photo
from tests.waiting import wait_until

COUNT = 12
Open = Callable[..., Gallery]


@pytest.fixture
def client() -> GatedClient:
    return GatedClient()


@pytest.fixture
def open_it(settings: Settings, client: GatedClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Return what opens the test's gallery, and closes the one that was open."""
    monkeypatch.setattr(ingest, "STOP_GRACE_S", 0.05)
    opened: list[Gallery] = []

    def open_anew(catalogue: Callable[[], list[ModelCard]] = cards, batch_size: int = 4) -> Gallery:
        while opened:
            opened.pop().close()
        opened.append(open_gallery(replace(settings, batch_size=batch_size), client, catalogue=catalogue))
        return opened[0]

    yield open_anew
    client.gate.open()
    while opened:
        opened.pop().close()


@pytest.fixture
def gallery(open_it: Open) -> Gallery:
    """Return a gallery with photos that were looked at by the default model."""
    gallery = open_it()
    upload(gallery, range(COUNT))
    return gallery


def upload(gallery: Gallery, seeds: range) -> list[PhotoId]:
    """Upload photos and wait until searches find them."""
    results = gallery.library.upload([Upload(f"{seed}.jpg", drawn_photo(seed)) for seed in seeds])
    ids = [result.photo.id for result in results if result.photo is not None]
    assert len(ids) == len(seeds)
    wait_until(lambda: all(state(gallery, one) is PhotoState.READY for one in ids), what="the photos")
    return ids


def state(gallery: Gallery, photo_id: PhotoId) -> PhotoState:
    return gallery.library.details(photo_id).photo.state


def like(gallery: Gallery, photo_id: PhotoId) -> tuple[tuple[PhotoId, float], ...]:
    found = gallery.searches.like_photo(photo_id, SimilarityMethod.EMBEDDING)
    return tuple((hit.photo.id, round(hit.score, 5)) for hit in found.hits)


def found_like(gallery: Gallery, photo_id: PhotoId) -> set[PhotoId]:
    return {found for found, _ in like(gallery, photo_id)}


def in_use(gallery: Gallery) -> tuple[str, ...]:
    return gallery.models.change().active


def wait_for(gallery: Gallery, *names: str) -> None:
    wait_until(lambda: in_use(gallery) == names, what=f"{names} in use")


def first_id(gallery: Gallery) -> PhotoId:
    return gallery.library.page().photos[-1].id


def test_searches_answer_from_the_old_model_or_from_the_new_one_all_the_while(
    gallery: Gallery, client: GatedClient
) -> None:
    client.gate.held = {SMALL.name}
    wanted = first_id(gallery)
    wait_until(lambda: gallery.neighbours.waiting == 0, what="the neighbours")
    before, answers, stop = like(gallery, wanted), [], threading.Event()

    def ask() -> None:
        while not stop.is_set():
            answers.append(like(gallery, wanted))

    asking = threading.Thread(target=ask)
    asking.start()
    change = gallery.models.activate(SMALL.name)
    assert change.target == ("gallery_default", "small_embedder")
    client.gate.let_go(1)
    wait_until(lambda: gallery.models.change().done == 4, what="a first batch")
    assert in_use(gallery) == ("gallery_default",)
    assert like(gallery, wanted) == before
    client.gate.open()
    wait_for(gallery, "gallery_default", "small_embedder")
    wait_until(lambda: gallery.neighbours.waiting == 0, what="the neighbours by the new model")
    after = like(gallery, wanted)
    stop.set()
    asking.join()
    assert len(before) == len(after) == COUNT - 1
    assert after != before
    assert set(answers) <= {before, after}
    assert client.seen["small_embedder 1"] == COUNT


def test_photos_that_come_meanwhile_are_in_both(gallery: Gallery, client: GatedClient) -> None:
    client.gate.held = {SMALL.name}
    gallery.models.activate(SMALL.name)
    client.gate.let_go(1)
    (new,) = upload(gallery, range(100, 101))
    assert new in found_like(gallery, first_id(gallery))
    gone = gallery.library.delete(gallery.library.page().photos[3].id)
    client.gate.open()
    wait_for(gallery, "gallery_default", "small_embedder")
    assert found_like(gallery, new) == {photo.id for photo in gallery.library.page().photos} - {new}
    assert gone.id not in found_like(gallery, first_id(gallery))
    assert gallery.library.details(new).models == ("gallery_default", "small_embedder")
    assert gallery.library.details(new).tags
    for method in SimilarityMethod:
        assert gallery.searches.like_picture(drawn_photo(5), method).hits[0].photo.name == "5.jpg"


def test_what_was_done_is_not_done_anew_after_a_restart(gallery: Gallery, client: GatedClient, open_it: Open) -> None:
    client.gate.held = {SMALL.name}
    gallery.models.activate(SMALL.name)
    client.gate.let_go(2)
    wait_until(lambda: gallery.models.change().done == 8, what="two batches")
    gallery = open_it()
    assert gallery.models.change().target == ("gallery_default", "small_embedder")
    assert gallery.models.change().done == 8
    client.gate.open()
    wait_for(gallery, "gallery_default", "small_embedder")
    assert client.seen["small_embedder 1"] == COUNT


def test_a_pause_outlives_a_restart(gallery: Gallery, client: GatedClient, open_it: Open) -> None:
    client.gate.held = {SMALL.name}
    gallery.models.activate(SMALL.name)
    wait_until(lambda: "small_embedder" in gallery.reindex.looking, what="the model at work")
    assert gallery.models.pause().paused
    client.gate.open()
    wait_until(lambda: "small_embedder" not in gallery.reindex.looking, what="the end of its work")
    done = gallery.models.change().done
    gallery = open_it()
    upload(gallery, range(200, 202))
    change = gallery.models.change()
    assert (change.paused, change.under_way, change.done) == (True, True, done)
    assert in_use(gallery) == ("gallery_default",)
    assert not gallery.models.resume().paused
    wait_for(gallery, "gallery_default", "small_embedder")


def test_going_back_is_instant_while_the_old_features_are_complete(gallery: Gallery, client: GatedClient) -> None:
    wanted = first_id(gallery)
    before, seen = like(gallery, wanted), dict(client.seen)
    gallery.models.activate(SMALL.name)
    wait_for(gallery, "gallery_default", "small_embedder")
    assert gallery.models.change().previous == ("gallery_default",)
    check_reports(gallery, client)
    gallery.models.rollback()
    wait_for(gallery, "gallery_default")
    assert like(gallery, wanted) == before
    assert client.seen == seen | {"small_embedder 1": COUNT}
    assert gallery.models.change().previous == ("gallery_default", "small_embedder")


def check_reports(gallery: Gallery, client: GatedClient) -> None:
    """Each model says what it is used for and how much it has seen."""
    client.lacks = {OTHER.name}
    reports = {report.card.name: report for report in gallery.models.reports(PartState.READY)}
    assert reports["gallery_default"].roles_in_use == ("detector", "tagger")
    assert reports["small_embedder"].roles_in_use == ("embedder",)
    assert {name: report.covered for name, report in reports.items()} == {
        "gallery_default": COUNT, "small_embedder": COUNT, "other_default": 0, "own_detector": 0,
    }  # fmt: skip
    assert reports["other_default"].state is PartState.DOWN
    assert reports["small_embedder"].state is PartState.READY


def test_going_back_first_catches_up_with_photos_that_came_since(gallery: Gallery, client: GatedClient) -> None:
    gallery.models.activate(OTHER.name)
    wait_for(gallery, "other_default")
    wait_until(lambda: gallery.reindex.looking == {"other_default"}, what="the end of the old model's work")
    (new,) = upload(gallery, range(300, 301))
    assert client.seen == {"gallery_default 1": COUNT, "other_default 1": COUNT + 1}
    wait_until(lambda: gallery.status.parts()[1].facts["model"] == "other_default", what="the watch on the new model")
    gallery.models.rollback()
    wait_for(gallery, "gallery_default")
    assert client.seen["gallery_default 1"] == COUNT + 1
    assert new in found_like(gallery, first_id(gallery))


def test_a_photo_that_a_model_refuses_holds_up_no_other(gallery: Gallery, client: GatedClient) -> None:
    small = (SMALL.input_height_px, SMALL.input_width_px)
    refused = first_id(gallery)
    bad = imaging.decode(gallery.library.original(refused)[1]).model_input(small[1], small[0])
    client.rejects = lambda image: np.array_equal(image, bad)
    gallery.models.activate(SMALL.name)
    wait_for(gallery, "gallery_default", "small_embedder")
    wait_until(lambda: state(gallery, refused) is PhotoState.FAILED, what="the photo being given up")
    assert "refused the input" in (gallery.library.details(refused).photo.error or "")
    assert len(gallery.outlooks.now.index) == COUNT - 1
    client.rejects = lambda image: False
    gallery.library.retry(refused)
    wait_until(lambda: state(gallery, refused) is PhotoState.READY, what="the photo on a second try")
    assert len(gallery.outlooks.now.index) == COUNT


def test_a_model_server_that_goes_away_is_waited_for(gallery: Gallery, client: GatedClient) -> None:
    client.gate.held = {SMALL.name}
    before = like(gallery, first_id(gallery))
    gallery.models.activate(SMALL.name)
    client.gate.let_go(1)
    wait_until(lambda: gallery.models.change().done == 4, what="a first batch")
    client.fault = Fault.DEAD
    client.gate.open()
    wait_until(lambda: gallery.models.change().problem is not None, what="a reason for standing still")
    assert like(gallery, first_id(gallery)) == before
    client.fault = None
    wait_for(gallery, "gallery_default", "small_embedder")
    assert gallery.models.change().problem is None


def test_a_detector_of_one_s_own_brings_its_labels(gallery: Gallery) -> None:
    assert gallery.library.rows("person") is not None
    gallery.models.activate(OWN_LABELS.name)
    wait_for(gallery, "own_detector", "gallery_default")
    labels = gallery.searches.labels
    assert labels == ("kettle", "dog", "lamp")
    details = gallery.library.details(first_id(gallery))
    assert details.objects[0].label in labels
    assert details.objects[0].box.as_list() == [0.0, 0.0, 1.0, 1.0]
    assert details.tags
    assert sum(len(gallery.library.rows(label)) for label in labels) == COUNT
    assert len(gallery.searches.by_words("dog").hits) > 0
    with pytest.raises(BadParameter, match="kettle"):
        gallery.library.rows("person")
    gallery.models.rollback()
    wait_for(gallery, "gallery_default")
    assert "person" in gallery.searches.labels


def test_a_newer_version_takes_over_once_it_has_seen_all_photos(
    gallery: Gallery, client: GatedClient, open_it: Open
) -> None:
    client.gate.held = {"gallery_default:2"}
    gallery = open_it(lambda: [NEWER, SMALL])
    change = gallery.models.change()
    assert (change.active, change.target, change.done) == (("gallery_default",), ("gallery_default.2",), 0)
    wanted = first_id(gallery)
    client.gate.let_go(1)
    wait_until(lambda: gallery.models.change().done == 4, what="a batch by the newer version")
    (new,) = upload(gallery, range(400, 401))
    assert new in found_like(gallery, wanted)
    assert gallery.searches.like_picture(drawn_photo(400)).hits[0].photo.id == new
    assert in_use(gallery) == ("gallery_default",)
    client.gate.open()
    wait_for(gallery, "gallery_default.2")
    assert new in found_like(gallery, wanted)
    assert gallery.searches.like_picture(drawn_photo(400)).hits[0].photo.id == new
    assert {name: seen >= COUNT + 1 for name, seen in client.seen.items()} == {
        "gallery_default 1": True, "gallery_default 2": True,
    }  # fmt: skip
    with pytest.raises(BadParameter, match="go back"):
        gallery.models.rollback()
    assert open_it(lambda: [NEWER, SMALL]).models.change().active == ("gallery_default.2",)


def test_a_server_with_the_newer_version_alone_leaves_searches_as_they_are(
    gallery: Gallery, client: GatedClient, open_it: Open
) -> None:
    client.gate.held, client.lacks = {"gallery_default:2"}, {"gallery_default:1"}
    gallery = open_it(lambda: [NEWER, SMALL])
    wanted = first_id(gallery)
    assert len(like(gallery, wanted)) == COUNT - 1
    wait_until(lambda: "looked at anew" in refusal(gallery), what="knowing what the server lacks")
    (result,) = gallery.library.upload([Upload("new.jpg", drawn_photo(400))])
    client.gate.open()
    wait_for(gallery, "gallery_default.2")
    assert result.photo is not None
    new = result.photo.id
    wait_until(lambda: state(gallery, new) is PhotoState.READY, what="the new photo")
    assert new in found_like(gallery, wanted)
    assert client.seen == {"gallery_default 1": COUNT, "gallery_default 2": COUNT + 1}


def test_what_an_older_version_found_keeps_its_names(open_it: Open, settings: Settings, client: GatedClient) -> None:
    own = replace(OWN_LABELS, roles=frozenset({"detector"}))
    outputs = {"detections": "float32 [n, 20, 6]", "label_scores": "float32 [n, 2]"}
    other_labels = replace(own, version=2, labels=("cat", "dog"), outputs=outputs)
    beginning = replace(settings, model=own.name)
    gallery = open_gallery(beginning, client, catalogue=lambda: [DEFAULT, own])
    ids = upload(gallery, range(4))
    wait_until(lambda: len(gallery.outlooks.now.index) == 4, what="what both models say")
    before = [gallery.library.details(one).objects for one in ids]
    gallery.close()
    client.gate.held = {f"{own.name}:2"}
    gallery = open_it(lambda: [DEFAULT, other_labels])
    assert gallery.models.change().target == ("own_detector.2", "gallery_default")
    assert gallery.searches.labels == own.labels
    assert [gallery.library.details(one).objects for one in ids] == before
    assert gallery.searches.like_picture(drawn_photo(2), SimilarityMethod.SSD).hits
    client.gate.open()
    wait_for(gallery, "own_detector.2", "gallery_default")
    assert gallery.searches.labels == ("cat", "dog")


def refusal(gallery: Gallery) -> str:
    try:
        gallery.searches.like_picture(drawn_photo(5))
    except ModelServerUnavailable as error:
        return error.message
    return ""


def test_the_overlap_tells_how_much_of_the_results_stays(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlap, "BEST", 3)
    ids = [photo.id for photo in gallery.library.page().photos]
    before = {one: best_three(gallery, one) for one in ids}
    gallery.models.activate(SMALL.name)
    wait_for(gallery, "gallery_default", "small_embedder")
    shares = [len(before[one] & best_three(gallery, one)) / 3 for one in ids]
    told = gallery.models.change().overlap
    assert told is not None
    assert (told.photos, told.similar) == (COUNT, round(sum(shares) / COUNT, 4))
    assert told.similar < 1
    assert told.labels > 0
    assert told.words == 1.0
    gallery.models.activate(OWN_LABELS.name)
    wait_for(gallery, "own_detector", "gallery_default", "small_embedder")
    told = gallery.models.change().overlap
    assert told is not None
    assert (told.similar, told.labels) == (1.0, 1)


def best_three(gallery: Gallery, photo_id: PhotoId) -> set[PhotoId]:
    return {hit.photo.id for hit in gallery.searches.like_photo(photo_id, limit=3).hits}


def test_a_model_that_is_not_served_or_not_there_is_refused(gallery: Gallery, client: GatedClient) -> None:
    client.lacks = {SMALL.name}
    with pytest.raises(ModelServerUnavailable, match="python -m model_server build small_embedder"):
        gallery.models.activate(SMALL.name)
    with pytest.raises(ModelNotFound, match="small_embedder"):
        gallery.models.activate("nothing")
    for nothing_under_way in (gallery.models.pause, gallery.models.resume, gallery.models.rollback):
        with pytest.raises(BadParameter):
            nothing_under_way()
    assert not gallery.models.change().under_way


def test_what_a_model_said_that_is_not_in_use_can_be_dropped(gallery: Gallery, client: GatedClient) -> None:
    before = like(gallery, first_id(gallery))
    client.gate.held = {SMALL.name}
    gallery.models.activate(SMALL.name)
    client.gate.let_go(1)
    wait_until(lambda: gallery.models.change().done == 4, what="a first batch")
    for needed in ("gallery_default", "gallery_default.1", SMALL.name):
        with pytest.raises(BadParameter, match="needed"):
            gallery.models.drop(needed)
    client.gate.open()
    wait_for(gallery, "gallery_default", "small_embedder")
    gallery.models.rollback()
    wait_for(gallery, "gallery_default")
    assert gallery.models.kept() == {"gallery_default": COUNT, "small_embedder": COUNT}
    dropped = gallery.models.drop("small_embedder.1")
    assert (dropped.model, dropped.photos) == ("small_embedder", COUNT)
    assert gallery.models.kept() == {"gallery_default": COUNT}
    assert gallery.models.change().previous == ()
    assert like(gallery, first_id(gallery)) == before
    with pytest.raises(ModelNotFound, match="something of gallery_default"):
        gallery.models.drop("small_embedder")
    gallery.models.activate(SMALL.name)
    wait_for(gallery, "gallery_default", "small_embedder")
    assert client.seen["small_embedder 1"] == 2 * COUNT


def test_a_change_is_called_off_by_choosing_what_is_in_use(gallery: Gallery, client: GatedClient) -> None:
    client.gate.held = {SMALL.name}
    for call_off in (lambda: gallery.models.activate(DEFAULT.name), gallery.models.rollback):
        assert gallery.models.activate(SMALL.name).under_way
        assert not call_off().under_way
    client.gate.open()
    upload(gallery, range(500, 501))
    assert in_use(gallery) == ("gallery_default",)
