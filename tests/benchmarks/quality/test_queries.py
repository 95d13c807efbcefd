from pathlib import Path

from benchmarks.quality.queries import (
    COCO,
    HYPERNYM,
    IMAGENET,
    NAME,
    QUERIES,
    SYNONYM,
    Query,
    queries_for,
    read_queries,
    same_words,
    write_queries,
)
from model_server.catalogue import load_card

CARD = load_card("gallery_default")


def test_every_query_of_the_file_means_classes_that_there_are() -> None:
    classes = {COCO: set(CARD.labels), IMAGENET: {tag.wnid for tag in CARD.tag_classes}}
    queries = read_queries(QUERIES)
    assert {(query.vocabulary, query.kind) for query in queries} == {
        (vocabulary, kind) for vocabulary in classes for kind in (SYNONYM, HYPERNYM)
    }
    for query in queries:
        assert query.classes
        assert query.classes <= classes[query.vocabulary], query
    assert len({(query.vocabulary, query.kind, query.text) for query in queries}) == len(queries)


def test_a_hypernym_means_all_classes_under_it() -> None:
    vehicle = next(query for query in read_queries(QUERIES) if (query.vocabulary, query.text) == (COCO, "vehicle"))
    assert vehicle.kind == HYPERNYM
    assert {"bicycle", "bus", "boat", "airplane"} <= vehicle.classes
    assert "dog" not in vehicle.classes


def test_queries_are_cut_to_the_classes_that_photos_show() -> None:
    queries = queries_for(COCO, {"apple": "apple", "orange": "orange", "couch": "couch"})
    assert Query(COCO, NAME, "apple", frozenset({"apple"})) in queries
    assert Query(COCO, SYNONYM, "sofa", frozenset({"couch"})) in queries
    assert Query(COCO, HYPERNYM, "fruit", frozenset({"apple", "orange"})) in queries
    assert "furniture" not in {query.text for query in queries}


def test_classes_of_one_name_are_one_query() -> None:
    (query,) = (one for one in queries_for(IMAGENET, {"n1": "crane", "n2": "crane"}) if one.kind == NAME)
    assert query.classes == {"n1", "n2"}


def test_queries_are_read_as_they_were_written(tmp_path: Path) -> None:
    queries = [
        Query(COCO, SYNONYM, "sofa", frozenset({"couch"})),
        Query(COCO, HYPERNYM, "pet", frozenset({"cat", "dog"})),
    ]
    write_queries(tmp_path / "queries.tsv", queries)
    assert read_queries(tmp_path / "queries.tsv") == queries


def test_spellings_of_one_word() -> None:
    assert same_words("hot_dog", "Hot-dogs")
    assert not same_words("sofa", "couch")
