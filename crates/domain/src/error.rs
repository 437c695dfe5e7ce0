//! Why a store did not answer.

/// Why a store did not answer.
///
/// "Not found" is not here: it is an answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached, or took too long. Worth trying again.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// The store is there and refuses us: a wrong password, missing rights. Trying again is of no
    /// use before somebody mends it.
    #[error("{remedy}")]
    Refused {
        /// What is wrong and how to mend it. Names a setting, never its value.
        remedy: String,
        /// What the driver said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The store has no room for what is written. What is there can still be read.
    #[error("{remedy}")]
    Full {
        /// Where room must be made.
        remedy: String,
        /// What the driver said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The store answered with something this version cannot read.
    #[error("the stored `{what}` cannot be decoded")]
    Corrupt {
        /// What was asked for: a post's path, or the name of a document.
        what: String,
        /// What the decoder said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The lease expired or belongs to somebody else, so nothing was written.
    #[error("the lease was lost to another loader")]
    LeaseLost,
}
