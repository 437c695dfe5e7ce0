"""The blog that the scenarios share, its content, and the figures for the table."""

import shutil

from machine import ROOT, docker, say, wait_for
from reader import Readers


class Context:
    """The blog, its content, and the figures for the table."""

    def __init__(self, blog):
        self.blog, self.rows = blog, []
        self.content = blog.folder / "content"
        shutil.copytree(ROOT / "examples/content", self.content)
        # So that pages name every script that the theme has.
        with (self.content / "site.toml").open("a") as settings:
            settings.write('\n[comments]\nprovider = "inkstack"\n')
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
        return Readers(self.blog.port, **{"hosts": self.blog.hosts, **options})

    def describe(self):
        """What the swarm says, when something went wrong."""
        for service in ("door", "gateway", "api", "blog-static", "content-loader"):
            name = f"{self.blog.stack}_{service}"
            say(docker("service", "ps", "--no-trunc", "--format",
                       "{{.Name}} {{.CurrentState}} {{.Error}}", name, check=False)[1])
            for container in self.blog.containers(service):
                lines = container.docker("logs", "--tail", "4", check=False, timeout=20)[1]
                say("\n".join(line[:400] for line in lines.splitlines()))

    def remove_secrets(self):
        names = docker("secret", "ls", "--quiet", "--filter", f"label=inkstack.stack={self.blog.stack}")
        if names:
            docker("secret", "rm", *names.split(), check=False)


def no_failures(readers):
    shown = "\n".join(f"    {at:6.2f} s {path}: {what}" for at, path, what in readers.failures[:20])
    assert not readers.failures, f"{readers.summary()}:\n{shown}"
    assert readers.answers["page", 200] > 50 and readers.answers["list", 200] > 50, readers.summary()


def mongosh(blog, script):
    container = wait_for("mongo", lambda: blog.containers("mongo"))[0]
    text = f'db.getSiblingDB("admin").auth("root", process.env.PW); print({script})'
    command = f'PW=$(cat /run/secrets/mongo_root_password) exec mongosh --quiet admin --eval \'{text}\''
    return container.docker("exec", "bash", "-c", command.replace("exec ", "")).splitlines()[-1]
