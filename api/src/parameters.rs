//! The query of a request, checked one parameter at a time.

use crate::error::ApiError;
use actix_web::HttpRequest;
use actix_web::web::Query;
use percent_encoding::percent_decode_str;
use std::str::FromStr;

/// The parameters that a request has and nobody has taken yet.
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads the query string.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let refused = || ApiError::BadParameter("the query is not percent-encoded UTF-8".into());
        let query = request.query_string();
        if !is_encoded(query) || percent_decode_str(query).decode_utf8().is_err() {
            return Err(refused());
        }
        let pairs = Query::<Vec<(String, String)>>::from_query(query);
        Ok(Self(pairs.map_err(|_| refused())?.into_inner()))
    }

    /// Takes the parameter `name`. Empty is the same as missing.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        Ok(self.one(name)?.filter(|value| !value.is_empty()))
    }

    /// Takes the parameter `name`, which may be empty.
    pub(crate) fn one(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        let mut found = None;
        while let Some(at) = self.0.iter().position(|(key, _)| key == name) {
            if found.is_some() {
                return Err(ApiError::BadParameter(format!("`{name}` is there twice")));
            }
            found = Some(self.0.remove(at).1);
        }
        Ok(found)
    }

    /// Takes every parameter `name`, in order.
    pub(crate) fn all(&mut self, name: &str) -> Vec<String> {
        self.0.extract_if(.., |(key, _)| key == name).map(|(_, value)| value).collect()
    }

    /// Takes the parameter `name` as a `T`. Nothing is no `T`.
    pub(crate) fn parsed<T: FromStr>(
        &mut self,
        name: &str,
        wanted: &str,
    ) -> Result<Option<T>, ApiError> {
        let refused = |_| ApiError::BadParameter(format!("`{name}` is {wanted}"));
        self.one(name)?.map(|text| text.parse().map_err(refused)).transpose()
    }

    /// Takes `limit`, from 1 to `most`.
    pub(crate) fn limit(&mut self, default: u16, most: u16) -> Result<u16, ApiError> {
        let wanted = format!("a number from 1 to {most}");
        match self.parsed::<u16>("limit", &wanted)? {
            None => Ok(default),
            Some(limit) if (1..=most).contains(&limit) => Ok(limit),
            Some(_) => Err(ApiError::BadParameter(format!("`limit` is {wanted}"))),
        }
    }

    /// Refuses what nobody has taken: a misspelt filter must not list everything.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => {
                let name: String = name.chars().take(40).collect();
                Err(ApiError::BadParameter(format!("there is no parameter `{name}`")))
            }
        }
    }
}

/// Whether each `%` in `text` has two hexadecimal digits behind it: decoders leave others as they
/// are, and nobody knows what was meant.
pub(crate) fn is_encoded(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}
