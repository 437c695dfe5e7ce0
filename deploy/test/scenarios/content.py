"""What a writer does: the first deploy, new posts, new looks, and going back."""

import json
import shutil
import threading
import time
from urllib.parse import unquote

from context import no_failures
from machine import ROOT, docker, say


def first(context):
    """From an empty swarm to the first page."""
    blog = context.blog
    four = ("gateway", "api", "blog-static", "content-loader")
    sizes = [(ROOT / "dist/amd64" / part).stat().st_size / 1e6 for part in four]
    context.row(f"size of {', '.join(four)} on scratch", f"{sum(sizes):.1f} MB ({' + '.join(f'{size:.1f}' for size in sizes)})")
    blog.write_manifest()
    context.publish("first")
    status, output, _ = blog.deploy(check=False)
    assert status == 66 and "deploy/secrets create" in output, "missing secrets are named"
    blog.script("secrets", "create")
    began = time.monotonic()
    first_page = []

    def look():
        seen = None
        while time.monotonic() - began < 240:
            services = docker("service", "ls", "--quiet", "--filter", f"name={blog.stack}_")
            seen = seen or (time.monotonic() if services else None)
            if seen and blog.is_up():
                first_page.append(time.monotonic() - seen)
                return
            time.sleep(0.1)

    looking = threading.Thread(target=look)
    looking.start()
    took = blog.deploy()
    looking.join()
    assert first_page, "no page was ever seen"
    context.row("empty swarm, images there: to the first page", f"{first_page[0]:.1f} s")
    context.row("the same, until `deploy` has seen pages, lists and search", f"{took:.0f} s")
    assert blog.is_whole()


def nothing_new(context):
    """A tick of cron with nothing new writes nothing."""
    blog = context.blog
    before, tasks = blog.versions(), blog.all_tasks()
    took = blog.deploy()
    assert blog.versions() == before, "something was written to the swarm"
    assert blog.all_tasks() == tasks
    context.row("cron tick with nothing new: writes to the swarm", f"0 ({took:.0f} s)")


def same_again(context):
    """Deploying the same again restarts the loader alone."""
    blog, tasks = context.blog, context.blog.all_tasks()
    with context.readers() as readers:
        blog.deploy("--force")
    no_failures(readers)
    assert blog.all_tasks() == tasks, "a task was replaced"
    context.row("same tags again: tasks replaced, failed requests", f"0, 0 of {sum(readers.answers.values())}")


def new_content(context):
    """A new post appears in page, list and search together, and old pages keep their files."""
    blog, word = context.blog, "vermilion"
    url = context.write_post(word)
    context.publish("second")
    with context.readers() as readers:
        seen = {}

        def watch():
            places = {"page": (url, word), "list": ("/api/v1/posts?limit=1", word),
                      "search": (f"/api/v1/search?q={word}", url)}
            while len(seen) < len(places) and readers.seconds() < 200:
                for place, (path, mark) in places.items():
                    if place not in seen and blog.has(path, mark):
                        seen[place] = readers.seconds()
                time.sleep(0.05)

        watching = threading.Thread(target=watch)
        watching.start()
        blog.deploy()
        watching.join()
    no_failures(readers)
    assert set(seen) == {"page", "list", "search"}, f"seen: {seen}"
    apart = max(seen.values()) - min(seen.values())
    context.row("new post: page, list and search appear within", f"{apart:.1f} s of each other")
    assert apart < 4, seen
    # Two gateways look once a second, each by itself; a reader stays with one of them.
    for kind in ("page", "list"):
        changes = [(at, release) for at, seen_kind, release in readers.seen if seen_kind == kind]
        first_new = next(at for at, release in changes if release != changes[0][1])
        mixed = changes[-1][0] - first_new
        assert changes[-1][1] != changes[0][1] and mixed < 3, changes
        context.row(f"new content: old and new {kind}s side by side for", f"{mixed:.1f} s")
    context.row("new content: failed requests, late files of old pages included",
                f"0 of {sum(readers.answers.values())}")


def new_style(context):
    """A new style and script: no page that was served names a file that is gone."""
    blog = context.blog
    old = assets(context)
    # A writer's own theme takes the place of the one that is built in.
    for source in (ROOT / "theme/assets").iterdir():
        if source.suffix in (".css", ".js"):
            own = context.content / "theme/assets" / source.name
            own.parent.mkdir(parents=True, exist_ok=True)
            own.write_text(source.read_text() + "\n/* another version of the theme */\n")
    context.publish("restyled")
    new = assets(context)
    assert old and new and not set(old) & set(new), f"all are new: {old}, {new}"
    # Readers who come back to a page's files long after it was served.
    with context.readers(lag=15.0) as readers:
        blog.deploy()
    no_failures(readers)
    assert readers.answers["late asset", 200] > 50, readers.summary()
    missed = {*old, *new} - readers.assets
    assert not missed, f"readers never met {missed}"
    for url in old:
        assert blog.get(url), url
    context.row("new style and script: old files that are still served", f"{len(old)} of {len(old)}")
    context.row("new style and script: failed requests", f"0 of {sum(readers.answers.values())}")


def assets(context):
    """The styles and scripts that the pages of the current release name."""
    index = json.loads((context.release / "index.json").read_text())
    return sorted(url for url in index["entries"] if url.endswith((".css", ".js")))


def going_back(context):
    """`rollback` brings the release before back to readers; cron leaves it there; older manifests are refused."""
    blog, word = context.blog, "undone"
    url = context.write_post(word)
    kept = context.release
    context.publish("undone")
    blog.write_manifest()
    blog.deploy()
    assert blog.has(url, word) and blog.has("/api/v1/posts?limit=1", word)
    with context.readers() as readers:
        say(f"    {blog.script('rollback').splitlines()[-1]}")
    # What the release before has not is gone, for those who had its address, too.
    known = json.loads((kept / "index.json").read_text())["entries"]
    readers.failures = [failure for failure in readers.failures if unquote(failure[1]) in known]
    no_failures(readers)
    assert not blog.has("/api/v1/posts?limit=1", word) and not blog.has(url, word)
    status, output, _ = blog.deploy(check=False)
    assert status == 0 and "was tried and refused" in output, output
    newest, blog.created = blog.created, -1
    blog.write_manifest()
    status, output, _ = blog.deploy(check=False)
    assert status == 65 and "older than the one that runs" in output, output
    blog.created = newest
    context.row("rollback", f"post gone from page and list, 0 failed of {sum(readers.answers.values())}")
    context.release = kept
    (context.content / f"2026/2610{context.posts:02}-{word}.md").unlink()
    context.publish("redone")
    blog.write_manifest()
    blog.deploy()
