# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
#
# The learner: Python with PyTorch for the CPU. Simulators dial in from elsewhere.
#
#   docker build -f docker/learner.Dockerfile -t ns3marl-learner .
#
# Build arguments: TORCH=pip takes PyTorch from pip in the pinned version, with CUDA where pip's default build has it (by default
# it is Debian's, for the CPU); DEBIAN, a tag of the base image; APT_MIRROR, another place for Debian's packages. A pip.conf for other
# indices is given as a secret, which stays out of the image: --secret id=pip.conf,src=FILE.

ARG DEBIAN=trixie-slim

FROM debian:${DEBIAN} AS base
ARG APT_MIRROR=
RUN if [ -n "$APT_MIRROR" ]; then \
      . /etc/os-release; rm -f /etc/apt/sources.list.d/*; \
      echo "deb $APT_MIRROR $VERSION_CODENAME main" > /etc/apt/sources.list; \
    fi

FROM base AS python
ARG TORCH=system
RUN apt-get update \
 && if [ "$TORCH" = system ]; then torch="python3-torch libopenblas0-pthread"; fi \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates python3 python3-venv $torch \
 && apt-get clean && rm -rf /var/lib/apt/lists/* /usr/share/doc /usr/share/man
# Debian's PyTorch asks for a sympy of its own time.
COPY pyproject.toml constraints.txt /src/
COPY LICENSES /src/LICENSES
COPY python/ns3marl/__init__.py /src/python/ns3marl/
RUN --mount=type=cache,target=/var/cache/pip --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    python3 -m venv /venv && cd /src && touch README.md \
 && site=$(/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("platlib"))') \
 && if [ "$TORCH" = system ]; then \
      for part in torch torchgen functorch; do ln -s /usr/lib/python3/dist-packages/$part "$site"; done; \
      ln -s /usr/lib/python3/dist-packages/torch-*-info "$site"; \
      grep -vE '^(torch|sympy)==' constraints.txt > /tmp/constraints.txt; \
      /venv/bin/python -c 'import importlib.metadata as m; print("torch==" + m.version("torch"))' >> /tmp/constraints.txt; \
    else cp constraints.txt /tmp; fi \
 && /venv/bin/pip install -q --cache-dir=/var/cache/pip --disable-pip-version-check -c /tmp/constraints.txt . \
 && ln -s "$site" /site

FROM python AS learner
RUN groupadd --gid 10001 ns3marl && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin ns3marl \
 && install -d -o ns3marl -g ns3marl -m 0700 /run/ns3marl /runs /keys
COPY python/ns3marl /site/ns3marl
RUN /venv/bin/python -m compileall -q /site/ns3marl
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 MPLCONFIGDIR=/tmp/matplotlib HOME=/tmp
USER 10001:10001
ENTRYPOINT ["ns3marl"]
CMD ["train", "--help"]
