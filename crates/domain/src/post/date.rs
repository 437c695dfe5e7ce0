//! The date in a post's header: a day, or an instant.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// When a post is published: a day in the site's time zone and the instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostDate {
    /// The day in the site's time zone.
    pub day: Date,
    /// The instant, to the millisecond, which is what every store can keep. Midnight at the
    /// beginning of the day if the header gives only a day.
    pub at: Timestamp,
}

/// The text is neither `YYYY-MM-DD` nor RFC 3339, or names a day that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a date: write a day that exists as YYYY-MM-DD, or RFC 3339")]
pub struct DateError(pub String);

impl PostDate {
    /// Reads `YYYY-MM-DD` (midnight in `zone`) or an RFC 3339 instant.
    ///
    /// # Errors
    ///
    /// [`DateError`] if it is neither, or is no day of the calendar (`2019-02-31`).
    ///
    /// ```
    /// use domain::PostDate;
    ///
    /// let shanghai = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
    /// let date = PostDate::parse("2019-10-13", &shanghai).unwrap();
    /// assert_eq!(date.at.to_string(), "2019-10-12T16:00:00Z");
    /// assert!(PostDate::parse("2019-02-31", &shanghai).is_err());
    /// ```
    pub fn parse(text: &str, zone: &TimeZone) -> Result<Self, DateError> {
        let refused = || DateError(text.to_owned());
        if text.len() == 10 {
            let day: Date = text.parse().map_err(|_| refused())?;
            let at = day.to_zoned(zone.clone()).map_err(|_| refused())?.timestamp();
            return Ok(Self { day, at });
        }
        let at: Timestamp = text.parse().map_err(|_| refused())?;
        let at = Timestamp::from_millisecond(at.as_millisecond()).map_err(|_| refused())?;
        Ok(Self { day: Zoned::new(at, zone.clone()).date(), at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_falls_on_the_day_it_has_in_the_sites_zone() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();

        let date = PostDate::parse("2020-01-01T20:00:00Z", &zone).unwrap();

        assert_eq!(date.day.to_string(), "2020-01-02");
    }

    #[test]
    fn an_instant_is_kept_to_the_millisecond() {
        let date = PostDate::parse("2020-01-01T00:00:00.123456Z", &TimeZone::UTC).unwrap();

        assert_eq!(date.at.to_string(), "2020-01-01T00:00:00.123Z");
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in ["", "2019", "2019-02-31", "13/10/2019", "2019-10-13T10:00:00", "今天"] {
            assert!(PostDate::parse(text, &TimeZone::UTC).is_err(), "{text}");
        }
    }
}
