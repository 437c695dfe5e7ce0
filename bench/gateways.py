"""A gateway, its peers, and the services behind them, on loopback. For the scripts here."""

import atexit
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from servers import DEADLINE, cpu_seconds, free_port, get, proportional

NGINX_PROGRAM = shutil.which("nginx") or "/usr/sbin/nginx"


def scratch():
    """A folder that is gone at the end: an access log has gigabytes by then."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


class Server:
    """A process that is stopped at the end."""

    def __init__(self, name, command, port, environment=None, core=None, folder=None, path="/page"):
        self.name, self.port = name, port
        self.folder = folder or scratch()
        if core is not None:
            command = ["taskset", "-c", str(core), *command]
        self.log = open(Path(self.folder) / f"{name}.log", "ab")
        self.process = subprocess.Popen(command, env=environment, stdout=self.log, stderr=self.log)
        atexit.register(self.stop)
        until = time.monotonic() + DEADLINE
        while get(port, path)[0] != 200:
            if time.monotonic() > until or self.process.poll() is not None:
                self.stop()
                said = Path(self.log.name).read_text(errors="replace")[-2000:]
                raise SystemExit(f"{name} does not answer:\n{said}")
            time.sleep(0.05)

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def memory(self):
        return proportional(self.process.pid)

    def stop(self):
        atexit.unregister(self.stop)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


NGINX = """
worker_processes {workers};
error_log {folder}/error.log warn;
pid {folder}/pid;
events {{ worker_connections 16384; multi_accept on; }}
http {{
    include /etc/nginx/mime.types;
    access_log {access};
    sendfile on; tcp_nopush on; tcp_nodelay on;
    keepalive_timeout 60; keepalive_requests 10000000;
    gzip {gzip}; gzip_types text/html application/json; gzip_proxied any; gzip_vary on;
    open_file_cache max=1000 inactive=60s;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
    fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    proxy_cache_path {folder}/cache keys_zone=pages:10m;
    ssl_session_cache shared:tls:10m; ssl_protocols TLSv1.2 TLSv1.3;
    {certificate}
    upstream service {{ server 127.0.0.1:{service}; keepalive 64; }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        {secure}
        location /api/ {{
            proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection "";
        }}
        location / {{
            proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Accept-Encoding "";
            proxy_cache pages; proxy_cache_valid 200 1h; proxy_cache_lock on;
            proxy_cache_use_stale error timeout updating; proxy_cache_background_update on;
            add_header X-Content-Type-Options nosniff;
        }}
    }}
}}
daemon off;
"""


def page(size):
    """Text that is about as compressible as a page."""
    words = "the quick brown fox jumps over lazy dogs while every reader waits".split()
    text, seed = [], 7
    while sum(map(len, text)) + len(text) < size:
        seed = (seed * 1103515245 + 12345) % 2**31
        text.append(f"{words[seed // 65536 % len(words)]}{seed % 97 if seed % 5 == 0 else ''}")
    return " ".join(text)[:size].encode()


ANSWERS = {
    "/page": ("text/html", "public, max-age=3600", page(10 * 1024)),
    "/picture": ("image/png", "public, max-age=3600", os.urandom(1024 * 1024)),
    "/api/json": ("application/json", "no-store", json.dumps({"x": "y" * 2020}).encode()),
}


SERVICE = """
worker_processes 1;
error_log {folder}/error.log warn;
pid {folder}/pid;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_timeout 60; keepalive_requests 10000000; default_type text/html;
    open_file_cache max=100; sendfile on; tcp_nodelay on;
    gzip on; gzip_comp_level 6; gzip_proxied any; gzip_vary on;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
    fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    server {{
        listen 127.0.0.1:{port} backlog=4096; listen 127.0.0.1:{admin};
        root {folder}; etag on;
        location = /readyz {{ return 200 ready; }}
        location /api/ {{ default_type application/json; add_header Cache-Control no-store; try_files /json =404; }}
        location = /picture {{ default_type image/png; add_header Cache-Control "public, max-age=3600"; }}
        location / {{ add_header Cache-Control "public, max-age={age}, stale-if-error=60"; try_files /page =404; }}
    }}
}}
daemon off;
"""


class Service:
    """What is behind: an nginx with a page, a picture and JSON. It can go and come back."""

    def __init__(self, core=None, age=3600):
        self.port, self.admin, self.core, self.age = free_port(), free_port(), core, age
        self.folder = scratch()
        for name, (_, _, body) in ANSWERS.items():
            (self.folder / name.rsplit("/", 1)[1]).write_bytes(body)
        for path in (self.folder, *self.folder.iterdir()):
            path.chmod(0o755)
        text = SERVICE.format(folder=self.folder, port=self.port, admin=self.admin, age=age)
        (self.folder / "nginx.conf").write_text("user root;\n" + text)
        self.start()

    def start(self):
        command = [NGINX_PROGRAM, "-c", self.folder / "nginx.conf", "-p", self.folder]
        self.server = Server("service", command, self.port, core=self.core, folder=self.folder)

    def stop(self):
        self.server.stop()


def nginx(folder, service, workers=1, gzip="off", certificate=None, core=None, access=None):
    """nginx, tuned, before `service`; it listens for TLS too if it has a certificate."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    port, secure = free_port(), free_port()
    text = NGINX.format(
        workers=workers, folder=folder, port=port, service=service, gzip=gzip,
        # As the gateway does: lines of busy times are written together.
        access=access or f"{folder}/access.log combined buffer=32k flush=20ms",
        certificate="" if not certificate else
        f"ssl_certificate {certificate}.crt; ssl_certificate_key {certificate}.key;",
        secure="" if not certificate else f"listen 127.0.0.1:{secure} ssl http2 backlog=4096;",
    )
    (folder / "nginx.conf").write_text("user root;\n" + text)
    command = [NGINX_PROGRAM, "-c", folder / "nginx.conf", "-p", folder]
    server = Server("nginx", command, port, core=core, folder=folder)
    server.secure = secure
    return server


def gateway(folder, program, service, admin, threads=1, certificates=None, core=None, extra=None, access="info"):
    """The gateway with every feature on; its log goes to a file."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    port, secure = free_port(), free_port()
    environment = {
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "GATEWAY_ADMIN_LISTEN": f"127.0.0.1:{free_port()}",
        "GATEWAY_API": f"127.0.0.1:{service}/{admin}",
        "GATEWAY_BLOG_STATIC": f"127.0.0.1:{service}/{admin}",
        "LOG_FORMAT": "json",
        "LOG_LEVEL": access,
        "TOKIO_WORKER_THREADS": str(threads),
        "MIMALLOC_PURGE_DELAY": "0",
        **(extra or {}),
    }
    if certificates:
        environment |= {
            "GATEWAY_TLS_LISTEN": f"127.0.0.1:{secure}",
            "GATEWAY_TLS_FOLDER": str(certificates),
            "GATEWAY_TLS_ONLY": "off",
        }
    server = Server("gateway", [str(program)], port, environment, core=core, folder=folder)
    server.secure, server.admin = secure, int(environment["GATEWAY_ADMIN_LISTEN"].rsplit(":", 1)[1])
    return server


HAPROXY = """
global
    nbthread {workers}
    maxconn 4000
    log 127.0.0.1:{log} local0
    ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
    mode http
    option httplog
    log global
    timeout connect 5s
    timeout client 60s
    timeout server 60s
cache pages
    total-max-size 64
    max-object-size 2000000
    max-age 3600
frontend all
    bind 127.0.0.1:{port}
    {secure}
    filter cache pages
    http-request cache-use pages
    http-response cache-store pages
    default_backend service
backend service
    server one 127.0.0.1:{service}
"""


def haproxy(folder, service, workers=1, certificate=None, core=None):
    """HAProxy, with its cache; its log goes to a socket that nobody reads, which is its usual way."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    port, secure = free_port(), free_port()
    bind = f"bind 127.0.0.1:{secure} ssl crt {certificate}.pem alpn h2,http/1.1" if certificate else ""
    text = HAPROXY.format(workers=workers, port=port, service=service, secure=bind, log=free_port())
    (folder / "haproxy.cfg").write_text(text)
    command = ["haproxy", "-W", "-f", folder / "haproxy.cfg"]
    server = Server("haproxy", command, port, core=core, folder=folder)
    server.secure = secure
    return server


CADDY = """{{
    admin off
    auto_https off
}}
http://127.0.0.1:{port} {{
    log {{
        output file {folder}/access.log
    }}
    reverse_proxy 127.0.0.1:{service}
}}
"""


def caddy(folder, service, workers=1, core=None):
    """Caddy, which has no cache of its own."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    (folder / "Caddyfile").write_text(CADDY.format(port=port, service=service, folder=folder))
    environment = {**os.environ, "GOMAXPROCS": str(workers), "HOME": str(folder)}
    command = ["caddy", "run", "--config", folder / "Caddyfile", "--adapter", "caddyfile"]
    return Server("caddy", command, port, environment, core=core, folder=folder)
