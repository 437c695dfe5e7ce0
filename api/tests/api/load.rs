//! Readers who keep asking while something breaks, and know what they should be told.

mod question;
mod seen;

pub(crate) use crate::load::question::POSTS;
pub(crate) use crate::load::seen::Phase;

use crate::load::question::{Kind, Question};
use crate::load::seen::{Outcome, Seen};
use crate::support::TestApp;
use reqwest::Client;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Who asks for what, and how long each rests between two questions.
const READERS: [(Kind, usize, Duration); 4] = [
    (Kind::Kept, 4, Duration::from_millis(40)),
    (Kind::New, 4, Duration::from_millis(40)),
    (Kind::Comments, 4, Duration::from_millis(60)),
    (Kind::View, 2, Duration::from_millis(50)),
];
/// So many questions of a kind are enough to tell how it goes; those that time out take seconds.
const ENOUGH: [(Kind, usize); 4] =
    [(Kind::Kept, 50), (Kind::New, 50), (Kind::Comments, 6), (Kind::View, 8)];
/// Recovery is over when so many questions in a row were answered by the store.
const WELL: usize = 10;
const DEADLINE: Duration = Duration::from_mins(1);

/// All readers.
pub(crate) struct Load {
    shared: Arc<Shared>,
    readers: JoinSet<()>,
    mended: Option<Instant>,
    took: Duration,
}

struct Shared {
    url: String,
    client: Client,
    phase: AtomicUsize,
    is_over: AtomicBool,
    /// The next question of each kind.
    next: [AtomicUsize; 4],
    /// Questions that the store answered since the last that it did not.
    well: AtomicUsize,
    seen: Mutex<Seen>,
}

impl Load {
    /// Lets readers ask `app`, which has the sample posts.
    pub(crate) async fn start(app: &TestApp) -> Self {
        let shared = Arc::new(Shared {
            url: app.url.clone(),
            client: app.client.clone(),
            phase: AtomicUsize::new(Phase::Before as usize),
            is_over: AtomicBool::new(false),
            next: Default::default(),
            well: AtomicUsize::new(0),
            seen: Mutex::default(),
        });
        for number in 0..question::KEPT {
            shared.ask(&Question::of(Kind::Kept, number)).await;
        }
        let mut readers = JoinSet::new();
        for (kind, count, rest) in READERS {
            for _ in 0..count {
                readers.spawn(shared.clone().read(kind, rest));
            }
        }
        Self { shared, readers, mended: None, took: Duration::ZERO }
    }

    /// What is asked from now on is noted as of `phase`.
    pub(crate) fn enter(&mut self, phase: Phase) {
        if matches!(phase, Phase::After) {
            self.mended = Some(Instant::now());
            self.shared.well.store(0, Ordering::Relaxed);
        }
        self.shared.phase.store(phase as usize, Ordering::Relaxed);
    }

    /// Waits until enough was asked in `phase` to tell how it goes.
    pub(crate) async fn until_asked(&self, phase: Phase) {
        let is_enough = || {
            let seen = self.seen();
            ENOUGH.iter().all(|(kind, enough)| seen.of(phase, *kind).asked() >= *enough)
        };
        self.until("enough is asked", is_enough).await;
    }

    /// Waits until the store answers again.
    pub(crate) async fn until_well(&mut self) {
        self.until("all is well", || self.shared.well.load(Ordering::Relaxed) >= WELL).await;
        self.took = self.mended.map(|mended| mended.elapsed()).unwrap_or_default();
        self.until_asked(Phase::After).await;
    }

    async fn until(&self, what: &str, is_true: impl Fn() -> bool) {
        let started = Instant::now();
        while !is_true() {
            let waited = started.elapsed();
            assert!(waited < DEADLINE, "{what} never came: {}", self.row("seen"));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Lets every reader go after the answer that it waits for.
    pub(crate) async fn finish(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        while let Some(reader) = self.readers.join_next().await {
            reader.unwrap();
        }
    }

    /// The row of docs/api-faults.md.
    pub(crate) fn row(&self, name: &str) -> String {
        let seen = self.seen();
        let kinds = [Kind::Kept, Kind::New, Kind::Comments, Kind::View];
        let cells = kinds.map(|kind| seen.of(Phase::During, kind).to_string());
        format!("| {name} | {} | {:.1} s |", cells.join(" | "), self.took.as_secs_f32())
    }

    /// Questions of `phase` for the store that were refused.
    pub(crate) fn refused(&self, phase: Phase) -> usize {
        self.seen().of(phase, Kind::Comments).refused
    }

    /// Nobody was told anything wrong, and what is asked about posts was always answered.
    pub(crate) fn check(&self) {
        let seen = self.seen();
        assert!(seen.wrong.is_empty(), "{:#?}", seen.wrong);
        for phase in [Phase::Before, Phase::During, Phase::After] {
            for kind in [Kind::Kept, Kind::New] {
                assert_eq!(seen.of(phase, kind).refused, 0, "{kind:?}, {phase:?}");
            }
        }
        assert_eq!(seen.of(Phase::Before, Kind::Comments).refused, 0);
    }

    /// Every view was taken, and is in the sum once.
    pub(crate) async fn check_views(&self, app: &TestApp) {
        let sent = self.shared.next[Kind::View as usize].load(Ordering::Relaxed);
        let refused: usize = [Phase::Before, Phase::During, Phase::After]
            .map(|phase| self.seen().of(phase, Kind::View).refused)
            .iter()
            .sum();
        assert_eq!(refused, 0, "Redis was there all the time");
        let started = Instant::now();
        loop {
            let counts = app.get("/api/v1/views?path=blog/p000").await.1;
            let views = usize::try_from(counts["posts"][0]["views"].as_u64().unwrap()).unwrap();
            assert!(views <= sent, "{views} views of {sent} readers");
            if views == sent {
                return;
            }
            assert!(started.elapsed() < DEADLINE, "{views} views of {sent} readers");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.shared.seen.lock().unwrap()
    }
}

impl Shared {
    async fn read(self: Arc<Self>, kind: Kind, rest: Duration) {
        while !self.is_over.load(Ordering::Relaxed) {
            let number = self.next[kind as usize].fetch_add(1, Ordering::Relaxed);
            self.ask(&Question::of(kind, number)).await;
            tokio::time::sleep(rest).await;
        }
    }

    async fn ask(&self, question: &Question) {
        let phase = || Phase::ALL[self.phase.load(Ordering::Relaxed)];
        let (began, started) = (phase(), Instant::now());
        let sent = || self.next[Kind::View as usize].load(Ordering::Relaxed);
        let outcome = question.ask(&self.client, &self.url, sent).await;
        if question.kind == Kind::Comments {
            match outcome {
                Outcome::Right => self.well.fetch_add(1, Ordering::Relaxed),
                _ => self.well.swap(0, Ordering::Relaxed),
            };
        }
        // What was asked before and not answered before is of the fault.
        let phase = if began == Phase::Before { phase().min(Phase::During) } else { began };
        self.seen.lock().unwrap().note(phase, question, outcome, started.elapsed());
    }
}
