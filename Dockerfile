# The gallery: the web process and its command line, without TensorFlow. `docker-compose up` builds and runs it.
FROM python:3.11-slim AS packages
RUN python -m venv /opt/venv
COPY requirements.txt /tmp/requirements.txt
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check -r /tmp/requirements.txt \
 && find /opt/venv -name __pycache__ -prune -exec rm -rf {} + \
 && rm -rf /opt/venv/lib/python3.11/site-packages/pip /opt/venv/lib/python3.11/site-packages/setuptools

# The models that were trained here; the second source is for checkouts without any, in which the first finds nothing.
FROM python:3.11-slim AS trained_here
COPY data/catalogu[e] model_server/__init__.py /catalogue/
RUN rm -f /catalogue/*/weights.npz && chmod -R a+rX /catalogue

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /data gallery && install -d -o gallery -g gallery /data
COPY --from=packages /opt/venv /opt/venv
COPY gunicorn.conf.py /gallery/
COPY app /gallery/app
COPY templates /gallery/templates
COPY static /gallery/static
COPY docs /gallery/docs
COPY model_server/__init__.py model_server/errors.py model_server/log_lines.py /gallery/model_server/
COPY model_server/catalogue /gallery/model_server/catalogue
COPY --from=trained_here /catalogue /gallery/data/catalogue
RUN printf '#!/bin/sh\nexec flask --app /gallery/app gallery "$@"\n' > /usr/local/bin/gallery \
 && chmod +x /usr/local/bin/gallery && python -m compileall -q /gallery

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    GALLERY_DATA=/data/gallery.h5 \
    GALLERY_HOST=0.0.0.0 \
    GALLERY_MODEL_SERVER=model_server:8500
WORKDIR /gallery
USER gallery
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "from app.running import answers; raise SystemExit(not answers('http://127.0.0.1:8000'))"]
CMD ["gallery", "serve"]
