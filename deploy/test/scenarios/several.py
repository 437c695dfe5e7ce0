"""What only a swarm of several nodes can meet."""

import time

from context import no_failures
from machine import answers, docker, say, wait_for


def nodes_of(blog, service):
    """The names of the nodes on which a service's tasks run, one for each task."""
    return docker("service", "ps", "--filter", "desired-state=running", "--format", "{{.Node}}",
                  f"{blog.stack}_{service}").split()


def spread(context):
    """Replicas stand on different nodes, every node's door serves, scripts say where they must run."""
    blog, nodes = context.blog, context.blog.machine.engines
    for service in ("gateway", "api", "blog-static"):
        assert len(set(nodes_of(blog, service))) == 2, f"{service}: {nodes_of(blog, service)}"
    assert len(set(nodes_of(blog, "door"))) == len(nodes)
    # Each gateway looks for the API by itself.
    for node in nodes:
        wait_for(f"the API by the door of {node.name}", lambda n=node: answers(f"http://{n.address}:{blog.port}/api/v1/posts"))
    with context.readers() as readers:
        time.sleep(5)
    no_failures(readers)
    status, output = blog.script("backup", blog.folder / "wrong-node.gz", check=False)
    assert status == 69 and f"run this on {blog.machine.data.name}" in output, output
    context.row(f"{len(nodes)} nodes: replicas apart, every door serves", f"0 failed of {sum(readers.answers.values())}")


def drain_node(context):
    """A node is emptied for maintenance, and filled again."""
    blog, first, second, _ = context.blog, *context.blog.machine.engines
    with context.readers(hosts=[first.address]) as readers:
        docker("node", "update", "--availability", "drain", second.name)
        services = ("door", "gateway", "api", "blog-static")
        wait_for("the node to be empty",
                 lambda: not any(second.name in nodes_of(blog, service) for service in services))
        wait_for("the stack to be whole", blog.is_whole, 120)
        wait_for("its containers to end", lambda: not second.docker("ps", "--quiet"), 60)
        docker("node", "update", "--availability", "active", second.name)
        wait_for("its door", lambda: len(nodes_of(blog, "door")) == 3 and blog.is_whole(), 60)
    no_failures(readers)
    with context.readers(hosts=[second.address]) as again:
        time.sleep(2)
    no_failures(again)
    context.row("a node drained and active again, readers by another's door", f"0 failed of {sum(readers.answers.values())}")


def cut_off(lost, readers, status):
    """Takes a node's cable out. Returns after how many seconds the swarm knew, and all else was whole."""
    began = readers.seconds()
    lost.unplug()
    said = []

    def is_all_else_whole():
        said.append(status()[1])
        return said[-1].endswith(f"not as it should be: node {lost.name} is down")

    try:
        wait_for("the swarm to notice", lambda: f"{lost.name:<14} down" in status()[1], 120)
        noticed = readers.seconds() - began
        wait_for("all else to be whole", is_all_else_whole, 120)
    except AssertionError:
        say(said[-1] if said else status()[1])
        raise
    return noticed, readers.seconds() - began


def lose(context, lost, what):
    """A node is cut off while readers read by the others' doors, a new post is deployed, and it comes back."""
    blog = context.blog
    others = [node for node in blog.machine.engines if node is not lost]
    hosts, asked = [node.address for node in others], others[0]
    on_it = [service for service in ("gateway", "api", "blog-static") if lost.name in nodes_of(blog, service)]
    word = f"without{lost.name}"
    url = context.write_post(word)
    context.publish(word)

    def script(name, **options):
        return blog.script(name, on=asked, SITE_URL=f"http://{asked.address}:{blog.port}", **options)

    try:
        with context.readers(hosts=hosts) as readers:
            time.sleep(2)
            began = readers.seconds()
            noticed, whole = cut_off(lost, readers, lambda: script("status", check=False))
        with context.readers(hosts=hosts) as later:
            say(f"    {script('deploy').splitlines()[-1]}")
        no_failures(later)
    finally:
        lost.plug()
    wait_for("everything to be as it should be", lambda: script("status", check=False)[0] == 0, 120)
    with context.readers() as again:
        wait_for("the new post by every door", lambda: all(
            answers(f"http://{host}:{blog.port}{url}") for host in blog.hosts), 30)
    no_failures(again)
    for at, path, why in readers.failures[:10]:
        say(f"    {at - began:6.2f} s after: {path}: {why}")
    failed = [at - began for at, _, _ in readers.failures]
    until = f", the last after {max(failed):.1f} s" if failed else ""
    context.row(f"{what} lost (with {', '.join(on_it) or 'a door alone'}), readers by the others' doors",
                f"{len(failed)} failed of {sum(readers.answers.values())}{until}, slowest {readers.slowest:.1f} s; "
                f"noticed after {noticed:.0f} s, whole after {whole:.0f} s")
    context.row(f"{what} lost: a new post is deployed", f"0 failed of {sum(later.answers.values())}")
    assert len(failed) <= readers.connections and all(at < 6 for at in failed), failed


def lose_node(context):
    """A node with replicas is cut off: the others go on, and the blog can be deployed."""
    lose(context, context.blog.machine.engines[1], "a node")


def lose_leader(context):
    """The leader of the swarm is cut off: another leads, and scripts run there."""
    machine = context.blog.machine
    nodes = docker("node", "ls", "--format", "{{.Hostname}} {{.ManagerStatus}}").splitlines()
    leader = next(line.split()[0] for line in nodes if line.endswith("Leader"))
    lose(context, next(node for node in machine.engines if node.name == leader), "the swarm's leader")
