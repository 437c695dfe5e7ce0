# What deploy, rollback and status know of the swarm: states that were deployed, how to apply one, and
# how to see that it has arrived. Sourced after lib.sh, not run.
# shellcheck shell=bash

services=(door gateway api blog-static mongo redis)
image_parts=(door gateway api blog-static content-loader)

# Where a part's image is named: DOOR_IMAGE and so on.
image_variable() {
    local name=${1^^}
    printf '%s_IMAGE' "${name//-/_}"
}

# --- States -----------------------------------------------------------------------------------------
#
# A state is all that `docker stack deploy` was given: lines of NAME=value, and the stack's files in one
# line. Those that were deployed well are kept in the swarm itself, as configs: they outlive this
# machine, and any manager can go back to them.

KEPT_STATES=5

state_names() { # newest last
    docker config ls --filter "label=inkstack.$1=$STACK" --format '{{.Name}}' | sort
}

state_read() { docker config inspect --format '{{json .Spec.Data}}' "$1" | tr -d '"' | base64 -d; }

# Keeps the state in the file $2 as one that was `deployed` or `refused` ($1).
state_keep() {
    local name
    name=${STACK}_$1_$(date -u +%Y%m%dt%H%M%S)
    docker config create --label "inkstack.$1=$STACK" "$name" "$2" >/dev/null
    state_names "$1" | head -n "-$KEPT_STATES" | xargs -r docker config rm >/dev/null
}

# What tells one state from another.
state_hash() { grep -v '^#' "$1" | sha256sum | cut -c 1-16; }

state_get() { sed -n "s/^$2=//p" "$1"; }

pack_files() { tar -C "$root" -c --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner "$@" | gzip -n | base64 -w 0; }

# --- Applying -----------------------------------------------------------------------------------------

# Gives the state in the file $1 to the swarm.
apply() {
    local state=$1 folder name arguments=() detach=()
    folder=$(mktemp -d)
    state_get "$state" FILES | base64 -d | tar -C "$folder" -xz
    for name in $(state_get "$state" STACK_FILES); do
        arguments+=(--compose-file "$folder/$name")
    done
    # Older clients never wait; newer ones would, also for a job that keeps failing.
    docker stack deploy --help | grep -q -- --detach && detach=(--detach=true)
    local status=0 said
    said=$(
        set -a
        # Values are names, tags and numbers that this script made or checked.
        # What makes the loader run again.
        DEPLOYED=$noted_at
        eval "$(grep -E '^[A-Z_]+=' "$state" | grep -v -e '^FILES=' -e '^STACK_FILES=' | sed "s/=\(.*\)/='\1'/")"
        timeout 120 docker stack deploy "${arguments[@]}" "${detach[@]}" \
            --with-registry-auth --resolve-image never --prune "$STACK" 2>&1
    ) || status=$?
    rm -rf "$folder"
    [ "$status" = 0 ] || { say "$said"; failed="the swarm did not take the stack: $(one_line <<<"$said")"; return 1; }
}

service_field() { docker service inspect --format "$2" "${STACK}_$1" 2>/dev/null; }

update_started() { service_field "$1" '{{with .UpdateStatus}}{{.StartedAt}}{{end}}' || true; }

# Tasks of the service that failed since `note_updates`: when they were made, how they ended, their ids
# and containers, newest last. The swarm remembers about five for each replica.
failures() {
    docker service ps --quiet "${STACK}_$1" 2>/dev/null | xargs -r docker inspect --format \
        '{{json .CreatedAt}} {{.Status.State}} {{.ID}} {{with .Status.ContainerStatus}}{{.ContainerID}}{{end}}' |
        tr -d '"' | awk -v since="$noted_at" '$1 >= since && $2 ~ /^(failed|rejected)$/' | sort
}

# MB that are free on the disk of a database's volume, and of how many, if that is on this node.
volume_room() {
    local volume=${STACK}_$1 image
    docker volume inspect "$volume" >/dev/null 2>&1 || return 0
    image=$(service_field "$1" '{{.Spec.TaskTemplate.ContainerSpec.Image}}') || return 0
    timeout 30 docker run --rm --network none --volume "$volume:/volume:ro" --entrypoint df "$image" -Pm /volume 2>/dev/null |
        awk 'NR == 2 {print $4, "of", $2}'
}

# Less than this many MB, and a database stops by itself without saying why.
LEAST_ROOM=100

# Says so if the disk of a database's volume is full.
full_disk() {
    local room
    room=$(volume_room "$1")
    [ -n "$room" ] && [ "${room%% *}" -lt "$LEAST_ROOM" ] || return 1
    printf "the disk of %s's volume is full (%s MB are free): make room there, or move the volume" "$1" "$room"
}

# Why it failed, and its last words: by its container where that is on this node, since the swarm's own
# way to a log can take for ever on a busy service.
why_failed() {
    local task container
    case $1 in mongo | redis) ! full_disk "$1" || return 0 ;; esac
    read -r _ _ task container <<<"$(failures "$1" | tail -n 1)" || true
    [ -n "$task" ] || { printf 'its new task never became ready (unhealthy)'; return; }
    docker inspect --format '{{.Status.Err}}' "$task" | one_line
    {
        if [ -n "$container" ] && docker container inspect "$container" >/dev/null 2>&1; then
            docker logs --tail 1 "$container" 2>&1
        else
            timeout 10 docker service logs --raw --tail 1 "$task" 2>&1
        fi
    } | message | one_line | cut -c 1-600 | sed 's/^\(..*\)/; it said: \1/'
}

# The message of a line of a log, or the line itself if it is of another kind.
message() { sed 's/^{.*"message":"\(\([^"\\]\|\\.\)*\)".*/\1/'; }

# `done`, `failed: why`, or what is still going on, of one service. $2 is when its last update before
# this deploy had begun, $3 the image that it should have.
service_state() {
    local name=$1 before=$2 image=$3 state started now running wanted
    now=$(service_field "$name" '{{.Spec.TaskTemplate.ContainerSpec.Image}}') || { echo missing; return; }
    started=$(update_started "$name")
    state=$(service_field "$name" '{{with .UpdateStatus}}{{.State}}{{end}}')
    if [ "$started" != "$before" ]; then
        case $state in
            updating) echo updating; return ;;
            rollback_started) echo "rolling back"; return ;;
            rollback_completed | rollback_paused | paused)
                echo "failed: $name was rolled back by the swarm: $(why_failed "$name")"
                return
                ;;
        esac
    fi
    if [ -n "$image" ] && [ "$now" != "$image" ]; then
        echo "failed: $name has another image than it was given: $now"
        return
    fi
    wanted=$(docker service ls --filter "name=${STACK}_$name" --format '{{.Name}} {{.Replicas}}' |
        awk -v name="${STACK}_$name" '$1 == name {sub(".*/", "", $2); print $2}')
    # The swarm's own count has the tasks of a lost node among those that run.
    running=$(docker service ps --filter desired-state=running --format '{{.CurrentState}}' "${STACK}_$name" |
        grep -c '^Running ') || true
    if [ "$running" = "$wanted" ]; then
        echo done
    elif [ "$(failures "$name" | wc -l)" -ge 4 ]; then
        echo "failed: $name ends again and again: $(why_failed "$name")"
    else
        echo "$running of $wanted run"
    fi
}

# The same of the loader, which ends when it is done. Another try does not help against a wrong setting (64),
# a release that is not what it should be (65), or a database that refuses the password (77).
loader_state() {
    local runs
    runs=$(loader_runs)
    if grep -q '^complete' <<<"$runs"; then
        echo done
    elif [ "$(grep -cE '^(failed|rejected)' <<<"$runs")" -ge 4 ] || grep -qE '^failed (64|65|77)$' <<<"$runs"; then
        echo "failed: content-loader: $(why_failed content-loader)"
    else
        echo "registering"
    fi
}

# The loader's tries since the last deploy began: how each is, and its exit status if it has one.
loader_runs() {
    docker service ps --quiet "${STACK}_content-loader" | xargs -r docker inspect --format \
        '{{index .Spec.ContainerSpec.Labels "inkstack.deployed"}} {{.Status.State}} {{with .Status.ContainerStatus}}{{.ExitCode}}{{end}}' \
        2>/dev/null | awk -v deployed="$noted_at" '$1 == deployed {print $2, $3}'
}

# --- Arriving -----------------------------------------------------------------------------------------

declare -A update_before=()
noted_at=

note_updates() {
    local name
    noted_at=$(date -u +%Y-%m-%dT%H:%M:%S)
    for name in "${services[@]}"; do
        update_before[$name]=$(update_started "$name")
    done
}

# One line that is rewritten on a terminal; elsewhere, a line for each change.
progress() {
    if [ -t 2 ]; then
        printf '\r\033[K%s' "$*" >&2
    elif [ "$*" != "${progress_last-}" ]; then
        say "$*"
    fi
    progress_last=$*
}

# Waits until all services have what the state in the file $1 says. Sets `failed` and returns 1 if
# one does not get there.
converge() {
    local state=$1 deadline=$((SECONDS + ${DEPLOY_DEADLINE:-300})) name image word waiting
    # The swarm needs a moment to begin.
    sleep 1
    while :; do
        waiting=()
        for name in "${services[@]}" content-loader; do
            if [ "$name" = content-loader ]; then
                word=$(loader_state)
            else
                image=$(state_get "$state" "$(image_variable "$name")")
                word=$(service_state "$name" "${update_before[$name]-}" "$image")
            fi
            case $word in
                done) ;;
                failed:*) progress_end; failed=${word#failed: }; return 1 ;;
                *) waiting+=("$name: $word") ;;
            esac
        done
        if [ ${#waiting[@]} = 0 ]; then
            progress_end
            return 0
        fi
        progress "$(printf '%s; ' "${waiting[@]}")"
        if [ "$SECONDS" -ge "$deadline" ]; then
            progress_end
            name=${waiting[0]%%:*}
            failed="not there after ${DEPLOY_DEADLINE:-300} s: ${waiting[*]}: $(why_failed "$name")"
            return 1
        fi
        sleep 1
    done
}

progress_end() { [ ! -t 2 ] || printf '\r\033[K' >&2; }

get() { curl --silent --show-error --fail --max-time 5 "$SITE_URL$1"; }

# What a reader would see: pages, lists and search of the release $1. Sets `failed` and returns 1.
smoke() {
    local release=$1 tries=30 answer path asset
    until answer=$(get /api/v1/release 2>&1) && grep -q "$release" <<<"$answer"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || { failed="the API does not show release ${release:0:12}: $(one_line <<<"$answer")"; return 1; }
        sleep 1
    done
    answer=$(curl --silent --fail --max-time 5 --dump-header - --output /dev/null "$SITE_URL/" | tr -d '\r') ||
        { failed="the home page is not answered"; return 1; }
    grep -qix "x-release: $release" <<<"$answer" || { failed="the home page is of another release"; return 1; }
    asset=$(get / | grep -o '/assets/[^"]*' | head -n 1)
    [ -z "$asset" ] || get "$asset" >/dev/null || { failed="the home page names $asset, which is not answered"; return 1; }
    path=$(get '/api/v1/posts?limit=1' | sed -n 's/.*"url":"\([^"]*\)".*/\1/p')
    [ -z "$path" ] || get "$path" >/dev/null || { failed="the newest post, $path, is not answered"; return 1; }
    get '/api/v1/search?q=a' >/dev/null || { failed="search is not answered"; return 1; }
}

# Applies a state and waits until readers see it.
bring() {
    note_updates
    apply "$1" && converge "$1" && smoke "$(state_get "$1" EXPECTED_RELEASE)"
}
