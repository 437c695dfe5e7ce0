# shellcheck shell=bash
# Telling the server.

printf 'a key without an end' >"$work/key"
export DEPLOY_SSH_KEY=$work/key DEPLOY_SSH_KNOWN_HOSTS=$work/hosts DEPLOY_SSH_HOST=blog.example
mkdir "$work/tmp"
told() { TMPDIR=$work/tmp .ci/deploy-now | tee "$work/told"; }
it "the server is told" told
it "with a key that only we can read" prints 600 head -n 1 "$work/told"
it "and that ends with a line" prints "a key without an end" sed -n 2p "$work/told"
it "the server must be the one we know" grep -q "StrictHostKeyChecking=yes" "$work/told"
it "it is asked to deploy" grep -q 'inkstack@blog.example /opt/inkstack/deploy/deploy$' "$work/told"
it "a deploy that failed fails the job" bash -c 'SSH_STATUS=65 .ci/deploy-now; [ $? = 65 ]'
it "no key stays behind" prints "" ls "$work/tmp"
it "a missing key is told" bash -c 'unset DEPLOY_SSH_KEY; ! .ci/deploy-now'
