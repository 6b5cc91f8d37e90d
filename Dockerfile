# Two stages: the first installs what requirements.lock names, by hash; the second runs it.
FROM python:3.11-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 UV_PYTHON_DOWNLOADS=never
WORKDIR /build
COPY requirements-tools.lock requirements.lock ./
RUN python -m venv tools \
    && tools/bin/python -m pip install --no-cache-dir --require-hashes -r requirements-tools.lock \
    && tools/bin/uv venv --python /usr/local/bin/python /opt/venv \
    && tools/bin/uv pip sync --no-cache --python /opt/venv/bin/python --require-hashes \
        --compile-bytecode requirements.lock \
    # The script that an installation would make. Sluice runs from its folder, not from
    # site-packages, because the migrations lie beside the package.
    && printf '#!/opt/venv/bin/python\nfrom app.cli import main\n\nmain()\n' > /opt/venv/bin/sluice \
    && chmod 755 /opt/venv/bin/sluice


FROM python:3.11-slim-bookworm

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/srv/sluice \
    PYTHONDONTWRITEBYTECODE=1 \
    SLUICE_FILES_DIR=/var/lib/sluice/files \
    SLUICE_HOST=0.0.0.0 \
    SLUICE_PORT=8000
# A volume that is mounted on the folder takes its owner from it.
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin sluice \
    && install --directory --owner=sluice /var/lib/sluice/files
COPY --from=build /opt/venv /opt/venv
WORKDIR /srv/sluice
COPY alembic.ini ./
COPY alembic ./alembic
COPY app ./app
COPY sluice ./sluice
RUN python -m compileall -q app sluice alembic

USER 10001
EXPOSE 8000
# Of the API; a worker has another one, in docker-compose.yml.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['SLUICE_PORT'] + '/healthz', timeout=3)"]
ENTRYPOINT ["sluice"]
CMD ["serve"]
