"""What whoever runs the blog does: passwords, certificates, backups; and whom the log names."""

import json

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
            for line in docker("logs", "--tail", "500", container).splitlines() if "198.51.100.2" in line], 20)
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
        say(f"    {blog.script('secrets', 'rotate').splitlines()[-1]}")
    pages = [failure for failure in readers.failures if not failure[1].startswith("/api")]
    assert not pages, pages[:5]
    after = docker("secret", "ls", "--quiet", "--filter", f"label=inkstack.stack={blog.stack}").split()
    assert len(after) == len(before) and not set(after) & set(before)
    assert blog.script("status")
    context.row("all passwords rotated", f"pages failed 0, api failed {len(readers.failures)}, of {sum(readers.answers.values())}")


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
