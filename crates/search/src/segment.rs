//! Some posts and where everything in them stands. A segment never changes.

use crate::document::Document;
use crate::gram::Grams;
use crate::words::Words;
use std::sync::Arc;

/// Posts, and the places of their characters and words.
#[derive(Debug)]
pub(crate) struct Segment {
    documents: Vec<Arc<Document>>,
    grams: Grams,
    words: Words,
}

impl Segment {
    pub(crate) fn new(mut documents: Vec<Arc<Document>>) -> Self {
        documents.sort_by(|one, other| one.summary.newest_first(&other.summary));
        let (grams, words) = (Grams::of(&documents), Words::of(&documents));
        Self { documents, grams, words }
    }

    /// In the order of lists, newest first.
    pub(crate) fn documents(&self) -> &[Arc<Document>] {
        &self.documents
    }

    pub(crate) fn grams(&self) -> &Grams {
        &self.grams
    }

    pub(crate) fn words(&self) -> &Words {
        &self.words
    }
}
