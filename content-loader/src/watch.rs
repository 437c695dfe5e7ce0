//! Staying, and registering every release that blog-static comes to serve: for a preview.

use crate::error::chain;
use crate::load::load;
use crate::source::BlogStatic;
use crate::{LoadError, Options, Report};
use domain::PostWriter;
use std::convert::Infallible;
use std::time::{Duration, Instant};

/// How often to look which release is served.
const LOOK: Duration = Duration::from_secs(1);

/// Registers every release that `source` serves, for ever, each as [`load()`] does. `tell` gets
/// what each run did. A run that fails is logged, once for each reason, and tried again.
pub async fn watch(
    source: &BlogStatic,
    posts: &dyn PostWriter,
    options: &Options,
    tell: &(dyn Fn(&Report) + Sync),
) -> Infallible {
    let mut told = String::new();
    loop {
        match follow(source, posts, options).await {
            Ok(report) => {
                if let Some(report) = report {
                    tell(&report);
                }
                told.clear();
            }
            Err(error) => {
                let why = chain(&error);
                if why != told {
                    tracing::error!("nothing changed for readers: {why}");
                    told = why;
                }
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Registers what is served, unless readers see it already.
async fn follow(
    source: &BlogStatic,
    posts: &dyn PostWriter,
    options: &Options,
) -> Result<Option<Report>, LoadError> {
    let served = source.agreed(options.expected, Instant::now() + options.deadline).await?;
    // A store that does not answer is waited for by the run.
    if let Ok(Some(current)) = posts.current().await
        && current.id == served.manifest.id
    {
        return Ok(None);
    }
    load(source, posts, options, &|_, _| {}).await.map(Some)
}
