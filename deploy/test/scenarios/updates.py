"""New programs, good ones and bad ones."""

import shutil
import threading
import time

from blog import SERVICES, build_image
from context import no_failures
from machine import docker

# A bad image must be gone within this time.
ROLLBACK_SECONDS = 60


def update(context, part, note):
    """An update of one part with nothing but another image."""
    blog = context.blog
    image = blog.images[part]
    blog.derive(part, f"{part}-update")
    blog.write_manifest()
    before = blog.all_tasks()
    with context.readers() as readers:
        took = blog.deploy()
    after = blog.all_tasks()
    assert not before[part] & after[part], f"{part} was not replaced"
    others = [name for name in SERVICES if name != part and before[name] != after[name]]
    assert not others, f"{others} were replaced, too"
    assert image != blog.images[part]
    context.row(f"update of {part}: failed requests", f"{len(readers.failures)} of {sum(readers.answers.values())} ({took:.0f} s){note}")
    return readers


def update_api(context):
    """A new api."""
    no_failures(update(context, "api", ""))


def update_gateway(context):
    """A new gateway, behind the door."""
    no_failures(update(context, "gateway", ""))


def update_blog_static(context):
    """A new blog-static with the same release."""
    blog = context.blog
    context.blog.derive("blog-static", "1b")
    tag = blog.settings["CONTENT_IMAGE"]
    folder = blog.folder / "content-again"
    folder.mkdir()
    shutil.copytree(context.release, folder / "release")
    build_image(tag, f"FROM {blog.machine.registry}/blog-static:1b\nCOPY release /release\n", folder)
    blog.push(tag)
    before = blog.all_tasks()
    with context.readers() as readers:
        took = blog.deploy()
    assert not before["blog-static"] & blog.tasks("blog-static")
    no_failures(readers)
    context.row("update of blog-static: failed requests", f"0 of {sum(readers.answers.values())} ({took:.0f} s)")


def update_door(context):
    """A new door: the host's ports have one owner, so there is a gap; how long?"""
    readers = update(context, "door", "")
    failures = [at for at, _, _ in readers.failures]
    gap = max(failures) - min(failures) if failures else 0.0
    context.row("update of the door: the ports are closed for", f"{gap:.1f} s")
    assert gap < 6, gap


def direct(context):
    """Without the door, the gateway has the host's ports: how long is the gap of an update then?"""
    blog, before = context.blog, dict(context.blog.settings)
    blog.settings["STACK_FILES"] = "stack.yml stack.direct.yml"
    try:
        blog.deploy()
        assert not blog.containers("door")
        blog.derive("gateway", "direct-update")
        blog.write_manifest()
        with context.readers() as readers:
            took = blog.deploy()
        failures = [at for at, _, _ in readers.failures]
        assert failures, "one port cannot have two owners"
        gap = max(failures) - min(failures)
        figure = f"{gap:.1f} s, {len(failures)} of {sum(readers.answers.values())} failed ({took:.0f} s)"
        context.row("without the door, update of the gateway: the port is closed for", figure)
        assert gap < 6, gap
    finally:
        blog.settings = before
        blog.deploy("--force")


def refuse(context, part, tag, lines, expected):
    """Deploys an image that is broken and sees it go."""
    blog = context.blog
    good, before = dict(blog.images), blog.all_tasks()
    blog.derive(part, tag, lines)
    blog.write_manifest()
    blog.images = good
    with context.readers() as readers:
        began = time.monotonic()
        gone = []

        def look():
            state = "{{with .UpdateStatus}}{{.State}} {{.StartedAt}}{{end}}"
            first_state = docker("service", "inspect", "--format", state, f"{blog.stack}_{part}")
            started = None
            while time.monotonic() - began < 200 and not gone:
                now = docker("service", "inspect", "--format", state, f"{blog.stack}_{part}")
                if now != first_state and started is None:
                    started = time.monotonic()
                if started and now.startswith("rollback_completed"):
                    gone.append(time.monotonic() - started)
                time.sleep(0.2)

        looking = threading.Thread(target=look)
        looking.start()
        status, output, took = blog.deploy(check=False)
        looking.join()
    no_failures(readers)
    assert status == 1 and "all is as before" in output, output
    assert expected in output, output
    assert gone and gone[0] < ROLLBACK_SECONDS, f"rolled back after {gone} s"
    after = blog.all_tasks()
    assert all(before[name] == after[name] for name in SERVICES if name != part), "others were touched"
    context.row(f"{tag}: rolled back by the swarm after", f"{gone[0]:.0f} s, 0 failed of {sum(readers.answers.values())}")
    # cron must not try the same again and again.
    again = blog.deploy(check=False)
    assert again[0] == 0 and "was tried and refused" in again[1], again[1]
    blog.write_manifest()


def crash(context):
    """An image that crashes at its start is rolled back by itself."""
    refuse(context, "api", "crashes", 'ENTRYPOINT ["/bin/false"]', "non-zero exit")


def never_ready(context):
    """An image that never becomes ready is rolled back by itself."""
    # A database that nobody has registered anything in.
    refuse(context, "api", "never-ready", "ENV MONGODB_DATABASE=elsewhere", "unhealthy")


def bad_images(context):
    """A missing image, one that is not what was released, a registry that is away: nothing is touched."""
    blog = context.blog
    before, tasks = blog.versions(), blog.all_tasks()
    good = blog.images["api"]
    for change, words in (
        (f"{blog.machine.registry}/api:no-such@{good.split('@')[1]}", "is not in the registry"),
        (f"{good.split('@')[0]}@sha256:{'0' * 64}", "is not what was released"),
        (f"127.0.0.1:1/api:1@{good.split('@')[1]}", "the registry cannot be reached"),
        ("api", "is no release manifest that can be used"),
    ):
        blog.write_manifest(api=change)
        status, output, _ = blog.deploy(check=False)
        assert status in (65, 69) and words in output, output
    assert blog.versions() == before and blog.all_tasks() == tasks
    blog.write_manifest()
    context.row("missing or changed image, registry away", "named; nothing touched")
