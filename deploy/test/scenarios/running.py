"""What whoever runs the blog does: passwords, certificates, backups; and whom the log names."""

import hashlib
import itertools
import json

from urllib.parse import quote

from context import mongosh
from machine import ROOT, docker, free_port, run, say, wait_for


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
            for line in container.docker("logs", "--tail", "500").splitlines() if "198.51.100.2" in line], 20)
        assert json.loads(lines[0])["client"] == "198.51.100.2"
        context.row("client address in the gateway's log, through the door", "the client's own")
    finally:
        run("ip", "netns", "del", name, check=False)
        run("ip", "link", "del", "ink0", check=False)


def rotate(context):
    """All passwords are replaced while readers read."""
    blog = context.blog
    before = docker("secret", "ls", "--quiet", "--filter", f"label=inkstack.stack={blog.stack}").split()
    with context.readers() as readers:
        say(f"    {blog.script('secrets', 'rotate', on=blog.machine.data).splitlines()[-1]}")
    pages = [failure for failure in readers.failures if not failure[1].startswith("/api")]
    assert not pages, pages[:5]
    after = docker("secret", "ls", "--quiet", "--filter", f"label=inkstack.stack={blog.stack}").split()
    assert len(after) == len(before) and not set(after) & set(before)
    assert blog.script("status")
    context.row("all passwords rotated", f"pages failed 0, api failed {len(readers.failures)}, of {sum(readers.answers.values())}")


def solved(challenge, bits):
    """What a browser sends for a challenge: a number after which the hash begins with enough zeros."""
    for number in itertools.count():
        digest = hashlib.sha256(f"{challenge}.{number}".encode()).digest()
        if int.from_bytes(digest, "big") >> (256 - bits) == 0:
            return {"challenge": challenge, "solution": str(number)}


def comments(context):
    """Comments by a second stack file: written, held, approved, kept over new passwords, turned off by going back."""
    blog, before = context.blog, dict(context.blog.settings)
    post = json.loads(blog.get("/api/v1/posts?limit=1"))["posts"][0]
    of = f"/api/v1/posts/{quote(post['path'])}/comments"
    assert blog.ask("GET", of)[0] == 404, "they are off by default"
    assert blog.has(quote(post["url"], safe="/%"), 'class="more comments"')
    blog.settings.update({"STACK_FILES": "stack.yml stack.comments.yml", "API_COMMENTS": "held"})
    try:
        status, output, _ = blog.deploy(check=False)
        assert status == 66 and "api_admin_token" in output and "deploy/secrets" in output, output
        written = run("sh", "-c", f"'{ROOT}/deploy/secrets' token 2>/dev/null", env=blog.settings)
        took = blog.deploy()
        text = {"author": "A reader", "text": "Held until somebody has looked at it."}
        task = blog.ask("GET", "/api/v1/comments/challenge")[1]
        status, answer = blog.ask("POST", of, {**text, **solved(task["challenge"], task["bits"])})
        assert status == 202, (status, answer)
        assert text["text"] not in json.dumps(blog.ask("GET", of)[1]), "a held comment is shown"
        assert blog.ask("GET", "/api/v1/admin/comments?state=held", token="x" * 43)[0] == 401
        held = blog.ask("GET", "/api/v1/admin/comments?state=held", token=written)[1]["comments"]
        assert [comment["text"] for comment in held] == [text["text"]], held
        status, answer = blog.ask("POST", f"/api/v1/admin/comments/{held[0]['id']}/approve", token=written)
        assert status < 300, answer

        def is_shown():
            # Both replicas answer in turn.
            return all(text["text"] in json.dumps(blog.ask("GET", of)[1]) for _ in range(6))

        wait_for("the comment", is_shown, 10)
        blog.script("secrets", "rotate")
        assert blog.ask("GET", "/api/v1/admin/comments?state=held", token=written)[0] == 200
        wait_for("the comment after new passwords", is_shown, 10)
        earlier = [line.split()[0] for line in blog.script("rollback", "--list").splitlines()]
        # Back to before all this, and forward again, without naming the second file.
        blog.script("rollback", earlier[-3], STACK_FILES="stack.yml")
        assert blog.ask("GET", of)[0] == 404
        blog.script("rollback", earlier[-1], STACK_FILES="stack.yml")
        wait_for("the comment after going back and forth", is_shown, 10)
        context.row("comments: deployed in, held, approved, kept over new passwords and going back", f"{took:.0f} s, yes, yes, yes")
    finally:
        blog.settings = before
        blog.deploy("--force")


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


def backup(context):
    """Back up, destroy the volumes, restore: all is as before. And without a backup: the posts."""
    blog, data = context.blog, context.blog.machine.data
    posts = blog.get("/api/v1/posts?limit=100")
    mongosh(blog, 'db.getSiblingDB("blog").views.insertMany([{ _id: "blog/a.md", views: NumberLong("12345678901") },'
                  ' { _id: "blog/b.md", views: 7, at: new Date(0) }])')
    views = 'EJSON.stringify(db.getSiblingDB("blog").views.find().sort({ _id: 1 }).toArray(), { relaxed: false })'
    before = mongosh(blog, views)
    assert "12345678901" in before, before
    file = blog.folder / "backup.gz"
    say(f"    {blog.script('backup', file, on=data).splitlines()[-1]}")
    broken = blog.folder / "broken.gz"
    broken.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    blog.destroy()
    blog.forget()
    took = blog.deploy()
    assert blog.get("/api/v1/posts?limit=100") == posts, "posts come back from Git alone"
    context.row("volumes destroyed, no backup: posts are back after", f"{took:.0f} s")
    assert mongosh(blog, views) == "[]"
    status, output = blog.script("restore", broken, "--replace", on=data, check=False)
    assert status != 0 and mongosh(blog, views) == "[]", output
    status, output = blog.script("restore", file, on=data, check=False)
    assert status != 0 and "--replace" in output, output
    say(f"    {blog.script('restore', file, '--replace', on=data).splitlines()[-1]}")
    assert mongosh(blog, views) == before
    wait_for("the posts", lambda: blog.get("/api/v1/posts?limit=100") == posts)
    context.row("backup, volumes destroyed, restore", "posts and counters identical")
