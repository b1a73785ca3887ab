# syntax=docker/dockerfile:1
# The image of the stream: that of infra/Dockerfile, which is built first, with Java, Spark, Kafka's client and their jars.
# Build it from the project's folder: docker build -f infra/stream.Dockerfile -t refi-stream:local .

ARG BASE_IMAGE=refi-assets:local

FROM ${BASE_IMAGE} AS build
USER root
RUN apt-get update && apt-get install --yes --no-install-recommends maven openjdk-17-jre-headless
COPY requirements-stream.lock ./
RUN python -m pip --python /opt/venv/bin/python install --no-deps --no-cache-dir --require-hashes -r requirements-stream.lock \
    && python -m pip --python /opt/venv/bin/python check
# Nothing is downloaded when the stream starts.
RUN REFI_STREAM_JARS=/opt/jars HOME=/root refi risk jars

FROM ${BASE_IMAGE}
USER root
RUN apt-get update && apt-get install --yes --no-install-recommends openjdk-17-jre-headless && rm -rf /var/lib/apt/lists/* \
    && install --directory --owner refi --group refi /stream
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/jars /opt/jars
ENV REFI_STREAM_JARS=/opt/jars \
    REFI_STREAM_DIR=/stream
USER 10001:10001
CMD ["refi", "risk", "stream"]
