//! A gateway of its own for each test, before replicas that do what they are told.

use gateway::{Application, Origin, Settings};
use reqwest::{Client, Response, redirect};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

/// What a replica does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Behaviour {
    /// Answers 200; the body says who answered, then repeats the request's head.
    Echo(&'static str),
    /// Answers this status, with this body.
    Status(u16, &'static str),
    /// Reads until the client says nothing for a while, then answers 200.
    Body,
    /// Answers this page, which may change.
    Page(Page),
    /// Takes the request and closes.
    Reset,
    /// Takes the request and says nothing.
    Hang,
    /// Answers 200 after so long.
    Slow(Duration),
    /// Answers 200 and names this release, as a second listener does.
    Release(Arc<Mutex<&'static str>>),
    /// Answers half of what it promises, and closes.
    Half,
    /// As `Half`, and resets.
    HalfReset,
    /// Answers more than it promises.
    TooMuch,
    /// Answers 200, with such a pause before each line of its head.
    SlowHead(Duration),
    /// Answers 200, with such a pause in the middle of its body.
    SlowBody(Duration),
    /// Answers 200 and a piece of its body, and the next one when it is told.
    Stream(Arc<Notify>),
    /// Speaks another protocol from then on: it says again what is said.
    Upgrade,
}

/// A page that a test can change.
#[derive(Debug, Clone)]
pub(crate) struct Page(Arc<Mutex<(PageContent, String)>>);

#[derive(Debug, Clone)]
pub(crate) struct PageContent {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: String,
    pub(crate) pause: Duration,
}

impl Page {
    /// A status for "closes without an answer".
    pub(crate) const RESETS: u16 = 0;

    pub(crate) fn new(status: u16, headers: &str, body: &str) -> Self {
        let (headers, body) = (headers.to_owned(), body.to_owned());
        let content = PageContent { status, headers, body, pause: Duration::ZERO };
        Self(Arc::new(Mutex::new((content, String::new()))))
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut PageContent)) {
        change(&mut self.0.lock().unwrap().0);
    }

    fn content(&self) -> PageContent {
        self.0.lock().unwrap().0.clone()
    }

    fn note(&self, head: &[u8]) {
        self.0.lock().unwrap().1 = String::from_utf8_lossy(head).to_lowercase();
    }

    /// The head of the last request, in lower case.
    pub(crate) fn last_request(&self) -> String {
        self.0.lock().unwrap().1.clone()
    }
}

/// A replica, and a second listener that says that it is well.
pub(crate) struct Replica {
    pub(crate) addr: SocketAddr,
    admin: SocketAddr,
    requests: Arc<AtomicUsize>,
    checks: Arc<AtomicUsize>,
    serves: Arc<Mutex<&'static str>>,
}

impl Replica {
    pub(crate) async fn start(behaviour: Behaviour) -> Self {
        Self::with(behaviour, Behaviour::Status(200, "ready")).await
    }

    async fn with(behaviour: Behaviour, check: Behaviour) -> Self {
        let (requests, checks): (Arc<AtomicUsize>, Arc<AtomicUsize>) = Default::default();
        let addr = listen(behaviour, requests.clone()).await;
        let admin = listen(check, checks.clone()).await;
        Self { addr, admin, requests, checks, serves: Arc::default() }
    }

    /// One that is well, and whose system takes connections for nobody.
    pub(crate) async fn half_open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let _held = listener;
            std::future::pending::<()>().await;
        });
        Self { addr, ..Self::start(Behaviour::Hang).await }
    }

    /// One that is well and refuses connections.
    pub(crate) async fn refusing() -> Self {
        let addr = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        Self { addr, ..Self::start(Behaviour::Hang).await }
    }

    /// One that is well, and answers at `addr`.
    pub(crate) async fn at(addr: SocketAddr) -> Self {
        Self { addr, ..Self::start(Behaviour::Hang).await }
    }

    /// One that works and says that it is not well.
    pub(crate) async fn ill(behaviour: Behaviour) -> Self {
        Self::with(behaviour, Behaviour::Status(503, "ill")).await
    }

    /// One that says that it serves `release`, and whose pages say so too.
    pub(crate) async fn of(release: &'static str) -> Self {
        let serves = Arc::new(Mutex::new(release));
        let says = || Behaviour::Release(serves.clone());
        Self { serves: serves.clone(), ..Self::with(says(), says()).await }
    }

    /// One that says that it serves `release`.
    pub(crate) async fn with_release(release: &'static str, behaviour: Behaviour) -> Self {
        Self::with(behaviour, Behaviour::Release(Arc::new(Mutex::new(release)))).await
    }

    /// One that says that it serves `release`, until it says otherwise.
    pub(crate) async fn of_changing(release: &'static str, behaviour: Behaviour) -> Self {
        let serves = Arc::new(Mutex::new(release));
        let says = Behaviour::Release(serves.clone());
        Self { serves, ..Self::with(behaviour, says).await }
    }

    /// From now on it serves `release`; waits until the gateway has asked.
    pub(crate) async fn now_serves(&self, release: &'static str) {
        *self.serves.lock().unwrap() = release;
        let before = self.checks.load(Ordering::SeqCst);
        // The second check begins when the first was noted.
        while self.checks.load(Ordering::SeqCst) < before + 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin::new(&self.addr.ip().to_string(), self.addr.port(), self.admin.port())
    }

    /// Where it is, behind a name.
    pub(crate) fn origin_named(&self, name: &str) -> Origin {
        Origin::new(name, self.addr.port(), self.admin.port())
    }

    /// How many requests it was sent.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn listen(behaviour: Behaviour, requests: Arc<AtomicUsize>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, behaviour.clone(), requests.clone()));
        }
    });
    addr
}

/// Answers one request and closes.
async fn answer(mut stream: TcpStream, behaviour: Behaviour, requests: Arc<AtomicUsize>) {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
            return;
        }
    }
    requests.fetch_add(1, Ordering::SeqCst);
    let mut release = "";
    let (status, body) = match behaviour {
        Behaviour::Echo(name) => (200, format!("{name}\n{}", String::from_utf8_lossy(&head))),
        Behaviour::Status(status, body) => (status, body.to_owned()),
        Behaviour::Release(serves) => {
            release = *serves.lock().unwrap();
            (200, release.to_owned())
        }
        Behaviour::Body => {
            let pause = Duration::from_millis(100);
            let mut piece = [0; 4096];
            while let Ok(Ok(1..)) = tokio::time::timeout(pause, stream.read(&mut piece)).await {}
            (200, "read".into())
        }
        Behaviour::Page(page) => {
            page.note(&head);
            let PageContent { status, headers, body, pause } = page.content();
            tokio::time::sleep(pause).await;
            if status != Page::RESETS {
                let length = body.len();
                let text = format!(
                    "HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\n\
                     Connection: close\r\n\r\n{body}"
                );
                let _ = stream.write_all(text.as_bytes()).await;
            }
            return;
        }
        Behaviour::Reset => return,
        Behaviour::Hang => std::future::pending().await,
        Behaviour::Slow(pause) => {
            tokio::time::sleep(pause).await;
            (200, "slow".into())
        }
        odd => return answer_oddly(stream, &head, odd).await,
    };
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status} X\r\nServer: secret/1.0\r\nContent-Length: {length}\r\n\
         X-Release: {release}\r\nConnection: close\r\n\r\n{body}"
    );
    let _ = stream.write_all(text.as_bytes()).await;
}

/// What is no answer, or not at once.
async fn answer_oddly(mut stream: TcpStream, head: &[u8], behaviour: Behaviour) {
    const PROMISE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf";
    let mut pieces = Vec::new();
    let mut pause = Duration::ZERO;
    match behaviour {
        Behaviour::HalfReset => {
            pieces = vec![PROMISE];
            stream.set_zero_linger().unwrap();
            pause = Duration::from_millis(50);
        }
        Behaviour::TooMuch => {
            pieces = vec![PROMISE, "half", "HTTP/1.1 200 OK\r\nX: smuggled\r\n\r\n"];
        }
        Behaviour::SlowHead(slow) => {
            pause = slow;
            pieces =
                vec!["HTTP/1.1 200 OK\r\n", "A: b\r\n", "C: d\r\n", "Content-Length: 0\r\n\r\n"];
        }
        Behaviour::SlowBody(slow) => {
            pause = slow;
            pieces = vec![PROMISE, "half"];
        }
        Behaviour::Stream(next) => {
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n";
            let _ = stream.write_all(head.as_bytes()).await;
            next.notified().await;
            pieces = vec!["3\r\ntwo\r\n0\r\n\r\n"];
        }
        Behaviour::Upgrade => {
            let head = String::from_utf8_lossy(head).to_lowercase();
            assert!(head.contains("upgrade: websocket\r\n"), "{head}");
            let head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
                        Upgrade: websocket\r\n\r\n";
            let _ = stream.write_all(head.as_bytes()).await;
            let (mut from, mut to) = stream.split();
            let _ = tokio::io::copy(&mut from, &mut to).await;
        }
        // Half.
        _ => pieces = vec![PROMISE],
    }
    for piece in pieces {
        let _ = stream.write_all(piece.as_bytes()).await;
        tokio::time::sleep(pause).await;
    }
}

/// A running gateway; it stops with the test's runtime.
pub(crate) struct TestApp {
    pub(crate) addr: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) tls: Option<SocketAddr>,
    client: Client,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) stopped: JoinHandle<std::io::Result<()>>,
}

/// A gateway before `api` and `blog_static`.
pub(crate) fn spawn_app(api: &[&Replica], blog_static: &[&Replica]) -> TestApp {
    spawn_with(api, blog_static, |_| {})
}

pub(crate) fn spawn_with(
    api: &[&Replica],
    blog_static: &[&Replica],
    change: impl FnOnce(&mut Settings),
) -> TestApp {
    let mut settings = Settings::default();
    settings.listen.set_port(0);
    settings.admin_listen.set_port(0);
    settings.upstream.api = api.iter().map(|replica| replica.origin()).collect();
    settings.upstream.blog_static = blog_static.iter().map(|replica| replica.origin()).collect();
    settings.upstream.read_timeout = Duration::from_millis(500);
    change(&mut settings);
    start(Application::bind(&settings).unwrap())
}

/// Runs `app`.
pub(crate) fn start(app: Application) -> TestApp {
    let (addr, admin, tls) = (app.addr(), app.admin_addr(), app.tls_addr());
    let (stop, asked) = oneshot::channel();
    let stopped = tokio::spawn(app.run(async {
        let _ = asked.await;
    }));
    let client = Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap();
    TestApp { addr, admin, tls, client, stop: Some(stop), stopped }
}

impl TestApp {
    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let request = self.client.get(format!("http://{}{path}", self.addr));
        let add = |request: reqwest::RequestBuilder, (name, value): &(&str, &str)| {
            request.header(*name, *value)
        };
        headers.iter().fold(request, add).send().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str) -> Response {
        self.client.post(format!("http://{}{path}", self.addr)).body("x").send().await.unwrap()
    }

    pub(crate) async fn request(&self, method: reqwest::Method, path: &str) -> Response {
        self.client.request(method, format!("http://{}{path}", self.addr)).send().await.unwrap()
    }

    /// Sends `bytes` as they are and returns all that comes back until the gateway closes.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let _ = tokio::time::timeout(Duration::from_secs(20), read).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// What `/metrics` says.
    pub(crate) async fn metrics(&self) -> String {
        let url = format!("http://{}/metrics", self.admin);
        self.client.get(url).send().await.unwrap().text().await.unwrap()
    }

    /// Waits until `/metrics` has `line`.
    pub(crate) async fn until_metric(&self, line: &str) {
        let started = Instant::now();
        while !self.metrics().await.contains(line) {
            assert!(started.elapsed() < Duration::from_secs(30), "no `{line}`");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

pub(crate) fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}
