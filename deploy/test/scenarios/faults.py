"""What breaks by itself."""

import time

from machine import as_root, docker, run, wait_for


def kill(blog, service):
    """Kills one of a service's containers. Returns after how many seconds another one is ready."""
    before, began = blog.containers(service), time.monotonic()
    killed = before[0]
    killed.docker("kill")

    def is_replaced():
        now = [container.name for container in blog.containers(service)]
        return killed.name not in now and len(now) == len(before) and blog.is_whole()

    wait_for("the stack to be whole", is_replaced, 120)
    return time.monotonic() - began


def kill_each(context):
    """Each task is killed in turn; pages go on."""
    blog = context.blog
    for service in ("blog-static", "api", "redis", "mongo", "gateway", "door"):
        with context.readers(pause=0.02) as readers:
            time.sleep(1)
            recovery = kill(blog, service)
        pages = [what for _, path, what in readers.failures if not path.startswith("/api")]
        api = [what for _, path, what in readers.failures if path.startswith("/api")]
        figure = f"pages failed {len(pages)}, api failed {len(api)}, of {sum(readers.answers.values())}; whole after {recovery:.0f} s"
        context.row(f"kill of {service}", figure)
        if service not in ("gateway", "door"):
            assert not pages, pages[:5]
        if service == "gateway":
            # Its own connections are cut: what was in hand there is lost, and a browser asks again.
            assert len(readers.failures) <= readers.connections, readers.failures[:10]
        if service in ("blog-static", "redis"):
            assert not api, api[:5]


def wrong_password(context):
    """A password that MongoDB does not take: said at once, all goes back."""
    blog = context.blog
    bad = f"{blog.stack}_loader_mongodb_uri_99991231t000000"
    uri = "mongodb://nobody:wrong@mongo:27017/?authSource=admin"
    docker("secret", "create", "--label", f"inkstack.stack={blog.stack}", "--label",
           "inkstack.secret=loader_mongodb_uri", bad, "-", stdin=uri.encode())
    try:
        status, output, took = blog.deploy("--force", check=False)
        said = "refuses the user or password in MONGODB_URI"
        assert status == 1 and said in output and "all is as before" in output, output
        context.row("wrong database password: named, and all as before after", f"{took:.0f} s")
    finally:
        wait_for("the bad secret to go", lambda: docker("secret", "rm", bad, check=False)[0] == 0, 60)


def full_disk(context):
    """MongoDB's disk is full: `deploy` says so, pages go on, and with room again all goes on."""
    blog, image, word = context.blog, context.blog.folder / "disk", "overflow"
    volume = f"{blog.stack}_mongo"
    run("truncate", "--size", "600M", image)
    run("mkfs.ext4", "-q", image)
    blog.destroy()
    blog.forget()
    device = run(*as_root(), "losetup", "--find", "--show", image)
    try:
        docker("volume", "create", "--driver", "local", "--opt", "type=ext4", "--opt", f"device={device}", volume)
        blog.deploy()
        filler = "/data/db/filler"
        status, said = blog.containers("mongo")[0].docker("exec", "dd", "if=/dev/zero", f"of={filler}", "bs=1M", check=False)
        assert status and "No space" in said, said
        url = context.write_post(word)
        context.publish("too-much")
        with context.readers() as readers:
            status, output, took = blog.deploy(check=False)
            assert status == 69 and "disk of mongo's volume is full" in output and "nothing was changed" in output, output
            status, said = blog.script("status", check=False)
            assert status == 1 and "disk of mongo's volume is full" in said, said
            # Long enough for mongod to stumble over it.
            time.sleep(20)
        pages = [failure for failure in readers.failures if not failure[1].startswith("/api")]
        assert not pages, pages[:5]
        context.row("MongoDB's disk is full: said by `deploy` and `status` after", f"{took:.0f} s; pages failed 0, "
                    f"api failed {len(readers.failures)}, of {sum(readers.answers.values())}")
        docker("run", "--rm", "--volume", f"{volume}:/volume", "--entrypoint", "rm",
               blog.settings["MONGO_IMAGE"], "/volume/filler")
        took = blog.deploy()
        assert blog.has(url, word) and blog.has("/api/v1/posts?limit=1", word)
        context.row("the same with room again: the new post is there after", f"{took:.0f} s")
    finally:
        blog.destroy()
        blog.forget()
        run(*as_root(), "losetup", "--detach", device)
    blog.deploy()
