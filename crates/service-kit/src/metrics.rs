//! Metrics in the `OpenMetrics` text format.

mod asked;

use self::asked::{Asked, Reading};
use crate::process;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// The metrics of one service. Clones are the same metrics.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Mutex<Registry>>);

impl Metrics {
    /// Begins with `build_info` and what the system says of this process.
    #[must_use]
    pub fn new(version: &'static str) -> Self {
        let metrics = Self(Arc::new(Mutex::new(Registry::default())));
        metrics.register("build", "What is running", Info::new([("version", version)]));
        process::register(&metrics);
        metrics
    }

    /// Adds `metric` under `name`; counters get `_total` after it.
    pub fn register(&self, name: &str, help: &str, metric: impl Metric) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).register(name, help, metric);
    }

    /// Adds a gauge that `read` gives when somebody asks; without a number, there is no gauge.
    pub fn ask(
        &self,
        name: &str,
        help: &str,
        read: impl Fn() -> Option<f64> + Send + Sync + 'static,
    ) {
        self.collect(name, help, Reading::Number(Box::new(read)));
    }

    /// Adds a gauge that is always 1 and has what `read` gives as its label `label`.
    pub fn ask_name(
        &self,
        name: &str,
        help: &str,
        label: &'static str,
        read: impl Fn() -> Option<String> + Send + Sync + 'static,
    ) {
        self.collect(name, help, Reading::Name(label, Box::new(read)));
    }

    fn collect(&self, name: &str, help: &str, reading: Reading) {
        // `register` ends each help with a full stop too.
        let asked = Asked { name: name.to_owned(), help: format!("{help}."), reading };
        let mut registry = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register_collector(Box::new(asked));
    }

    /// All metrics as text.
    #[must_use]
    pub fn text(&self) -> String {
        let registry = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        // A string takes whatever is written to it.
        let _ = encode(&mut text, &registry);
        text
    }
}

/// Requests of an HTTP service: how many, with which status, how long they took.
#[derive(Debug, Clone)]
pub struct HttpMetrics {
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    /// What answers of status 200 count, by route, as far as there is room: to look it up, each
    /// thread would write to a lock that all share.
    good: Arc<[OnceLock<Good>; 8]>,
}

#[derive(Debug)]
struct Good {
    route: &'static str,
    requests: Counter,
    durations: Histogram,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
}

impl HttpMetrics {
    /// Adds `http_requests_total` and `http_request_duration_seconds` to `metrics`.
    #[must_use]
    pub fn register(metrics: &Metrics) -> Self {
        // From half a millisecond to eight seconds.
        let histogram: fn() -> Histogram = || Histogram::new(exponential_buckets(0.0005, 2.0, 15));
        let http = Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(histogram),
            good: Arc::default(),
        };
        let help = "Requests answered, by route and status";
        metrics.register("http_requests", help, http.requests.clone());
        let help = "Seconds from the request to the end of the answer";
        metrics.register("http_request_duration_seconds", help, http.durations.clone());
        http
    }

    /// Counts one request. `route` is a pattern, never a client's own words, so that nobody can
    /// fill the memory with labels.
    pub fn observe(&self, route: &'static str, status: u16, took: Duration) {
        let seconds = took.as_secs_f64();
        if status == 200
            && let Some(good) = self.good(route)
        {
            good.requests.inc();
            good.durations.observe(seconds);
            return;
        }
        self.requests.get_or_create(&RequestLabels { route, status }).inc();
        self.durations.get_or_create(&RouteLabels { route }).observe(seconds);
    }

    fn good(&self, route: &'static str) -> Option<&Good> {
        let slots = self.good.iter().map(|slot| {
            slot.get_or_init(|| Good {
                route,
                requests: self.requests.get_or_create_owned(&RequestLabels { route, status: 200 }),
                durations: self.durations.get_or_create_owned(&RouteLabels { route }),
            })
        });
        slots.into_iter().find(|good| good.route == route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_route_and_status_however_many_routes_there_are() {
        let metrics = Metrics::new("1");
        let http = HttpMetrics::register(&metrics);
        let routes = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        for route in routes {
            for status in [200, 200, 404] {
                http.observe(route, status, Duration::from_millis(3));
            }
        }

        let text = metrics.text();

        for route in routes {
            for (status, count) in [(200, 2), (404, 1)] {
                let labels = format!("{{route=\"{route}\",status=\"{status}\"}}");
                assert!(text.contains(&format!("http_requests_total{labels} {count}\n")), "{text}");
            }
            let took = format!("http_request_duration_seconds_count{{route=\"{route}\"}} 3\n");
            assert!(text.contains(&took), "{text}");
        }
    }

    #[test]
    fn what_is_asked_for_is_there_while_there_is_an_answer() {
        let metrics = Metrics::new("1.2.3");
        let name = Arc::new(Mutex::new(None));
        let read = name.clone();
        metrics.ask_name("ink_info", "Which ink", "ink", move || read.lock().unwrap().clone());
        metrics.ask("ink_bottles", "How much", || Some(2.5));
        assert!(!metrics.text().contains("ink_info"));

        *name.lock().unwrap() = Some("松\"烟".to_owned());

        let text = metrics.text();
        assert!(text.contains("# HELP ink_info Which ink.\n# TYPE ink_info gauge"), "{text}");
        assert!(text.contains("ink_info{ink=\"松\\\"烟\"} 1"), "{text}");
        assert!(text.contains("\nink_bottles 2.5\n"), "{text}");
    }

    #[test]
    fn requests_are_counted_by_route_and_status() {
        let metrics = Metrics::new("1.2.3");
        let http = HttpMetrics::register(&metrics);

        http.observe("/posts", 200, Duration::from_millis(3));
        http.observe("/posts", 200, Duration::from_millis(3));

        let text = metrics.text();
        assert!(text.contains("build_info{version=\"1.2.3\"} 1"), "{text}");
        assert!(text.contains("http_requests_total{route=\"/posts\",status=\"200\"} 2"), "{text}");
        let count = "http_request_duration_seconds_count{route=\"/posts\"} 2";
        assert!(text.contains(count), "{text}");
    }
}
