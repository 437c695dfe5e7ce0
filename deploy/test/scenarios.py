"""What happens to a blog in production, one function each. They run in this order: each finds the stack
whole and leaves it so."""

import json
import shutil
import threading
import time
from urllib.parse import unquote

from blog import SERVICES, build_image
from machine import ROOT, docker, free_port, run, say, wait_for
from reader import Readers

# A bad image must be gone within this time.
ROLLBACK_SECONDS = 60


class Context:
    """The blog, its content, and the figures for the table."""

    def __init__(self, blog):
        self.blog, self.rows = blog, []
        self.content = blog.folder / "content"
        shutil.copytree(ROOT / "examples/content", self.content)
        self.release = None
        self.posts = 0

    def row(self, what, figure):
        self.rows.append((what, figure))
        say(f"    {what}: {figure}")

    def table(self):
        rows = [("what", "figure"), ("---", "---"), *self.rows]
        return "\n".join(f"| {what} | {figure} |" for what, figure in rows)

    def write_post(self, word):
        """A new post that contains `word`, newer than all others. Returns its URL."""
        self.posts += 1
        day = f"2026-10-{self.posts:02}"
        path = self.content / f"2026/2610{self.posts:02}-{word}.md"
        path.parent.mkdir(exist_ok=True)
        header = f'```yaml lw-blog-meta\ntitle: About {word}\ndate: "{day}"\nbrev: On {word}.\ntags: [test]\n```'
        path.write_text(f"{header}\n\n## {word}\n\nA text with the word {word}.\n")
        return f"/blog/2026/2610{self.posts:02}-{word}"

    def publish(self, name):
        self.release = self.blog.publish(self.content, name, previous=self.release)

    def readers(self, **options):
        return Readers(self.blog.port, **options)

    def describe(self):
        """What the swarm says, when something went wrong."""
        for service in ("door", "gateway", "api", "blog-static", "content-loader"):
            name = f"{self.blog.stack}_{service}"
            say(docker("service", "ps", "--no-trunc", "--format",
                       "{{.Name}} {{.CurrentState}} {{.Error}}", name, check=False)[1])
            for container in self.blog.containers(service):
                lines = docker("logs", "--tail", "4", container, check=False, timeout=20)[1]
                say("\n".join(line[:400] for line in lines.splitlines()))

    def remove_secrets(self):
        names = docker("secret", "ls", "--quiet", "--filter", f"label=inkstack.stack={self.blog.stack}")
        if names:
            docker("secret", "rm", *names.split(), check=False)


def no_failures(readers):
    shown = "\n".join(f"    {at:6.2f} s {path}: {what}" for at, path, what in readers.failures[:20])
    assert not readers.failures, f"{readers.summary()}:\n{shown}"
    assert readers.answers["page", 200] > 50 and readers.answers["list", 200] > 50, readers.summary()


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
    assert set(old) <= readers.assets and set(new) <= readers.assets, "readers saw both"
    for url in old:
        assert blog.get(url), url
    context.row("new style and script: old files that are still served", f"{len(old)} of {len(old)}")
    context.row("new style and script: failed requests", f"0 of {sum(readers.answers.values())}")


def assets(context):
    """The styles and scripts that the pages of the current release name."""
    index = json.loads((context.release / "index.json").read_text())
    return sorted(url for url in index["entries"] if url.endswith((".css", ".js")))


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


def client_address(context):
    """A client of another host is known by its own address, through the door."""
    blog, name = context.blog, "inkclient"
    commands = [
        f"ip netns add {name}",
        f"ip link add ink0 type veth peer name ink1 netns {name}",
        "ip addr add 198.51.100.1/24 dev ink0",
        "ip link set ink0 up",
        f"ip netns exec {name} ip addr add 198.51.100.2/24 dev ink1",
        f"ip netns exec {name} ip link set ink1 up",
    ]
    try:
        for command in commands:
            run(*command.split())
        url = f"http://198.51.100.1:{blog.port}/about?who"
        wait_for("an answer", lambda: run("ip", "netns", "exec", name, "curl", "-sf", "--max-time", "5",
                                          "-o", "/dev/null", url, check=False)[0] == 0, 20)
        lines = wait_for("the access log's line", lambda: [
            line for container in blog.containers("gateway")
            for line in docker("logs", "--tail", "500", container).splitlines() if "198.51.100.2" in line], 20)
        assert json.loads(lines[0])["client"] == "198.51.100.2"
        context.row("client address in the gateway's log, through the door", "the client's own")
    finally:
        run("ip", "netns", "del", name, check=False)
        run("ip", "link", "del", "ink0", check=False)


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


def kill_each(context):
    """Each task is killed in turn; pages go on."""
    blog = context.blog
    for service in ("blog-static", "api", "redis", "mongo", "gateway", "door"):
        with context.readers(pause=0.02) as readers:
            time.sleep(1)
            docker("kill", blog.containers(service)[0])
            began = time.monotonic()
            wait_for("the swarm to notice", lambda: not blog.is_whole() or time.monotonic() - began > 5)
            wait_for("the stack to be whole", blog.is_whole, 120)
            recovery = time.monotonic() - began
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


def backup(context):
    """Back up, destroy the volumes, restore: all is as before. And without a backup: the posts."""
    blog = context.blog
    posts = blog.get("/api/v1/posts?limit=100")
    mongosh(blog, 'db.getSiblingDB("blog").views.insertMany([{ _id: "blog/a.md", views: NumberLong("12345678901") },'
                  ' { _id: "blog/b.md", views: 7, at: new Date(0) }])')
    views = 'EJSON.stringify(db.getSiblingDB("blog").views.find().sort({ _id: 1 }).toArray(), { relaxed: false })'
    before = mongosh(blog, views)
    assert "12345678901" in before, before
    file = blog.folder / "backup.gz"
    say(f"    {blog.script('backup', file).splitlines()[-1]}")
    broken = blog.folder / "broken.gz"
    broken.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    blog.destroy()
    blog.forget()
    took = blog.deploy()
    assert blog.get("/api/v1/posts?limit=100") == posts, "posts come back from Git alone"
    context.row("volumes destroyed, no backup: posts are back after", f"{took:.0f} s")
    assert mongosh(blog, views) == "[]"
    status, output = blog.script("restore", broken, "--replace", check=False)
    assert status != 0 and mongosh(blog, views) == "[]", output
    status, output = blog.script("restore", file, check=False)
    assert status != 0 and "--replace" in output, output
    say(f"    {blog.script('restore', file, '--replace').splitlines()[-1]}")
    assert mongosh(blog, views) == before
    wait_for("the posts", lambda: blog.get("/api/v1/posts?limit=100") == posts)
    context.row("backup, volumes destroyed, restore", "posts and counters identical")


def certificate(folder, number):
    """A certificate as an authority would have made it, put there by the hook for certbot."""
    lineage = folder / "lineage/localhost"
    lineage.mkdir(parents=True, exist_ok=True)
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-days", "2", "-subj", f"/CN=number {number}", "-addext", "subjectAltName=DNS:localhost",
        "-keyout", lineage / "privkey.pem", "-out", lineage / "fullchain.pem")
    run(ROOT / "deploy/certbot-hook", env={"TLS_FOLDER": str(folder), "RENEWED_LINEAGE": str(lineage)})
    return lineage / "fullchain.pem"


def https(context):
    """HTTPS by a second stack file; a renewed certificate is taken without a restart."""
    blog, port = context.blog, free_port()
    folder = blog.folder / "certificates"
    folder.mkdir()
    # The test's folder is for its user alone; the gateway's must come through.
    for path in (blog.machine.folder, blog.folder, folder):
        path.chmod(0o755)
    trusted = certificate(folder, 1)
    settings = {
        "STACK_FILES": "stack.yml stack.tls.yml", "HTTPS_PORT": str(port), "TLS_FOLDER": str(folder),
        "SITE_URL": f"https://localhost:{port}", "CURL_CA_BUNDLE": str(trusted),
    }
    before = dict(blog.settings)
    blog.settings.update(settings)
    try:
        took = blog.deploy()
        curl = ["curl", "--silent", "--show-error", "--max-time", "10", "--cacert", trusted]
        answer = run(*curl, "-o", "/dev/null", "-w", "%{http_version} %{http_code}", f"https://localhost:{port}/")
        assert answer == "2 200", answer
        answer = run(*curl, "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", f"{blog.site}/about?a=b")
        assert answer == f"308 https://127.0.0.1:{port}/about?a=b", answer
        tasks = blog.tasks("gateway")
        certificate(folder, 2)
        wait_for("the new certificate", lambda: "number 2" in run(
            "sh", "-c", f"openssl s_client -connect localhost:{port} -servername localhost </dev/null 2>/dev/null"
            " | openssl x509 -noout -subject", check=False)[1], 30)
        assert blog.tasks("gateway") == tasks
        context.row("HTTPS: deployed in, redirect, renewed certificate without a restart", f"{took:.0f} s, yes, yes")
    finally:
        blog.settings = before
        blog.deploy("--force")


def mongosh(blog, script):
    container = wait_for("mongo", lambda: blog.containers("mongo"))[0]
    text = f'db.getSiblingDB("admin").auth("root", process.env.PW); print({script})'
    command = f'PW=$(cat /run/secrets/mongo_root_password) exec mongosh --quiet admin --eval \'{text}\''
    return docker("exec", container, "bash", "-c", command.replace("exec ", "")).splitlines()[-1]


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
    newest, blog.created = blog.created, 0
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


def wrong_password(context):
    """A password that MongoDB does not take: said at once, all goes back."""
    blog = context.blog
    bad = f"{blog.stack}_loader_mongodb_uri_99991231t000000"
    uri = "mongodb://nobody:wrong@mongo:27017/?authSource=admin"
    docker("secret", "create", "--label", f"inkstack.stack={blog.stack}", "--label",
           "inkstack.secret=loader_mongodb_uri", bad, "-", stdin=uri.encode())
    try:
        status, output, took = blog.deploy("--force", check=False)
        assert status == 1 and "MONGODB_URI" in output and "all is as before" in output, output
        context.row("wrong database password: said after", f"{took:.0f} s, with the setting's name")
    finally:
        wait_for("the bad secret to go", lambda: docker("secret", "rm", bad, check=False)[0] == 0, 60)


def rotate(context):
    """All passwords are replaced while readers read."""
    blog = context.blog
    before = docker("secret", "ls", "--quiet", "--filter", f"label=inkstack.stack={blog.stack}").split()
    with context.readers() as readers:
        say(f"    {blog.script('secrets', 'rotate').splitlines()[-1]}")
    pages = [failure for failure in readers.failures if not failure[1].startswith("/api")]
    assert not pages, pages[:5]
    after = docker("secret", "ls", "--quiet", "--filter", f"label=inkstack.stack={blog.stack}").split()
    assert len(after) == len(before) and not set(after) & set(before)
    assert blog.script("status")
    context.row("all passwords rotated", f"pages failed 0, api failed {len(readers.failures)}, of {sum(readers.answers.values())}")


ALL = {
    scenario.__name__.replace("_", "-"): scenario
    for scenario in (
        first, nothing_new, same_again, client_address, new_content, new_style, update_api,
        update_blog_static, update_gateway, update_door, crash, never_ready, bad_images, going_back,
        kill_each, wrong_password, rotate, https, backup,
    )
}
