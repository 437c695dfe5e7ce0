# What the scripts here share. Sourced, not run.
# shellcheck shell=bash

set -euo pipefail

# cron starts with almost nothing in its environment.
PATH=${PATH:-/usr/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
HOME=${HOME:-/root}
export PATH HOME

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program=${0##*/}

# What can be set, and its defaults. DEPLOY_ENV is a file of NAME=value lines.
DEPLOY_ENV=${DEPLOY_ENV:-/etc/inkstack/deploy.env}
if [ -r "$DEPLOY_ENV" ]; then
    set -a
    # shellcheck disable=SC1090
    . "$DEPLOY_ENV"
    set +a
fi
STACK=${STACK:-inkstack}
HTTP_PORT=${HTTP_PORT:-80}
SITE_URL=${SITE_URL:-http://127.0.0.1:$HTTP_PORT}
export HTTP_PORT

# Stack files, in order; later ones override.
read -r -a stack_files <<<"${STACK_FILES:-stack.yml}"

say() { printf '%s\n' "$*" >&2; }

# Ends with one line that says why; `status` is of sysexits.h where one fits.
die() {
    local status=1
    if [[ ${1:-} =~ ^[0-9]+$ ]]; then
        status=$1
        shift
    fi
    say "$STACK: $program: $*"
    exit "$status"
}

need_swarm() {
    local state
    state=$(docker info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}' 2>/dev/null) ||
        die 69 "Docker does not answer: is the daemon running, and may this user use it?"
    case $state in
        "active true") ;;
        active*) die 69 "this node is no manager of its swarm: run this on a manager" ;;
        *) die 69 "this machine is in no swarm: run \`docker swarm init\` first" ;;
    esac
}

# One at a time for each stack.
only_one() {
    local lock=${LOCK_DIR:-/run/lock}/inkstack-$STACK.lock
    exec 9>"$lock" || die 73 "cannot write $lock: set LOCK_DIR to a folder that this user may write"
    flock -n 9 || die 75 "another deploy of this stack is running"
}

# The newest secret of this stack that is called so, or nothing.
secret() {
    docker secret ls --filter "label=inkstack.stack=$STACK" --filter "label=inkstack.secret=$1" \
        --format '{{.Name}}' | sort | tail -n 1
}

# The secrets that the stack's files name, each with the variable that says which version.
secret_names=(mongo_root_password api_mongodb_uri loader_mongodb_uri redis_uri redis_conf)
[[ " ${stack_files[*]} " != *" stack.comments.yml "* ]] || secret_names+=(api_admin_token)

secret_variable() { printf '%s_SECRET' "${1^^}"; }

# The container of a service's task on this node, or nothing.
container() {
    docker ps --quiet --filter "label=com.docker.swarm.service.name=${STACK}_$1" \
        --filter status=running | head -n 1
}

# As container, or ends with the node on which to try.
need_container() {
    local id node
    id=$(container "$1")
    if [ -z "$id" ]; then
        node=$(docker service ps "${STACK}_$1" --filter desired-state=running \
            --format '{{.Node}}' 2>/dev/null | head -n 1)
        die 69 "no running task of $1 on this node${node:+: run this on $node}"
    fi
    printf '%s' "$id"
}

# Text without what could break a line of a log.
one_line() { tr '\n\t' '  ' | sed 's/  */ /g; s/ $//'; }

# Runs the content-loader that is deployed, with these arguments and this standard input and output.
with_loader() {
    local image
    image=$(docker service inspect --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}' \
        "${STACK}_content-loader" 2>/dev/null) || die 66 "nothing is deployed here"
    docker run --rm --interactive --network "${loader_network:-none}" --read-only --env LOG_FORMAT=text \
        ${MONGODB_URI:+--env MONGODB_URI} "$image" "$@"
}

# The same, as root of the stack's database, whose container is $1.
with_database() {
    local mongo=$1 password
    shift
    password=$(docker exec "$mongo" cat /run/secrets/mongo_root_password)
    # From the environment, not from the arguments, which everybody on this machine may see.
    MONGODB_URI="mongodb://root:$password@mongo:27017/?authSource=admin" \
        loader_network=${STACK}_data with_loader "$@"
}
