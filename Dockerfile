# An image of the web page (`gzssar serve`). Build and run it:
#   docker build -t gzssar . && docker run --rm -p 8000:8000 --read-only --tmpfs /tmp gzssar
# pip installs PyTorch with gigabytes of CUDA unless you name an index of CPU wheels:
#   docker build --build-arg PIP_EXTRA_INDEX_URL=… -t gzssar .
FROM python:3.11-slim AS build
WORKDIR /src
ARG PIP_EXTRA_INDEX_URL
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir -c constraints.txt ".[texts,web]"

FROM python:3.11-slim
RUN useradd --create-home --uid 1000 gzssar
COPY --from=build /venv /venv
USER gzssar
ENV PATH=/venv/bin:$PATH GZSSAR_CACHE=/tmp/gzssar PYTHONDONTWRITEBYTECODE=1
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["gzssar", "serve", "--host", "0.0.0.0", "--port", "8000"]
