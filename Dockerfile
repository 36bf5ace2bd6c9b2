# docker build -t seamark .                      both halves: docker run ... seamark up ...
# docker build -t registrar --target registrar . the registrar alone
# docker build -t dnsproxy --target dnsproxy .   the DNS proxy alone
#
# Any base with Python 3.11 will do; the one to build on has its venv and a C compiler besides, and
# has Python at the same place. What the labels say of the build is given by its caller:
# --build-arg REVISION=$(git rev-parse HEAD), and VERSION, CREATED, SOURCE, DOCUMENTATION.
ARG BASE=python:3.11-slim-bookworm
ARG BUILD_BASE=python:3.11-bookworm

FROM ${BUILD_BASE} AS build
WORKDIR /src
RUN python3 -m venv /opt/seamark
# What others wrote changes less often than what is here, and takes longer.
COPY pyproject.toml constraints.txt ./
RUN python3 -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > wanted.txt \
 && /opt/seamark/bin/pip install --no-cache-dir --no-compile -c constraints.txt -r wanted.txt
COPY conf/image/launch.c ./
RUN cc -O2 -Wall -Werror -static -s -o /opt/seamark/bin/launch launch.c
COPY README.md LICENSE ./
COPY catalog catalog
COPY dnsproxy dnsproxy
COPY registrar registrar
COPY seamark seamark
COPY conf/build conf/build
COPY conf/image/slim.py ./
RUN /opt/seamark/bin/pip install --no-cache-dir --no-compile --no-deps . \
 && python3 slim.py /opt/seamark

FROM ${BASE} AS base
COPY --from=build /opt/seamark /opt/seamark
# cap_net_bind_service and cap_setgid, permitted: see conf/image/launch.c. COPY leaves them out.
RUN ["python3", "-c", "import os, struct; os.setxattr('/opt/seamark/bin/launch', 'security.capability', struct.pack('<5I', 0x02000000, 1 << 10 | 1 << 6, 0, 0, 0))"]
ENV PATH=/opt/seamark/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1
# A number, so that runAsNonRoot can see that it is not root; it belongs to nobody.
USER 65532:65532
STOPSIGNAL SIGTERM
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
ARG SOURCE=unknown
ARG DOCUMENTATION=unknown
LABEL org.opencontainers.image.title="Seamark" \
      org.opencontainers.image.description="Every container gets a name that other containers can resolve: a Consul registrar and a DNS proxy." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.documentation="${DOCUMENTATION}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"

FROM base AS registrar
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["seamark", "healthcheck", "--registrar"]
ENTRYPOINT ["/opt/seamark/bin/launch", "registrar"]

FROM base AS dnsproxy
EXPOSE 53/udp 53/tcp
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["seamark", "healthcheck"]
ENTRYPOINT ["/opt/seamark/bin/launch", "dnsproxy"]

FROM base AS seamark
EXPOSE 53/udp 53/tcp
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["seamark", "healthcheck"]
ENTRYPOINT ["/opt/seamark/bin/launch", "seamark"]
