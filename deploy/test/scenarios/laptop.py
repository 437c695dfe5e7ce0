"""What runs on a writer's own machine."""

import shutil
import time

from blog import CLASSIC_BUILDER
from machine import ROOT, answers, docker, free_port, install, run, wait_for


def template(context):
    """The template of a writer's repository is built to an image that serves its posts."""
    blog, tag, port = context.blog, f"{context.blog.machine.registry}/template:1", free_port()
    docker("build", "--quiet", "--tag", tag, f"--build-arg=INKSTACK_REGISTRY={blog.machine.registry}",
           "--build-arg=INKSTACK_TAG=1", "examples/blog-repo", env=CLASSIC_BUILDER)
    container = docker("run", "--detach", "--rm", "--read-only", "--cap-drop", "ALL",
                       "--publish", f"127.0.0.1:{port}:8082", tag)
    try:
        posts = sorted((ROOT / "examples/blog-repo/2026").glob("*.md"))
        assert posts
        for post in posts:
            url = f"http://127.0.0.1:{port}/blog/2026/{post.stem}"
            wait_for(url, lambda u=url: answers(u), 20)
        context.row("the template of a blog's repository: posts served by its image", len(posts))
    finally:
        docker("stop", container, check=False)


def compose(context):
    """`docker compose up` and nothing else; a new post is on the page without a restart."""
    blog, word = context.blog, "handwritten"
    command = ["docker", "compose"]
    if docker("compose", "version", check=False)[0]:
        command = ["docker-compose"]
        if not shutil.which(*command):
            install("docker-compose")
    command += ["--project-name", "inklaptop", "--file", ROOT / "docker-compose.yml"]
    port, content = free_port(), blog.folder / "laptop"
    shutil.copytree(ROOT / "examples/content", content)
    # The program that watches is nobody in particular.
    for path in (content, *content.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    bases = blog.machine.bases
    env = {**CLASSIC_BUILDER, **bases, "BUILDER": bases["BASE"], "REGISTRY": blog.machine.registry, "TAG": "laptop",
           "HTTP_PORT": str(port), "CONTENT": str(content)}
    site = f"http://127.0.0.1:{port}"
    began = time.monotonic()
    try:
        run(*command, "up", "--detach", "--build", env=env)
        for path in ("/", "/api/v1/posts", "/api/v1/search?q=inkstack"):
            wait_for(path, lambda p=path: answers(site + p), 60)
        context.row("docker compose up, programs compiled: pages and API answer after", f"{time.monotonic() - began:.0f} s")
        (content / f"2026/261101-{word}.md").write_text(
            f"```yaml lw-blog-meta\ntitle: {word}\ndate: \"2026-11-01\"\nbrev: By hand.\ntags: [test]\n```\n\n{word}\n")
        began = time.monotonic()
        for path in (f"/blog/2026/261101-{word}", f"/api/v1/posts/blog/2026/261101-{word}.md"):
            wait_for(path, lambda p=path: answers(site + p), 30)
        context.row("a new post in the folder of docker compose: on the page and in the API after", f"{time.monotonic() - began:.1f} s")
    except AssertionError:
        print(run(*command, "logs", "--tail", "5", env=env, check=False)[1])
        raise
    finally:
        run(*command, "down", "--volumes", env=env, check=False)
