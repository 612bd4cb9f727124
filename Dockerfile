FROM python:3.13-slim-trixie

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# What WeasyPrint loads, and the fonts the forms are set in. pg_dump comes with the wheel.
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-croscore \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /srv/motcua
COPY requirements/base.txt requirements/base.txt
RUN pip install --no-cache-dir --require-hashes --only-binary=:all: -r requirements/base.txt

COPY . .
# Collected at build time: a missing static file fails the build and not a page.
RUN MOTCUA_STATIC=/srv/motcua/var/static python -m motcua.deployment \
    && useradd --system --home-dir /nonexistent motcua \
    && install -d -o motcua -m 700 /srv/motcua/files /srv/motcua/roots
USER motcua
EXPOSE 8000
CMD ["granian", "--interface=wsgi", "--host=0.0.0.0", "--port=8000", "motcua.wsgi:application"]
