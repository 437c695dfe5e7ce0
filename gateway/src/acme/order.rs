//! From a host's name to its certificate: account, order, proof, signature.

use super::client::Http;
use super::store::{Made, Question, Store};
use crate::settings::{AcmeSettings, Challenge, Host};
use instant_acme::{
    Account, AuthorizationStatus, ChallengeHandle, ChallengeType, Error, Identifier, NewAccount,
    NewOrder, OrderStatus, RetryPolicy,
};
use std::time::Duration;

/// For the authority to ask its question, and again for it to sign.
const PATIENCE: Duration = Duration::from_mins(1);
const FIRST_LOOK: Duration = Duration::from_millis(500);

/// Why an order gave no certificate.
#[derive(Debug, thiserror::Error)]
pub(super) enum OrderError {
    #[error("the authority does not do its part")]
    Authority(#[from] Error),
    #[error("the authority does not offer {0}, choose another with GATEWAY_ACME_CHALLENGE")]
    NoChallenge(Challenge),
    #[error("the authority could not get the proof: {0}")]
    Refused(String),
    #[error("the folder does not take what gateways share")]
    Shared(#[from] std::io::Error),
}

/// What it takes to ask.
pub(super) struct Order<'a> {
    pub(super) http: &'a Http,
    pub(super) settings: &'a AcmeSettings,
    pub(super) store: &'a Store,
}

impl Order<'_> {
    /// Asks for a certificate for `host`, with a new key.
    pub(super) async fn run(&self, host: &Host) -> Result<Made, OrderError> {
        let account = self.account().await?;
        let identifiers = [Identifier::Dns(host.as_str().to_owned())];
        let mut order = match account.new_order(&NewOrder::new(&identifiers)).await {
            Err(error) if is_unknown_account(&error) => {
                // The next try makes another.
                self.store.forget_account()?;
                return Err(error.into());
            }
            order => order?,
        };
        // Until the end of the order.
        let mut questions = Vec::new();
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let challenge = self.settings.challenge;
            let offered = authorization.challenge(match challenge {
                Challenge::Http01 => ChallengeType::Http01,
                Challenge::TlsAlpn01 => ChallengeType::TlsAlpn01,
            });
            let mut offered = offered.ok_or(OrderError::NoChallenge(challenge))?;
            questions.extend(self.open(host, &offered)?);
            offered.set_ready().await?;
        }
        let patience = RetryPolicy::new().initial_delay(FIRST_LOOK).timeout(PATIENCE);
        if order.poll_ready(&patience).await? != OrderStatus::Ready {
            return Err(OrderError::Refused(reason(&mut order).await?));
        }
        let key = order.finalize().await?;
        let chain = order.poll_certificate(&patience).await?;
        Ok(Made { chain, key })
    }

    /// Lets every gateway answer.
    fn open(
        &self,
        host: &Host,
        offered: &ChallengeHandle<'_>,
    ) -> Result<Option<Question>, OrderError> {
        match self.settings.challenge {
            // They can already, since the account is kept.
            Challenge::Http01 => Ok(None),
            Challenge::TlsAlpn01 => {
                let digest = offered.key_authorization().digest();
                Ok(Some(self.store.put_question(host, digest.as_ref())?))
            }
        }
    }

    /// The account that is kept, or a new one.
    async fn account(&self) -> Result<Account, OrderError> {
        let builder = Account::builder_with_http(Box::new(self.http.clone()));
        if let Some(credentials) = self.store.account() {
            return Ok(builder.from_credentials(credentials).await?);
        }
        let contact = self.settings.contact.as_ref().map(|contact| format!("mailto:{contact}"));
        let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
        let new = NewAccount {
            contact: &contact,
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let directory = self.settings.directory.clone();
        let (account, credentials) = builder.create(&new, directory, None).await?;
        self.store.put_account(account.key_thumbprint(), credentials)?;
        Ok(account)
    }
}

fn is_unknown_account(error: &Error) -> bool {
    const UNKNOWN: &str = "urn:ietf:params:acme:error:accountDoesNotExist";
    matches!(error, Error::Api(problem) if problem.r#type.as_deref() == Some(UNKNOWN))
}

/// What the authority says of the proof that it did not get.
async fn reason(order: &mut instant_acme::Order) -> Result<String, Error> {
    let mut authorizations = order.authorizations();
    let mut reasons = Vec::new();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        let challenges = &authorization.refresh().await?.challenges;
        let problems = challenges.iter().filter_map(|challenge| challenge.error.as_ref());
        reasons.extend(problems.map(ToString::to_string));
    }
    Ok(reasons.join("; "))
}
