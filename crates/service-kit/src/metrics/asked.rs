//! Gauges that are read when somebody asks, so that nothing has to keep them up to date.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use std::fmt;

/// What is read: a number, or the name of something that is there.
pub(super) enum Reading {
    Number(Box<dyn Fn() -> Option<f64> + Send + Sync>),
    Name(&'static str, Box<dyn Fn() -> Option<String> + Send + Sync>),
}

/// One such gauge. While there is nothing to read, it is not there either.
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) help: String,
    pub(super) reading: Reading,
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Collector for Asked {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let mut describe = |value: f64, label: Option<(&str, String)>| -> fmt::Result {
            let mut gauge =
                encoder.encode_descriptor(&self.name, &self.help, None, MetricType::Gauge)?;
            match label {
                None => gauge.encode_gauge(&value),
                Some(label) => gauge.encode_family(&[label])?.encode_gauge(&value),
            }
        };
        match &self.reading {
            Reading::Number(read) => read().map_or(Ok(()), |value| describe(value, None)),
            Reading::Name(label, read) => {
                read().map_or(Ok(()), |name| describe(1.0, Some((label, name))))
            }
        }
    }
}
