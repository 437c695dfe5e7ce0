# shellcheck shell=bash
# What images are made of.

copy=$work/copy
mkdir "$copy"
(cd "$here" && git ls-files -z --cached --others --exclude-standard | tar --create --null --files-from -) |
    tar --extract -C "$copy"
cd "$copy" || exit
# says TEXT: whether the check fails and says so.
says() {
    local said status=0
    said=$(tools/check-pipeline 2>&1) || status=$?
    printf '%s\n' "$said"
    [ "$status" = 1 ] && grep -qF "$1" <<<"$said"
}
it "the lists are right" tools/check-pipeline
sed -i '/crates\/store/d' .gitlab/images.yml
it "a list that misses a crate is refused" says 'image-api: crates/store/**/* is missing'
it "and can be written anew" tools/check-pipeline --write
it "and is what it was" cmp .gitlab/images.yml "$here/.gitlab/images.yml"
sed -i 's|          - gateway/\*\*/\*|&\n          - nowhere/**/*|' .gitlab/images.yml
it "a list that has too much is refused" says 'nowhere/**/* is listed, but gateway is not made of it'
tools/check-pipeline --write
sed -i 's/^image-door:/image-window:/' .gitlab/images.yml
it "a part without a job is refused" says 'image-door: there is no such job'
it "a job without a part is refused" says 'image-window: no member of the workspace'
tools/check-pipeline --write
echo '!bench' >>.dockerignore
it "what reaches the builder and is in no list is refused" says 'bench goes into every build'
