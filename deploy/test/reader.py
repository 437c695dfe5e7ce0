"""Readers of a blog, for tests: many connections that ask for pages, lists and files without pause, and
notice whatever a browser or a feed reader would take for a failure."""

import asyncio
import collections
import re
import threading
import time
from urllib.parse import quote

# In tags of pages alone: posts show addresses in their text, too.
ASSET = re.compile(rb'<(?:img|link|script|source)\b[^>]*?\b(?:src|href)="(/(?:assets|media)/[^"?#]+)"')
PAGE = re.compile(rb'<a\b[^>]*?\bhref="(/(?:blog|tags|archive|about)[^"?#]*)"')
# Longer than any answer may take here.
DEADLINE = 20


class Failure(Exception):
    """What a client would call an error."""


class Connection:
    """One client's connection, kept alive as long as the server lets it."""

    def __init__(self, host, port):
        self.host, self.port, self.streams = host, port, None

    async def get(self, path):
        """Status, headers, body. A connection that ends without having said so is a failure, even
        between two requests: the next request could be on its way."""
        if self.streams is None:
            self.streams = await asyncio.open_connection(self.host, self.port)
        reader, writer = self.streams
        try:
            request = f"GET {quote(path, safe='/?=&%')} HTTP/1.1\r\nHost: {self.host}\r\n"
            writer.write(f"{request}Accept: text/html,*/*\r\n\r\n".encode())
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            status = int(head.split(b" ", 2)[1])
            lines = head.decode("latin-1").split("\r\n")[1:-2]
            headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines)}
            body = await self.body(reader, headers, status)
        except BaseException:
            self.close()
            raise
        if headers.get("connection", "").lower() == "close":
            self.close()
        return status, headers, body

    @staticmethod
    async def body(reader, headers, status):
        if status in (204, 304):
            return b""
        if "content-length" in headers:
            return await reader.readexactly(int(headers["content-length"]))
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int((await reader.readline()).split(b";")[0], 16):
                body += await reader.readexactly(size)
                await reader.readline()
            await reader.readline()
            return body
        return await reader.read()

    def close(self):
        if self.streams is not None:
            self.streams[1].close()
            self.streams = None


class Readers:
    """Reads in a thread of its own between `with` and its end.

    `answers` counts (kind, status); `failures` are (seconds, path, what); `seen` are (seconds, kind,
    release) whenever a kind of answer first comes from a release.
    """

    def __init__(self, port, hosts=("127.0.0.1",), connections=8, pause=0.01, lag=6.0, extra=()):
        self.port, self.hosts = port, hosts
        self.connections, self.pause, self.lag = connections, pause, lag
        self.answers, self.failures, self.seen = collections.Counter(), [], []
        self.slowest = 0.0
        self.pages, self.lists = ["/"], ["/api/v1/posts", "/api/v1/tags", "/api/v1/search?q=a", *extra]
        self.late = collections.deque()
        self.assets = set()
        self.started = time.monotonic()
        self.stopping = threading.Event()
        self.last = {}

    def __enter__(self):
        self.thread = threading.Thread(target=lambda: asyncio.run(self.run()), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        # Slow readers ask for the last page's files, too.
        time.sleep(self.lag)
        self.stopping.set()
        self.thread.join()

    def seconds(self):
        return time.monotonic() - self.started

    async def run(self):
        await asyncio.gather(*(self.client(n) for n in range(self.connections)))

    async def client(self, number):
        connection, turn = Connection(self.hosts[number % len(self.hosts)], self.port), number
        while not self.stopping.is_set():
            turn += 1
            if number % 4 == 3:
                # As a client that comes for the first time.
                connection.close()
            if number % 2 and self.late and self.late[0][0] < self.seconds():
                path, kind = self.late.popleft()[1], "late asset"
            elif turn % 3 == 0:
                path, kind = self.lists[turn // 3 % len(self.lists)], "list"
            else:
                path, kind = self.pages[turn % len(self.pages)], "page"
            await self.ask(connection, path, kind)
            await asyncio.sleep(self.pause)
        connection.close()

    async def ask(self, connection, path, kind):
        began = time.monotonic()
        try:
            answer = await asyncio.wait_for(connection.get(path), DEADLINE)
        except (OSError, EOFError, ValueError, asyncio.TimeoutError) as error:
            self.failures.append((self.seconds(), path, f"{kind}: {type(error).__name__}: {error}"))
            return
        status, headers, body = answer
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.answers[kind, status] += 1
        if status != 200:
            self.failures.append((self.seconds(), path, f"{kind}: {status} {body[:200]!r}"))
            return
        self.note(kind, headers.get("x-release"))
        if kind == "page":
            is_html = headers.get("content-type", "").startswith("text/html")
            self.follow(body)
            for asset in ASSET.findall(body) if is_html else ():
                # A browser asks at once, one that scrolls asks later.
                asset = asset.decode()
                if asset not in self.assets:
                    self.assets.add(asset)
                    await self.ask(connection, asset, "asset")
                if len(self.late) < 5000:
                    self.late.append((self.seconds() + self.lag, asset))

    def follow(self, body):
        for page in PAGE.findall(body):
            page = page.decode()
            if page not in self.pages and len(self.pages) < 60:
                self.pages.append(page)

    def note(self, kind, release):
        if release and self.last.get(kind) != release:
            self.last[kind] = release
            self.seen.append((self.seconds(), kind, release))

    def summary(self):
        total = sum(self.answers.values())
        return f"{total} answers, {len(self.failures)} failures, slowest {self.slowest * 1000:.0f} ms"
