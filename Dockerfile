# Copyright The avs-operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Both images are arguments, for registries that mirror them.
ARG BUILDER_IMAGE=golang:1.26
ARG BASE_IMAGE=gcr.io/distroless/static:nonroot

# The compiler runs on the machine's own architecture and compiles for the image's: emulation is ten times slower.
FROM --platform=$BUILDPLATFORM ${BUILDER_IMAGE} AS build
ARG TARGETARCH=amd64
ARG VERSION=dev
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN make build-static GOARCH=${TARGETARCH} VERSION=${VERSION} && cp bin/linux_${TARGETARCH}/avs-operator /avs-operator

FROM ${BASE_IMAGE}
COPY --from=build /avs-operator /avs-operator
# By number, so that runAsNonRoot can be checked.
USER 65532:65532
ENTRYPOINT ["/avs-operator"]
