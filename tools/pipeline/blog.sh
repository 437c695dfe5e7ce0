# shellcheck shell=bash
# A blog's repository: its own image and gate.

posts=$work/posts
git init --quiet --initial-branch main "$posts"
cp -r "$here/examples/blog-repo/." "$posts"
cd "$posts" || exit
export INKSTACK_REGISTRY=registry.example/inkstack INKSTACK_TAG=v1
channel=registry.example/posts/blog:production
content() { printf 'registry.example/posts/blog:%s' "$1"; }
build() { RELEASE=$1 .ci/image "$(content "$CI_COMMIT_SHA")" "$channel"; }
publish() { CI_COMMIT_SHA=$1 .ci/publish "$(content "$1")" "$channel"; }
published() { cat "$REGISTRY/${channel//\//,}/release"; }
carries() { grep -q "PREVIOUS=registry.example/posts/blog@sha256:" "$REGISTRY.log"; }

commits one about.md
one=$CI_COMMIT_SHA
it "the first content is built with nothing to carry" build release-1
it "and says so" bash -c '! "$@"' _ grep -q PREVIOUS= "$REGISTRY.log"
it "it is not published by itself" fails 1 'not found' docker pull --quiet "$channel"
it "a person publishes it" publish "$one"
it "readers see it" prints release-1 published
commits two about.md
two=$CI_COMMIT_SHA
it "the second content is built" build release-2
it "and carries what readers see" carries
commits three about.md
three=$CI_COMMIT_SHA
it "the third content is built beside it" build release-3
it "the second is published" publish "$two"
it "the third does not carry the second, so it must be built again" \
    fails 65 'run the job build' publish "$three"
it "readers see the second" prints release-2 published
it "the third is built again" build release-3
it "and is published" publish "$three"
it "readers see the third" prints release-3 published
it "an old pipeline's gate is refused" fails 65 'does not come after' publish "$two"
it "going back on purpose is possible" env ALLOW_OLDER=yes CI_COMMIT_SHA="$two" \
    .ci/publish "$(content "$two")" "$channel"
it "readers see the second again" prints release-2 published
commits four README.md
it "a commit that changes no page is built" build release-2
: >"$REGISTRY.log"
it "and is not published" publish "$CI_COMMIT_SHA"
it "since readers have it" bash -c '! "$@"' _ grep -q 'docker push' "$REGISTRY.log"
it "an image that was not built is missed" fails 65 'run the job build' publish "$first"
touch "$REGISTRY.down"
it "a registry that is down is not an empty channel" fails 69 'connection refused' build release-5
it "nor for the gate" fails 69 'connection refused' publish "$three"
rm "$REGISTRY.down"
