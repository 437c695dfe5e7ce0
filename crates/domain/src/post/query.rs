//! What is asked of the list of posts, and what counts come back.

use crate::{Cursor, Tag};
use serde::{Deserialize, Serialize};

/// Which posts a list holds. Every filter that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PostQuery {
    /// Posts with this tag.
    pub tag: Option<Tag>,
    /// Posts of this year, in the site's time zone.
    pub year: Option<i16>,
    /// Posts of this series.
    pub series: Option<String>,
    /// Posts after this place.
    pub after: Option<Cursor>,
    /// At most so many posts; 0 gives none.
    pub limit: u16,
}

/// A tag and its number of posts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagCount {
    /// The tag.
    pub tag: Tag,
    /// Posts that carry it.
    pub posts: u64,
}

/// A year and its number of posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct YearCount {
    /// The year, in the site's time zone.
    pub year: i16,
    /// Posts of that year.
    pub posts: u64,
}

/// A series and its number of posts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesCount {
    /// The series' name.
    pub series: String,
    /// Posts that belong to it.
    pub posts: u64,
}
