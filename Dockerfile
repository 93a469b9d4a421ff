# Copyright The avs-operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Both images are arguments, for registries that mirror them. Each is named by the digest of its index of architectures, because a tag can be moved;
# the tag beside it is for people.
ARG BUILDER_IMAGE=golang:1.26.9@sha256:f1f0bcc2c524a3ced375fcb4d1ecb7aa371aa7070e112599aaca45cc02d0101b
ARG BASE_IMAGE=gcr.io/distroless/static:nonroot@sha256:e2e927ec666bae08560abb3c55d0659eceabb657f56b6782ab500a9fc7f555e3

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
