# Lookbook with its locked packages. For an NVIDIA GPU: docker build --build-arg LOCK=requirements-cuda.lock
FROM python:3.12-slim-bookworm

ARG LOCK=requirements.lock
ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONDONTWRITEBYTECODE=1

RUN useradd --uid 1000 --create-home lookbook
WORKDIR /lookbook

# Before the code, so that a change of the code installs nothing again.
COPY ${LOCK} ./
RUN pip install --require-hashes -r "${LOCK}"

COPY --chown=lookbook . .
# A volume that is mounted here for the first time takes over the owner.
RUN mkdir -p results resources && chown lookbook . results resources

USER 1000
ENTRYPOINT ["snakemake"]
CMD ["--cores", "all", "--configfile", "config/quick.yaml"]
