"""What the swarm test needs of this machine: a Docker engine, a swarm, a registry, base images. What it
starts, it stops; what was there already, it leaves alone."""

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]


def say(text):
    print(text, flush=True)


def run(*command, env=None, check=True, timeout=600, stdin=None):
    """Runs a command and returns what it wrote. A failure shows it."""
    done = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout,
        input=stdin,
        cwd=ROOT,
    )
    output = done.stdout.decode(errors="replace")
    if check and done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{output}")
    return output.strip() if check else (done.returncode, output.strip())


def docker(*arguments, **options):
    return run("docker", *arguments, **options)


def free_port():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


def wait_for(what, ask, deadline=60, pause=0.2):
    """What `ask` returns as soon as that is true."""
    started = time.monotonic()
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() - started > deadline:
            raise AssertionError(f"waited {deadline} s in vain for {what}")
        time.sleep(pause)


def answers(url):
    try:
        with urllib.request.urlopen(quote(url, safe=":/?=&%"), timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def as_root():
    """What a command that only root may run begins with."""
    return [] if os.geteuid() == 0 else ["sudo", "-n"]


def install(*packages):
    run(*as_root(), "apt-get", "update", "-qq")
    run(*as_root(), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq",
        "--no-install-recommends", *packages)


def start(*command, log):
    """Starts a daemon that ends with this script."""
    daemon = subprocess.Popen(
        command, stdout=open(log, "wb"), stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
    )

    def stop():
        daemon.send_signal(signal.SIGTERM)
        try:
            daemon.wait(30)
        except subprocess.TimeoutExpired:
            daemon.kill()

    atexit.register(stop)
    return daemon


def install_engine():
    say("installing a Docker engine")
    install("docker.io", "iptables")


def need_root(why):
    if os.geteuid() != 0:
        sys.exit(why)


def forget_dead_engine(file):
    """A machine that was cut off leaves the engine's pid file behind, with a number that is somebody
    else's by now: the engine would think that it runs already."""
    if file.exists():
        name = Path(f"/proc/{file.read_text().strip()}/comm")
        if not name.exists() or name.read_text().strip() != "dockerd":
            file.unlink()


class Engine:
    """A Docker engine: the address of its node, and where it listens if not where `docker` looks."""

    def __init__(self, address, at=None):
        self.address, self.settings = address, {"DOCKER_HOST": at} if at else {}

    def docker(self, *arguments, env=None, **options):
        return docker(*arguments, env={**self.settings, **(env or {})}, **options)

    def is_up(self):
        return self.docker("info", check=False)[0] == 0

    def wait(self, log):
        """Waits for an engine that writes `log`."""
        try:
            wait_for("the Docker engine", self.is_up)
        except AssertionError:
            say(log.read_text()[-3000:])
            raise


class Machine:
    """The engine, the swarm, a registry on loopback, and a folder for everything."""

    # Where the registry and its clients meet.
    address = "127.0.0.1"

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="inkstack-swarm-"))
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        self.engines = self.start_engines()
        self.swarm()
        # The one that holds the databases.
        self.data = self.engines[-1]
        node = self.data.docker("info", "--format", "{{.Swarm.NodeID}}")
        docker("node", "update", "--label-add", "inkstack.data=true", node)
        self.registry = self.start_registry()
        lines = run(ROOT / "deploy/test/stand-ins").splitlines()
        self.bases = dict(line.split("=", 1) for line in lines if "=" in line and line[0].isupper())

    def start_engines(self):
        engine = Engine(self.address)
        is_installed = shutil.which("docker") and (shutil.which("dockerd") or engine.is_up())
        if not is_installed:
            install_engine()
        if not engine.is_up():
            need_root("the Docker engine does not run, and only root can start it")
            forget_dead_engine(Path("/var/run/docker.pid"))
            log = self.folder / "dockerd.log"
            start("dockerd", log=log)
            engine.wait(log)
        return [engine]

    def swarm(self):
        state = docker("info", "--format", "{{.Swarm.LocalNodeState}}")
        if state != "active":
            docker("swarm", "init", "--advertise-addr", self.address)
            atexit.register(lambda: docker("swarm", "leave", "--force", check=False))

    def start_registry(self):
        if not shutil.which("docker-registry"):
            install("docker-registry")
        at = f"{self.address}:{free_port()}"
        settings = {
            "version": "0.1",
            "storage": {"filesystem": {"rootdirectory": str(self.folder / "registry")}},
            "http": {"addr": at},
        }
        # JSON is YAML.
        (self.folder / "registry.yml").write_text(json.dumps(settings))
        start("docker-registry", "serve", str(self.folder / "registry.yml"),
              log=self.folder / "registry.log")
        wait_for("the registry", lambda: answers(f"http://{at}/v2/"))
        return at
