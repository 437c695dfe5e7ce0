//! The query of a request, checked one parameter at a time.

use crate::error::ApiError;
use actix_web::HttpRequest;
use actix_web::web::Query;
use std::str::FromStr;

/// The parameters that a request has and nobody has taken yet.
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads the query string.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let refused = |_| ApiError::BadParameter("the query cannot be decoded".into());
        let pairs = Query::<Vec<(String, String)>>::from_query(request.query_string());
        Ok(Self(pairs.map_err(refused)?.into_inner()))
    }

    /// Takes the parameter `name`. Empty is the same as missing.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        let mut found = None;
        while let Some(at) = self.0.iter().position(|(key, _)| key == name) {
            if found.is_some() {
                return Err(ApiError::BadParameter(format!("`{name}` is there twice")));
            }
            found = Some(self.0.remove(at).1);
        }
        Ok(found.filter(|value| !value.is_empty()))
    }

    /// Takes every parameter `name`, in order.
    pub(crate) fn all(&mut self, name: &str) -> Vec<String> {
        self.0.extract_if(.., |(key, _)| key == name).map(|(_, value)| value).collect()
    }

    /// Takes the parameter `name` as a `T`.
    pub(crate) fn parsed<T: FromStr>(
        &mut self,
        name: &str,
        wanted: &str,
    ) -> Result<Option<T>, ApiError> {
        let refused = |_| ApiError::BadParameter(format!("`{name}` is {wanted}"));
        self.text(name)?.map(|text| text.parse().map_err(refused)).transpose()
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
