"""For whoever watches the gallery: alive, ready, counted."""

from collections.abc import Iterator
from http import HTTPStatus
from time import perf_counter

from flask import Blueprint, Flask, Response, g, has_app_context, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from app.domain import PartState, PhotoState
from app.inference.circuit_breaker import BreakerState
from app.inference.meter import HistogramCounts
from app.web.current import current_gallery

blueprint = Blueprint("health", __name__)


METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS"})


class Metrics:
    """What is counted of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "gallery_requests", "Requests answered.", ["method", "endpoint", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "gallery_request_seconds", "Time to answer a request.", ["endpoint"], registry=self.registry
        )
        self.photos = Gauge("gallery_photos", "Photos by state.", ["state"], registry=self.registry)
        self.pending_jobs = Gauge("gallery_pending_jobs", "Photos that wait for features.", registry=self.registry)
        self.file_bytes = Gauge("gallery_file_bytes", "Size of the gallery file.", registry=self.registry)
        self.oldest_pending_s = Gauge(
            "gallery_oldest_pending_seconds", "How long the oldest photo has waited.", registry=self.registry
        )
        self.indexed = Gauge("gallery_indexed_photos", "Photos in each index.", ["index"], registry=self.registry)
        self.neighbours_waiting = Gauge(
            "gallery_neighbours_waiting", "Photos whose neighbours aren't kept yet.", registry=self.registry
        )
        self.reindexed = Gauge(
            "gallery_reindexed_photos", "Photos that the models to come have looked at.", registry=self.registry
        )
        self.to_reindex = Gauge(
            "gallery_photos_to_reindex", "Photos that they are to look at in all.", registry=self.registry
        )
        self.watchers = Gauge("gallery_watchers", "Pages that are told of changes.", registry=self.registry)
        self.breaker = Gauge(
            "gallery_breaker_state",
            "1 for the circuit breaker's state.",
            ["state"],
            registry=self.registry,
        )
        self.registry.register(CountedElsewhere())
        self.part_ready = Gauge("gallery_part_ready", "1 for a part that is ready.", ["part"], registry=self.registry)


class CountedElsewhere(Collector):
    """Calls of the model server and commits of the file, which are counted where they happen."""

    def collect(self) -> Iterator[Metric]:
        """Yield what was counted so far in the gallery that serves the request in hand."""
        if not has_app_context():
            return  # when it is registered there is no gallery yet
        counted = current_gallery().numbers.counted()
        calls = counted.calls
        yield histogram("gallery_inference_seconds", "Time of one call of the model server.", calls.seconds)
        yield histogram("gallery_inference_batch_size", "Pictures in one call of the model server.", calls.rows)
        endings = CounterMetricFamily("gallery_inference_calls", "Calls of the model server.", labels=["ending"])
        for ending, count in calls.endings.items():
            endings.add_metric([ending], count)
        yield endings
        yield CounterMetricFamily("gallery_breaker_opened", "Openings of the breaker.", value=counted.breaker_opened)
        yield CounterMetricFamily("gallery_file_commits", "Durable changes of the file.", value=counted.commits)


def histogram(name: str, text: str, counts: HistogramCounts) -> HistogramMetricFamily:
    """Return counts in Prometheus' terms."""
    bounds = [*map(str, counts.bounds), "+Inf"]
    buckets = [(bound, float(below)) for bound, below in zip(bounds, counts.below, strict=True)]
    return HistogramMetricFamily(name, text, buckets=buckets, sum_value=counts.total)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Say that the process answers."""
    return jsonify(status="alive")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Say whether all parts work; 503 while one doesn't."""
    status = current_gallery().status
    parts = {part.name: {"state": part.state, "message": part.message, **part.facts} for part in status.parts()}
    ready = status.ready()
    return jsonify(ready=ready, parts=parts), HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE


def register_health(app: Flask) -> None:
    """Add the calls, and count every request."""
    counted = Metrics()
    app.register_blueprint(blueprint)

    @app.before_request
    def start_clock() -> None:
        g.started_s = perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        endpoint = request.endpoint or "unknown"
        method = request.method if request.method in METHODS else "other"
        counted.requests.labels(method, endpoint, response.status_code).inc()
        counted.seconds.labels(endpoint).observe(perf_counter() - g.started_s)
        return response

    @app.get("/metrics")
    def metrics() -> Response:
        """Give all counts in Prometheus' text format."""
        read_gauges(counted)
        return Response(generate_latest(counted.registry), content_type=CONTENT_TYPE_LATEST)


def read_gauges(counted: Metrics) -> None:
    """Bring the gauges up to the moment."""
    status = current_gallery().status
    info = status.store_info()
    for state in PhotoState:
        counted.photos.labels(state).set(info.by_state.get(state, 0))
    counted.pending_jobs.set(info.pending_jobs)
    counted.file_bytes.set(info.size_bytes)
    now = current_gallery().numbers.counted()
    counted.oldest_pending_s.set(now.oldest_pending_s)
    for index, photos in now.indexed.items():
        counted.indexed.labels(index).set(photos)
    counted.neighbours_waiting.set(now.neighbours_waiting)
    counted.reindexed.set(now.reindexed)
    counted.to_reindex.set(now.to_reindex)
    counted.watchers.set(now.watchers)
    for breaker_state in BreakerState:
        counted.breaker.labels(breaker_state).set(breaker_state is now.breaker)
    for part in status.parts():
        counted.part_ready.labels(part.name).set(part.state is PartState.READY)
