//! What a post asked of the site while it was rendered, and what it was told.

use render::{Resolved, Resolver};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;

/// One question with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Question {
    is_picture: bool,
    target: String,
    answer: Resolved,
}

impl Question {
    /// Asks again.
    pub(super) fn has_same_answer(&self, resolver: &dyn Resolver) -> bool {
        let Self { is_picture, target, answer } = self;
        let now = if *is_picture { resolver.picture(target) } else { resolver.link(target) };
        now == *answer
    }
}

/// Passes questions on and notes them.
pub(crate) struct Recording<'a> {
    resolver: &'a dyn Resolver,
    questions: RefCell<Vec<Question>>,
}

impl<'a> Recording<'a> {
    pub(crate) fn new(resolver: &'a dyn Resolver) -> Self {
        Self { resolver, questions: RefCell::default() }
    }

    pub(crate) fn finish(self) -> Vec<Question> {
        self.questions.into_inner()
    }

    fn note(&self, is_picture: bool, target: &str, answer: Resolved) -> Resolved {
        let question = Question { is_picture, target: target.to_owned(), answer: answer.clone() };
        self.questions.borrow_mut().push(question);
        answer
    }
}

impl Resolver for Recording<'_> {
    fn link(&self, target: &str) -> Resolved {
        self.note(false, target, self.resolver.link(target))
    }

    fn picture(&self, target: &str) -> Resolved {
        self.note(true, target, self.resolver.picture(target))
    }
}
