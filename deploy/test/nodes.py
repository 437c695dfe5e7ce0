"""A swarm of several nodes on one machine: each engine in network and mount namespaces of its own, and
a bridge between them. A node is lost by taking its cable out."""

import atexit
import os
import shutil

from machine import Engine, Machine, docker, install, install_engine, need_root, run, start, wait_for

# Private, so that the gateway counts the readers not as one client who asks too often.
NETWORK = "192.168.177"
BRIDGE = "inkbridge"

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


class Node(Engine):
    """An engine behind a cable."""

    def __init__(self, number, folder):
        self.name, self.folder = f"inknode{number}", folder / f"node{number}"
        self.cable = f"inkcable{number}"
        self.folder.mkdir()
        at = f"unix://{self.folder}/docker.sock"
        super().__init__(f"{NETWORK}.{10 + number}", at)
        # A test that was cut off leaves its network.
        run("ip", "link", "del", self.cable, check=False)
        run("ip", "netns", "del", self.name, check=False)
        run("ip", "netns", "add", self.name)
        atexit.register(run, "ip", "netns", "del", self.name, check=False)
        run("ip", "link", "add", self.cable, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        run("ip", "link", "set", self.cable, "master", BRIDGE, "up")
        for command in (f"addr add {self.address}/24 dev eth0", "link set eth0 up", "link set lo up"):
            run("ip", "-netns", self.name, *command.split())
        log = self.folder / "dockerd.log"
        script = ENGINE.format(name=self.name, folder=self.folder, at=at, network=NETWORK)
        start("nsenter", f"--net=/run/netns/{self.name}", "unshare", "--mount", "--uts",
              "sh", "-ec", script, log=log)
        self.wait(log)

    def unplug(self):
        run("ip", "link", "set", self.cable, "down")

    def plug(self):
        run("ip", "link", "set", self.cable, "up")


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
        run("ip", "link", "del", BRIDGE, check=False)
        run("ip", "link", "add", BRIDGE, "type", "bridge")
        atexit.register(run, "ip", "link", "del", BRIDGE, check=False)
        run("ip", "addr", "add", f"{self.address}/24", "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")
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
