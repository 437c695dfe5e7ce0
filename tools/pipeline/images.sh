# shellcheck shell=bash
# Images, the manifest, the scanners and the gate, from push to push.

# A repository with a folder for each part, whose image is made of that folder and of Cargo.lock.
repository=$work/repository
git init --quiet --initial-branch main "$repository"
cp -r "$here/.ci" "$repository"
mkdir -p "$repository/deploy" "$repository/.gitlab"
cp "$here/deploy/manifest" "$repository/deploy"
for part in "${parts[@]}"; do
    mkdir -p "$repository/$part" "$repository/dist/amd64" "$repository/dist/arm64"
    echo 1 >"$repository/$part/main.rs"
    touch "$repository/dist/"{amd64,arm64}"/$part"
    printf 'image-%s:\n  rules:\n    - if: $X\n      changes:\n' "$part"
    printf '        paths: &x\n          - Cargo.lock\n          - %s/**/*\n\n' "$part"
done >"$repository/.gitlab/images.yml"
printf 'dist\nmanifest.txt\n' >"$repository/.gitignore"
printf '[workspace.package]\nversion = "0.1.0"\n' >"$repository/Cargo.toml"
echo 1 >"$repository/Cargo.lock"
cd "$repository" || exit

export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example
export CI_REGISTRY_IMAGE=registry.example/blog CI_PROJECT_URL=https://example/blog
export CI_DEFAULT_BRANCH=main CI_COMMIT_BRANCH=main CI_COMMIT_REF_SLUG=main
export BASE_IMAGE=alpine:3 RUST_IMAGE=rust:1 BUILDKIT_IMAGE=buildkit:1 BINFMT_IMAGE=binfmt:1
export CI_COMMIT_SHA=
unset CI_COMMIT_TAG

# commits TEXT FILE…: what a push does.
commits() {
    local text=$1 file
    shift
    for file in "$@"; do echo "$text" >>"$file"; done
    git add --all
    git commit --quiet --message "$text"
    CI_COMMIT_SHA=$(git rev-parse HEAD)
    : >"$REGISTRY.log"
}

built() { grep -c 'buildx build' "$REGISTRY.log" || true; }
every_image() { for part in "${parts[@]}"; do .ci/image "$part" || return; done; }
release() { every_image && .ci/manifest manifest.txt; }
revision_of() {
    docker pull --quiet "$CI_REGISTRY_IMAGE/manifest:$1"
    deploy/manifest from "$CI_REGISTRY_IMAGE/manifest:$1" | deploy/manifest get revision
}
same() { cmp "$REGISTRY/registry.example,blog,$1/digest" "$REGISTRY/registry.example,blog,$2/digest"; }

export SYFT_IMAGE=syft:1 GRYPE_IMAGE=grype:1
commits first README.md
first=$CI_COMMIT_SHA
it "a manifest of images that nobody built is refused, with a remedy" \
    fails 65 'Run a pipeline for this branch by hand' .ci/manifest manifest.txt
it "and is not scanned, with the same remedy" fails 65 'Run a pipeline' .ci/scan "$work/nothing"
it "every image of a new registry is built" release
it "each was built once, and the manifest" prints "$((${#parts[@]} + 1))" built
it "the manifest names the commit" prints "$first" deploy/manifest get revision manifest.txt
it "the manifest travels in an image, by commit" prints "$first" revision_of "$first"
it "and by branch" prints "$first" revision_of main
it "images are there by commit" same "api:$first" "api@$(deploy/manifest get api manifest.txt |
    cut -d @ -f 2)"
cp manifest.txt "$work/first"
: >"$REGISTRY.log"
it "the same pipeline may run again" release
it "and builds nothing" prints 0 built
it "and changes nothing" cmp manifest.txt "$work/first"

export BASE_IMAGE=alpine:4
it "other images of the same commit can be built" every_image
it "but a commit has one manifest" bash -c '.ci/manifest other.txt 2>&1 | grep "names other images"'
it "which is not replaced" same "manifest:$first" "manifest:main"
export BASE_IMAGE=alpine:3
it "and stays right" release
rm other.txt

commits second gateway/main.rs
second=$CI_COMMIT_SHA
it "a change of one part is released" release
it "only that part was built, and the manifest" prints 2 built
it "the others keep the name that they had" prints "gateway" bash -c "diff '$work/first' manifest.txt |
    awk '/^>/ && \$2 !~ /revision|created/ { print \$2 }'"
it "an unchanged image has the new commit's tag" same "api:$first" "api:$second"
it "a changed one is another" bash -c '! "$@"' _ same "gateway:$first" "gateway:$second"

commits third api/main.rs
it "a part whose pipeline broke off is not taken from before" \
    fails 65 'no image of api for' .ci/manifest manifest.txt
touch "$REGISTRY.down"
it "a registry that is down does not look empty" fails 69 'cannot ask the registry' .ci/image api
it "nor to the manifest" fails 69 'connection refused' .ci/manifest manifest.txt
rm "$REGISTRY.down"
it "nothing was built meanwhile" prints 0 built
third=$CI_COMMIT_SHA
it "the pipeline mends it when it runs again" release

mv dist/arm64/api dist/arm64/away
commits fourth api/main.rs
it "a program that was not compiled is missed" fails 66 'dist/arm64/api is missing' .ci/image api
mv dist/arm64/away dist/arm64/api
it "a version's tag is on the images" env CI_COMMIT_BRANCH= CI_COMMIT_TAG=v1.0.0 bash -c \
    'for part; do .ci/image "$part" || exit; done && .ci/manifest manifest.txt' _ "${parts[@]}"
fourth=$CI_COMMIT_SHA
it "and on the manifest" prints "$fourth" revision_of v1.0.0
it "and on a part" same "api:$fourth" "api:v1.0.0"

commits side door/main.rs
it "a branch builds an image" env CI_COMMIT_BRANCH=side .ci/image door
it "and pushes none" bash -c '! "$@"' _ test -e "$REGISTRY/registry.example,blog,door:$CI_COMMIT_SHA"
it "a part that nobody knows is refused" fails 64 'no job image-nginx' .ci/image nginx
it "another base is another image" bash -c '. .ci/registry.sh
    [ "$(inputs api)" != "$(BASE_IMAGE=alpine:4 inputs api)" ]'

# The scanners.

CI_COMMIT_SHA=$fourth git checkout --quiet "$fourth"
it "a release without a vulnerability passes" .ci/scan sbom
it "every image was listed" prints "${#parts[@]}" bash -c 'grep -l in- sbom/image-*.cdx.json | wc -l'
echo '{"name": "vulnerable"}' >sbom/api.cdx.json
it "a program with a vulnerable crate does not" bash -c '! .ci/scan sbom'
git checkout --quiet main

# The gate.

promote() { CI_COMMIT_SHA=$1 .ci/promote production; }
it "the first release goes to production" promote "$first"
it "production is the first release" prints "$first" revision_of production
it "a later one follows" promote "$fourth"
it "production is the later one" prints "$fourth" revision_of production
it "the same one again changes nothing" promote "$fourth"
it "an old pipeline's gate is refused" fails 65 'does not come after' promote "$second"
it "production is still the later one" prints "$fourth" revision_of production
it "going back on purpose is possible" env ALLOW_OLDER=yes CI_COMMIT_SHA="$second" .ci/promote production
it "production is the older one" prints "$second" revision_of production
it "a commit without a manifest is refused" fails 1 'not found' promote "$CI_COMMIT_SHA"
rm -r "$REGISTRY/registry.example,blog,api@"*
it "a release whose images are gone is refused" fails 65 'not in the registry any more' promote "$third"
touch "$REGISTRY.down"
it "a registry that is down is told" fails 1 'connection refused' promote "$fourth"
rm "$REGISTRY.down"
