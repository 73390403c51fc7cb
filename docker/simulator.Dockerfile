# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
#
# Simulators: the scenarios, compiled against Debian's ns-3, and the worker that launches them for a learner elsewhere.
#
#   docker build -f docker/simulator.Dockerfile -t ns3marl-simulator .
#
# Build arguments: DEBIAN, a tag or digest of the base image, of Debian 13, whose ns-3 is 3.43; APT_MIRROR, another place for its
# packages. Scenarios of your own are compiled too: *.cc in docker/scenarios/, and folders there, with *.cc or a CMakeLists.txt.

ARG DEBIAN=trixie-slim

FROM debian:${DEBIAN} AS base
ARG APT_MIRROR=
RUN if [ -n "$APT_MIRROR" ]; then \
      . /etc/os-release; rm -f /etc/apt/sources.list.d/*; \
      echo "deb $APT_MIRROR $VERSION_CODENAME main" > /etc/apt/sources.list; \
    fi

FROM base AS build
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      cmake cppzmq-dev g++ libns3-dev libprotobuf-dev libzmq3-dev ninja-build pkg-config protobuf-compiler \
 && apt-get clean && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY proto proto
COPY ns3-scenarios ns3-scenarios
# Objects stay in a cache beside the layers, so a changed scenario is compiled alone.
RUN --mount=type=cache,target=/build,id=ns3marl-scenarios \
    cmake -S ns3-scenarios -B /build/scenarios -G Ninja --log-level=WARNING -DNS3MARL_BUILD_TESTS=OFF \
 && rm -rf /build/scenarios/bin && ninja -C /build/scenarios scenarios \
 && mkdir /scenarios && cp /build/scenarios/bin/* /scenarios/ && strip /scenarios/*
COPY docker/scenarios /own
RUN --mount=type=cache,target=/build,id=ns3marl-scenarios \
    for folder in $(find /own -maxdepth 2 \( -name '*.cc' -o -name CMakeLists.txt \) -printf '%h\n' | sort -u); do \
      cmake -S ns3-scenarios/cmake/user -B /build$folder -G Ninja --log-level=WARNING \
        -DNS3MARL_USER_SOURCE_DIR=$folder -DNS3MARL_BUILD_DIR=/build/scenarios \
   && rm -rf /build$folder/bin && ninja -C /build$folder && cp /build$folder/bin/* /scenarios/ || exit 1; \
    done

FROM base AS simulator
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      libns3.43 libprotobuf32t64 libzmq5 python3-numpy python3-protobuf python3-rich python3-tomli-w \
      python3-zmq \
 && apt-get clean && rm -rf /var/lib/apt/lists/* /usr/share/doc /usr/share/man \
 && groupadd --gid 10001 ns3marl && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin ns3marl \
 && install -d -o ns3marl -g ns3marl -m 0700 /run/ns3marl /keys
COPY python/ns3marl /usr/lib/python3/dist-packages/ns3marl
COPY --from=build /scenarios /scenarios
RUN python3 -m compileall -q /usr/lib/python3/dist-packages/ns3marl
ENV PYTHONDONTWRITEBYTECODE=1 NS3MARL_SCENARIO_PATH=/own/bin:/scenarios
USER 10001:10001
ENTRYPOINT ["python3", "-m", "ns3marl.cli"]
CMD ["serve", "aiot-mec", "--connect", "ipc:///run/ns3marl/pool"]
