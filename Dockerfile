# One image for each program, from one build.
#
#     docker build --target gateway .
#
# Targets: door, gateway, api, blog-static, content-loader, inkstack.
#
# What `deploy/compile` left in dist/ is taken; without that, everything is compiled here, once for
# all targets. Works with BuildKit and with the classic builder.
#
#   BUILDER   where programs are compiled: Rust's image on Debian. When dist/ has them, any image with a
#             shell will do.
#   BASE      what they run on. `scratch` is the smallest; on alpine, `docker exec … sh` works.

ARG BUILDER=rust:1.95-bookworm
ARG BASE=alpine:3.22

# What compiling takes, but for sources. A pattern may match nothing: `compiled` says that dist/ is there.
FROM ${BUILDER} AS builder
WORKDIR /source
COPY deploy/compile deploy/image-stage deploy/
COPY tools/musl-target dis[t]/compiled tools/
RUN deploy/image-stage tools

# What the dependencies are, and nothing of the sources: the next stage is built again only when that
# changes.
FROM builder AS recipe
COPY . .
RUN deploy/image-stage recipe

FROM builder AS programs
ARG TARGETARCH
COPY --from=recipe /recipe/ .
RUN deploy/image-stage dependencies
COPY . .
RUN deploy/image-stage programs

FROM ${BASE} AS base
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG SOURCE=https://example.com/inkstack
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.revision=${REVISION} \
      org.opencontainers.image.source=${SOURCE} \
      org.opencontainers.image.created=${CREATED} \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
# What was needed for a moment, an index in the making or a thousand connections, is given back at once.
ENV LOG_FORMAT=json \
    MIMALLOC_PURGE_DELAY=0
# A number, since `scratch` has no names.
USER 10001:10001

FROM base AS door
LABEL org.opencontainers.image.title=inkstack-door
COPY --from=programs /programs/door /usr/local/bin/
ENV DOOR_FORWARD=0.0.0.0:8080=tasks.gateway:8080/9080 \
    DOOR_ADMIN_LISTEN=0.0.0.0:9083
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 CMD ["/usr/local/bin/door", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/door"]

FROM base AS gateway
LABEL org.opencontainers.image.title=inkstack-gateway
COPY --from=programs /programs/gateway /usr/local/bin/
ENV GATEWAY_LISTEN=0.0.0.0:8080 \
    GATEWAY_ADMIN_LISTEN=0.0.0.0:9080 \
    GATEWAY_API=api:8081/9081 \
    GATEWAY_BLOG_STATIC=blog-static:8082/9082
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 CMD ["/usr/local/bin/gateway", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/gateway"]

FROM base AS api
LABEL org.opencontainers.image.title=inkstack-api
COPY --from=programs /programs/api /usr/local/bin/
ENV API_LISTEN=0.0.0.0:8081 \
    API_ADMIN_LISTEN=0.0.0.0:9081
EXPOSE 8081
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 CMD ["/usr/local/bin/api", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/api"]

FROM base AS blog-static
LABEL org.opencontainers.image.title=inkstack-blog-static
COPY --from=programs /programs/blog-static /usr/local/bin/
# Empty: a blog's own image puts its release here.
COPY --from=programs --chown=10001:10001 /programs/release /release
ENV BLOG_STATIC_LISTEN=0.0.0.0:8082 \
    BLOG_STATIC_ADMIN_LISTEN=0.0.0.0:9082 \
    BLOG_STATIC_RELEASE=/release
EXPOSE 8082
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 CMD ["/usr/local/bin/blog-static", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/blog-static"]

FROM base AS content-loader
LABEL org.opencontainers.image.title=inkstack-content-loader
COPY --from=programs /programs/content-loader /usr/local/bin/
ENV CONTENT_LOADER_BLOG_STATIC=blog-static:8082
ENTRYPOINT ["/usr/local/bin/content-loader"]

# The writer's tool, for pipelines that build a release and for a preview.
FROM base AS inkstack
LABEL org.opencontainers.image.title=inkstack
COPY --from=programs /programs/inkstack /usr/local/bin/
COPY --from=programs --chown=10001:10001 /programs/release /release
ENTRYPOINT ["/usr/local/bin/inkstack"]
