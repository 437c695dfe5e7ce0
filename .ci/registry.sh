# What the jobs that push images share; read with `.` by scripts of POSIX sh.
#
# CI_REGISTRY_IMAGE names the project's registry, CI_COMMIT_SHA the commit, and the working folder is
# a checkout of it.
# shellcheck shell=sh

PLATFORMS=${PLATFORMS:-linux/amd64,linux/arm64}

say() { printf '%s\n' "$*" >&2; }

# The tag for what a part is made of: the hash of its files in this commit, from the list in
# .gitlab/images.yml, and of the images it is compiled and packed with. The same inputs always have
# the same tag, in every commit, so whether a part must be built is a question to the registry.
inputs() {
    paths=$(awk -v job="image-$1:" '
        $0 == job { here = 1; next }
        /^[^ ]/ { here = 0 }
        here && NF == 2 && $1 == "-" { sub(/\/\*\*\/\*$/, "", $2); print $2 }' .gitlab/images.yml)
    [ -n "$paths" ] || {
        say "there is no job image-$1 in .gitlab/images.yml: run tools/check-pipeline --write"
        return 64
    }
    # Names of paths have no spaces: tools/check-pipeline lists crates and well-known files.
    # shellcheck disable=SC2086
    files=$(git ls-tree HEAD -- $paths)
    hash=$(printf '%s\n' "$1" "$files" "${RUST_IMAGE:-}" "${BASE_IMAGE:-}" "$PLATFORMS" |
        git hash-object --stdin)
    printf 'in-%.16s\n' "$hash"
}

# The digest of an image in the registry; nothing if there is no such image. A registry that does not
# answer is an error, and never the same as "there is none".
digest_of() {
    errors=$(mktemp)
    # Not `{{.Manifest.Digest}}`: for a format that begins so, buildx prints its whole table instead.
    if digest=$(docker buildx imagetools inspect --format '{{print .Manifest.Digest}}' "$1" 2>"$errors")
    then
        rm -f "$errors"
        printf '%s\n' "$digest"
    elif grep -qF "$1: not found" "$errors"; then
        rm -f "$errors"
    else
        say "cannot ask the registry for $1:"
        cat "$errors" >&2
        rm -f "$errors"
        return 69
    fi
}

# The image of every part for this commit, with its digest, one a line; or which are missing.
images() {
    missing=''
    for part in $(deploy/manifest parts); do
        hash=$(inputs "$part") || return
        image=$CI_REGISTRY_IMAGE/$part:$hash
        digest=$(digest_of "$image") || return
        [ -n "$digest" ] || missing="$missing $part"
        printf '%s@%s\n' "$image" "$digest"
    done
    [ -z "$missing" ] || {
        say "the registry has no image of$missing for this commit's inputs: the pipeline of the commit"
        say "that changed them did not get so far. Run a pipeline for this branch by hand: it looks at"
        say "every part."
        return 65
    }
}

# Gives the image $1 the further tags $2…, inside the registry: nothing is pulled, and the digest
# stays.
tag() {
    from=$1
    shift
    for to in "$@"; do
        # Without the option, an image that is no list of platforms would be wrapped in one.
        docker buildx imagetools create --prefer-index=false --tag "$to" "$from"
        [ "$(digest_of "$to")" = "$(digest_of "$from")" ] || {
            say "$to is not the same image as $from"
            return 70
        }
    done
}

# Images are pushed for the default branch and for version tags. Others are built to see that they
# build: nobody can bring an image into a release from a branch that was not reviewed.
is_released() {
    [ -n "${CI_COMMIT_TAG:-}" ] || [ "${CI_COMMIT_BRANCH:-}" = "${CI_DEFAULT_BRANCH:-main}" ]
}

# When this commit was made, in UTC. The same commit always gives the same text, and an older one an
# earlier time.
created() { TZ=UTC0 git show --no-patch --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd HEAD; }

# A builder that makes images for several platforms: BuildKit in a container, and emulators for the
# few shell commands of the Dockerfile. With TLS, buildx takes the daemon's address from a context
# only, and not from DOCKER_HOST. A context is a builder of its own name too, so it must have another.
use_builder() {
    docker buildx inspect inkstack >/dev/null 2>&1 && return
    docker run --rm --privileged "${BINFMT_IMAGE:?}" --install all >/dev/null
    docker context inspect inkstack-engine >/dev/null 2>&1 ||
        docker context create inkstack-engine >/dev/null
    docker buildx create --name inkstack --driver docker-container \
        --driver-opt "image=${BUILDKIT_IMAGE:?}" inkstack-engine >/dev/null
}
