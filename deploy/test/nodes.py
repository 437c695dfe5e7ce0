"""A swarm of several nodes on one machine: each engine in network and mount namespaces of its own, and
a switch between them. A node is lost by taking its cable out."""

import atexit
import os
import shutil

from machine import Engine, Machine, docker, install, install_engine, need_root, run, start, wait_for

# Private, so that the gateway counts the readers not as one client who asks too often.
NETWORK = "192.168.177"
# A bridge in a network namespace of its own: among this machine's own links, the firewall of an engine
# that runs here, too, would drop what the nodes send each other (net.bridge.bridge-nf-call-iptables).
SWITCH = "inkswitch"
# This machine's end of its own cable to the switch.
CABLE = "inkcable"

# The engine keeps its sockets and namespaces below /run, and sets up bridges below /sys, which shows
# the network of whoever mounted it.
ENGINE = """
hostname {name}
mkdir -p {folder}/cgroup
mount --rbind /sys/fs/cgroup {folder}/cgroup
umount --lazy /sys
mount -t sysfs sysfs /sys
mount --rbind {folder}/cgroup /sys/fs/cgroup
mount -t tmpfs tmpfs /run
exec dockerd --data-root {folder}/data --pidfile /run/docker.pid --host {at} --insecure-registry {network}.0/24
"""


def namespace(name):
    """A network namespace for as long as this script runs; its links go with it."""
    # A test that was cut off leaves its own.
    run("ip", "netns", "del", name, check=False)
    run("ip", "netns", "add", name)
    atexit.register(run, "ip", "netns", "del", name, check=False)


def ip(inside, command):
    run("ip", "-netns", inside, *command.split())


def install_switch():
    """The switch, and this machine's cable to it."""
    namespace(SWITCH)
    ip(SWITCH, "link add bridge type bridge")
    ip(SWITCH, "link set bridge up")
    # Of a namespace just deleted, the kernel may not have taken the links away yet.
    run("ip", "link", "del", CABLE, check=False)
    run("ip", "link", "add", CABLE, "type", "veth", "peer", "name", "port0", "netns", SWITCH)
    run("ip", "addr", "add", f"{Nodes.address}/24", "dev", CABLE)
    run("ip", "link", "set", CABLE, "up")
    ip(SWITCH, "link set port0 master bridge up")


class Node(Engine):
    """An engine behind a cable."""

    def __init__(self, number, folder):
        self.name, self.folder = f"inknode{number}", folder / f"node{number}"
        self.port = f"port{number}"
        self.folder.mkdir()
        at = f"unix://{self.folder}/docker.sock"
        super().__init__(f"{NETWORK}.{10 + number}", at)
        namespace(self.name)
        ip(self.name, f"link add eth0 type veth peer name {self.port} netns {SWITCH}")
        for command in (f"addr add {self.address}/24 dev eth0", "link set eth0 up", "link set lo up"):
            ip(self.name, command)
        ip(SWITCH, f"link set {self.port} master bridge")
        self.plug()
        log = self.folder / "dockerd.log"
        script = ENGINE.format(name=self.name, folder=self.folder, at=at, network=NETWORK)
        start("nsenter", f"--net=/run/netns/{self.name}", "unshare", "--mount", "--uts",
              "sh", "-ec", script, log=log)
        self.wait(log)

    def unplug(self):
        ip(SWITCH, f"link set {self.port} down")

    def plug(self):
        ip(SWITCH, f"link set {self.port} up")


class Nodes(Machine):
    """Some managers of one swarm; the last holds the databases, the first is asked."""

    address = f"{NETWORK}.1"

    def __init__(self, count):
        need_root("only root can make network namespaces")
        self.count = count
        super().__init__()
        # No other node has what was put together on this one.
        for name in ("MONGO_IMAGE", "REDIS_IMAGE"):
            image = f"{self.registry}/{name.split('_')[0].lower()}:1"
            docker("tag", self.bases[name], image)
            docker("push", "--quiet", image)
            self.bases[name] = image

    def start_engines(self):
        if not shutil.which("dockerd"):
            install_engine()
        if not shutil.which("ip"):
            install("iproute2")
        install_switch()
        nodes = [Node(number, self.folder) for number in range(1, self.count + 1)]
        # Whoever asks `docker` and does not say which.
        os.environ.update(nodes[0].settings)
        return nodes

    def swarm(self):
        first, *others = self.engines
        first.docker("swarm", "init", "--advertise-addr", first.address)
        token = first.docker("swarm", "join-token", "--quiet", "manager")
        for node in others:
            node.docker("swarm", "join", "--advertise-addr", node.address, "--token", token, f"{first.address}:2377")
        listing = ("node", "ls", "--format", "{{.Status}}")
        wait_for("all nodes", lambda: first.docker(*listing).split() == ["Ready"] * self.count)
