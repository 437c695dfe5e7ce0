"""The images of a blog and what is deployed of them, for the swarm test."""

import json
import re
import shutil
import time
import urllib.error
import urllib.request

from machine import ROOT, answers, docker, free_port, run, say, wait_for

PARTS = ("door", "gateway", "api", "content-loader", "blog-static")
IMAGES = (*PARTS, "inkstack")
# The classic builder: every engine has it.
CLASSIC_BUILDER = {"DOCKER_BUILDKIT": "0", "COMPOSE_DOCKER_CLI_BUILD": "0"}
SERVICES = ("door", "gateway", "api", "blog-static", "mongo", "redis")


def build_image(tag, dockerfile, context, **arguments):
    options = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    (context / "Dockerfile.test").write_text(dockerfile)
    docker("build", "--quiet", "--tag", tag, "--file", context / "Dockerfile.test", *options, context,
           env=CLASSIC_BUILDER)


class Container:
    """A container on one of the engines."""

    def __init__(self, engine, name):
        self.engine, self.name = engine, name

    def docker(self, verb, *arguments, **options):
        return self.engine.docker(verb, self.name, *arguments, **options)


class Blog:
    """One stack, with its own port and secrets."""

    def __init__(self, machine, stack="blogtest"):
        self.machine, self.stack, self.port = machine, stack, free_port()
        self.folder = machine.folder / stack
        self.folder.mkdir()
        self.hosts = [engine.address for engine in machine.engines]
        self.site = f"http://{self.hosts[0]}:{self.port}"
        self.images, self.created = {}, 0
        self.settings = {
            "STACK": stack,
            "HTTP_PORT": str(self.port),
            "SITE_URL": self.site,
            "MANIFEST": str(self.folder / "manifest"),
            "CONTENT_IMAGE": f"{machine.registry}/blog:production",
            "MONGO_IMAGE": machine.bases["MONGO_IMAGE"],
            "REDIS_IMAGE": machine.bases["REDIS_IMAGE"],
            "LOCK_DIR": str(self.folder),
            "BACKUP_DIR": str(self.folder / "backups"),
            "DEPLOY_ENV": "/nonexistent",
        }

    # --- Images -------------------------------------------------------------------------------------

    def push(self, tag):
        """Pushes an image and returns `tag@digest`."""
        docker("push", "--quiet", tag)
        digests = docker("image", "inspect", "--format", "{{json .RepoDigests}}", tag)
        repository = tag.rsplit(":", 1)[0]
        digest = next(one for one in json.loads(digests) if one.startswith(repository + "@"))
        return f"{tag}@{digest.split('@')[1]}"

    def build_programs(self, tag="1", base=None):
        """Builds the image of each program from dist/ and pushes it."""
        base = base or self.machine.bases["BASE"]
        for part in IMAGES:
            name = f"{self.machine.registry}/{part}:{tag}"
            docker("build", "--quiet", "--target", part, "--tag", name,
                   f"--build-arg=BUILDER={self.machine.bases['BASE']}", f"--build-arg=BASE={base}",
                   f"--build-arg=VERSION={tag}", ".", env=CLASSIC_BUILDER)
            self.images[part] = self.push(name)

    def derive(self, part, tag, lines=""):
        """Another image of a part: the same program, unless `lines` of a Dockerfile say otherwise."""
        context = self.folder / "derive"
        shutil.rmtree(context, ignore_errors=True)
        context.mkdir()
        name = f"{self.machine.registry}/{part}:{tag}"
        build_image(name, f"FROM {self.machine.registry}/{part}:1\nLABEL test={tag}\n{lines}\n", context)
        self.images[part] = self.push(name)

    def publish(self, content, name, previous=None):
        """Builds a release of `content` and the blog's image with it, as a content pipeline would, and
        moves the channel tag there. Returns the release's folder."""
        context = self.folder / f"content-{name}"
        context.mkdir()
        out = context / "release"
        more = ["--previous", previous] if previous else []
        run(ROOT / "dist/amd64/inkstack", "build", content, "--out", out, *more)
        tag = self.settings["CONTENT_IMAGE"]
        build_image(tag, f"FROM {self.machine.registry}/blog-static:1\nCOPY release /release\n", context)
        self.push(tag)
        return out

    def write_manifest(self, **changes):
        self.created += 1
        images = {**self.images, **changes}
        lines = ["inkstack-manifest 1", f"revision {self.created:040x}",
                 f"created 2026-01-01T00:{self.created // 60:02}:{self.created % 60:02}Z"]
        lines += [f"{part} {images[part]}" for part in IMAGES]
        (self.folder / "manifest").write_text("\n".join(lines) + "\n")

    # --- Scripts -------------------------------------------------------------------------------------

    def script(self, name, *arguments, check=True, on=None, **settings):
        """Runs one of deploy/'s scripts as cron would: with nothing in the environment. On the first
        node, or another."""
        engine = on or self.machine.engines[0]
        values = {**self.settings, **engine.settings, **settings}
        command = ["env", "-i", *(f"{key}={value}" for key, value in values.items())]
        return run(*command, ROOT / "deploy" / name, *arguments, check=check)

    def deploy(self, *arguments, check=True, **settings):
        started = time.monotonic()
        output = self.script("deploy", *arguments, check=check, **settings)
        took = time.monotonic() - started
        if check:
            say(f"    {output.splitlines()[-1]}")
            return took
        status, output = output
        say(f"    exit status {status}: {output.splitlines()[-1] if output else '(nothing)'}")
        return status, output, took

    def destroy(self):
        """Removes the stack and waits until nothing of it is left."""
        docker("stack", "rm", self.stack, check=False)
        for engine in self.machine.engines:
            self.remove_rest(engine)

    def remove_rest(self, engine):
        label = f"label=com.docker.stack.namespace={self.stack}"
        running = ("container", "ls", "--quiet", "--filter", label)
        wait_for("the end of every container", lambda: not engine.docker(*running), 120)
        # The swarm leaves what could never start.
        ended = engine.docker("container", "ls", "--all", "--quiet", "--filter", label).split()
        if ended:
            engine.docker("container", "rm", "--force", *ended, check=False)
        networks = ("network", "ls", "--quiet", "--filter", label)
        wait_for("the end of every network", lambda: not engine.docker(*networks), 120)
        for name in engine.docker("volume", "ls", "--quiet", "--filter", f"name=^{self.stack}_").split():
            wait_for("the volume", lambda n=name: engine.docker("volume", "rm", n, check=False)[0] == 0)

    def forget(self):
        """Removes what the scripts keep in the swarm."""
        for kind in ("deployed", "refused"):
            names = docker("config", "ls", "--quiet", "--filter", f"label=inkstack.{kind}={self.stack}")
            if names:
                docker("config", "rm", *names.split())

    def remove_images(self):
        """Removes what was built: its registry ends with the test."""
        names = docker("images", "--filter", f"reference={self.machine.registry}/*", "--format",
                       "{{.Repository}}:{{.Tag}}").split()
        if names:
            docker("image", "rm", "--force", *names, check=False)

    # --- Looking -------------------------------------------------------------------------------------

    def get(self, path):
        with urllib.request.urlopen(self.site + path, timeout=10) as answer:
            return answer.read().decode()

    def is_up(self):
        return answers(self.site + "/")

    def ask(self, method, path, body=None, token=None):
        """The status and the JSON of an answer of the API, whatever it is."""
        request = urllib.request.Request(self.site + path, method=method)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        return status, json.loads(text) if text else None

    def has(self, path, word):
        try:
            return word in self.get(path)
        except OSError:
            return False

    def tasks(self, service):
        """The ids of a service's running tasks."""
        listing = docker("service", "ps", "--quiet", "--filter", "desired-state=running",
                         f"{self.stack}_{service}", check=False)
        return set(listing[1].split()) if listing[0] == 0 else set()

    def all_tasks(self):
        return {service: self.tasks(service) for service in SERVICES}

    def containers(self, service):
        """The running containers of a service, on all nodes."""
        listing = ("ps", "--quiet", "--filter", f"label=com.docker.swarm.service.name={self.stack}_{service}")
        return [Container(engine, name) for engine in self.machine.engines
                for name in engine.docker(*listing).split()]

    def versions(self):
        """What changes whenever somebody writes to a service, secret or config of the swarm."""
        ids = docker("service", "ls", "--quiet").split() + docker("config", "ls", "--quiet").split()
        return sorted(
            docker("inspect", "--format", "{{.ID}} {{.Version.Index}}", *ids).splitlines()
        ) if ids else []

    def is_whole(self, on=None):
        """Whether every service has all its tasks, as the first node or another sees it."""
        engine = on or self.machine.engines[0]
        listing = ("service", "ls", "--filter", f"name={self.stack}_", "--format", "{{.Name}} {{.Replicas}}")
        rows = [re.match(r"(\S+) \d+/(\d+)$", row) for row in engine.docker(*listing, check=False)[1].splitlines()]
        # The loader ends.
        wanted = {row[1]: int(row[2]) for row in rows if row and "content-loader" not in row[1]}
        # The swarm itself counts the tasks of a lost node among those that run.
        running = ("service", "ps", "--filter", "desired-state=running", "--format", "{{.CurrentState}}")
        return len(wanted) == len(SERVICES) and all(
            len(re.findall("(?m)^Running ", engine.docker(*running, name, check=False)[1])) == count
            for name, count in wanted.items())
