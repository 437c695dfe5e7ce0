# shellcheck shell=bash
# deploy/manifest, alone.

commit=$(printf 'c%.0s' {1..40})
digest=sha256:$(printf 'd%.0s' {1..64})
read -ra parts <<<"$("$here/deploy/manifest" parts | tr '\n' ' ')"
images=("${parts[@]/%/:in-1@$digest}")
images=("${images[@]/#/registry.example:5000/blog/}")
good=$work/good
deploy/manifest write "$commit" 2026-01-31T09:00:00Z "${images[@]}" >"$good"

changed() { sed "$1" "$good" | deploy/manifest check; }

it "a manifest that was written is good" deploy/manifest check "$good"
it "a manifest can be read from standard input" changed ''
it "a part's image is found" prints "registry.example:5000/blog/api:in-1@$digest" \
    deploy/manifest get api "$good"
it "the revision is found" prints "$commit" deploy/manifest get revision "$good"
it "all images are found" prints "$(printf '%s\n' "${images[@]}")" deploy/manifest images "$good"
it "an unknown name is refused" fails 64 '`nginx` is not in a manifest' \
    deploy/manifest get nginx "$good"
it "a bad manifest answers nothing" fails 65 'line 5' \
    bash -c "sed s/gateway:in-1/gateway/ '$good' | deploy/manifest get api"
it "an empty file is no manifest" fails 65 'it is empty' deploy/manifest check /dev/null
it "a missing file is an error" fails 66 'nowhere cannot be read' deploy/manifest check "$work/nowhere"
it "a later version is refused" fails 65 'a later version' changed '1s/1/2/'
it "a missing part is named" fails 65 '`api` is missing' changed '/^api /d'
it "a missing revision is named" fails 65 '`revision` is missing' changed '/^revision/d'
it "a short revision is refused" fails 65 'not a whole commit' changed 's/^revision .*/revision abc/'
it "a bad time is refused" fails 65 'not a time' changed 's/^created .*/created yesterday/'
it "an image without a digest is refused" fails 65 '`api` has no digest' changed '/^api/s/@.*//'
it "a digest that is cut off is refused" fails 65 '`api` has no digest' changed '/^api/s/.$//'
it "an image without a tag is refused" fails 65 '`door` has no tag' changed '/^door/s/:in-1//'
it "an image by latest alone is refused" fails 65 'latest' changed '/^api/s/:in-1/:latest/'
it "two exchanged images are refused" fails 65 '`api` is an image of `gateway`' \
    changed '/^api/s/api:/gateway:/'
it "a part that is there twice is refused" fails 65 'twice' changed '/^api/{p}'
it "an unknown part is refused" fails 65 '`nginx` is not known' changed '$a nginx x:1'
it "Windows' line ends are refused" fails 65 'carriage return' changed 's/$/\r/'
it "every fault is named at once" fails 65 'line 8' changed '/^door/s/@.*//;/^blog/s/@.*//'
it "what is written is checked" fails 65 'is missing' \
    deploy/manifest write "$commit" 2026-01-31T09:00:00Z "${images[@]:1}"
it "no command is wrong use" fails 64 'deploy/manifest write' deploy/manifest
