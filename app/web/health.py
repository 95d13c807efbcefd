"""For whoever watches the gallery: alive, ready, counted."""

from http import HTTPStatus
from time import perf_counter

from flask import Blueprint, Flask, Response, g, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from app.domain import PartState, PhotoState
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
        self.part_ready = Gauge("gallery_part_ready", "1 for a part that is ready.", ["part"], registry=self.registry)


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
    for part in status.parts():
        counted.part_ready.labels(part.name).set(part.state is PartState.READY)
