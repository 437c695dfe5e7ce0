"""The same blog on both sides: our services, and nginx with the go-gin API of bench/peers, on one MongoDB.
For the scripts here."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import quote, unquote

from measure import run
from servers import free_port, get, wait_until_answers

HERE = Path(__file__).resolve().parent
NGINX = """
daemon off; worker_processes auto; pid {folder}/nginx.pid; error_log stderr error;
events {{ worker_connections 4096; }}
http {{
    include /etc/nginx/mime.types; access_log {folder}/access.log; sendfile on; gzip on; gzip_static on;
    upstream api {{ server 127.0.0.1:{api}; keepalive 64; }}
    server {{
        listen 127.0.0.1:{port}; root {folder}/pages; index index.html; try_files $uri $uri.html $uri/ =404;
        location /api/ {{ proxy_pass http://api; proxy_http_version 1.1; proxy_set_header Connection ""; }}
    }}
}}
"""


class Blog:
    """`content` as a release and in MongoDB, and the programs that serve it. `stack` ends them all. `build` is
    said to `inkstack build` too."""

    def __init__(self, stack, programs, content, folder, build=()):
        self.stack, self.programs, self.folder = stack, programs, folder
        # nginx's workers are somebody else than root.
        folder.chmod(0o755)
        self.release = folder / "release"
        run([programs / "inkstack", "build", content, "--out", self.release, "--keep-going", *build])
        entries = json.loads((self.release / "index.json").read_text())["entries"]
        self.pages = [quote(url) for url, entry in entries.items() if "file" in entry and not url.startswith("/media/")]
        self.posts = [f"/api/v1/posts{url}" for url in self.pages if url.startswith("/blog/") and url.endswith(".md")]
        (folder / "db").mkdir()
        port = free_port()
        self.database = {"MONGODB_URI": f"mongodb://127.0.0.1:{port}", "MONGODB_DATABASE": "blog"}
        self.start(["mongod", "--dbpath", folder / "db", "--bind_ip", "127.0.0.1", "--port", port], port)
        self.static, self.static_at = self.service("blog-static", "/", BLOG_STATIC_RELEASE=self.release)
        loading = {**os.environ, **self.database, "CONTENT_LOADER_BLOG_STATIC": f"127.0.0.1:{self.static_at[0]}"}
        subprocess.run([programs / "content-loader"], env=loading, check=True, stdout=subprocess.DEVNULL)

    def start(self, command, port, path="/", log=subprocess.DEVNULL, seconds=30, **variables):
        """A program that listens at `port`, once it answers `path`, within `seconds`."""
        environment = {"PATH": os.environ["PATH"], **{name: str(value) for name, value in variables.items()}}
        process = subprocess.Popen([str(part) for part in command], env=environment, stdout=log)

        def stop():
            process.terminate()
            process.wait()

        self.stack.callback(stop)
        wait_until_answers(port, path, 200, process, seconds)
        return process

    def service(self, name, path, log=subprocess.DEVNULL, **variables):
        """One of our programs, and its port and admin port."""
        ports, prefix = (free_port(), free_port()), name.upper().replace("-", "_")
        variables[f"{prefix}_LISTEN"] = f"127.0.0.1:{ports[0]}"
        variables[f"{prefix}_ADMIN_LISTEN"] = f"127.0.0.1:{ports[1]}"
        return self.start([self.programs / name], ports[0], path, log, **variables), ports

    def api(self, **variables):
        # As in its image.
        variables = {"LOG_LEVEL": "warn", "MIMALLOC_PURGE_DELAY": "0", **variables}
        return self.service("api", "/api/v1/posts", **self.database, **variables)

    def gateway(self, api_at, **variables):
        replica = "127.0.0.1:{}/{}"
        return self.service("gateway", "/", GATEWAY_API=replica.format(*api_at),
                            GATEWAY_BLOG_STATIC=replica.format(*self.static_at), **variables)

    def go_gin(self):
        """The program, its process and its port."""
        build = subprocess.run([HERE / "peers/build"], check=True, capture_output=True, text=True)
        program, port = Path(build.stdout.strip()), free_port()
        listen = {"LISTEN": f"127.0.0.1:{port}"}
        return program, self.start([program], port, "/api/v1/posts", **listen, **self.database), port

    def nginx(self, api_port):
        """The program, its process and its port; pages are files."""
        for url in self.pages:
            status, _, body = get(self.static_at[0], url)
            if status == 200:
                self.save(url, body)
        port = free_port()
        configuration = self.folder / "nginx.conf"
        configuration.write_text(NGINX.format(folder=self.folder, port=port, api=api_port))
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        command = [program, "-c", configuration, "-e", "stderr", "-p", self.folder]
        return Path(program), self.start(command, port), port

    def save(self, url, body):
        name = "index.html" if url == "/" else unquote(url).lstrip("/")
        file = self.folder / "pages" / (name if Path(name).suffix else f"{name}.html")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
