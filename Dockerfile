# auditor in a container: no network and no write access to the target are needed at run time.
#   docker build -t auditor .
#   docker run --rm --network none --read-only --tmpfs /tmp -v "$PWD:/target:ro" -v auditor-state:/state \
#     auditor scan /target --profile gate
FROM python:3.13-slim AS build
COPY . /src
RUN python -m venv /opt/auditor
RUN /opt/auditor/bin/python -m pip install --no-cache-dir --disable-pip-version-check "/src[documents,deindex]"

FROM python:3.13-slim
COPY --from=build /opt/auditor /opt/auditor
RUN mkdir /state /target && chown 10001:10001 /state
ENV PATH=/opt/auditor/bin:$PATH AUDITOR_HOME=/state HF_HUB_OFFLINE=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /state
VOLUME /state
ENTRYPOINT ["auditor"]
CMD ["--help"]
