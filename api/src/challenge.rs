//! Proof of work before a comment: cheap for one reader, dear for whoever sends thousands.
//!
//! A challenge is text that this API signs and does not remember: a name for the comment, when it was
//! issued, and how much work it is. Solving it is finding a number such that SHA-256 of the challenge,
//! a dot and the number in decimal begins with so many zero bits. Every replica knows its own signature
//! and that of the others. A challenge is good for one comment, because it is the comment's name.

use domain::CommentId;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

/// How long a challenge may take. It is asked for when the comment is written.
const LASTS: SignedDuration = SignedDuration::from_mins(10);
/// Nobody's number is longer.
const MAX_DIGITS: usize = 20;

/// Makes and checks challenges.
#[derive(Debug, Clone)]
pub(crate) struct Challenges {
    pub(crate) key: [u8; 32],
    pub(crate) bits: u8,
}

/// A challenge that was issued here and is solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Solved {
    /// The comment that it names.
    pub(crate) id: CommentId,
    /// Whether its time is over: it is good for nothing new.
    pub(crate) is_late: bool,
}

/// Why a challenge does not let a comment through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChallengeError {
    #[error("the challenge is none that was issued here")]
    Foreign,
    #[error("the challenge was issued more than ten minutes ago")]
    Expired,
    #[error("the number does not solve the challenge")]
    Unsolved,
}

impl Challenges {
    /// A challenge that names a comment by `id`.
    pub(crate) fn issue(&self, id: CommentId, now: Timestamp) -> String {
        let signed = format!("{id}.{}.{}", now.as_millisecond(), self.bits);
        format!("{signed}.{}", self.sign(&signed).to_hex())
    }

    /// When a challenge of `now` ends.
    pub(crate) fn ends(now: Timestamp) -> Timestamp {
        now.saturating_add(LASTS).unwrap_or(Timestamp::MAX)
    }

    /// What a solved challenge is good for.
    pub(crate) fn check(
        &self,
        challenge: &str,
        solution: &str,
        now: Timestamp,
    ) -> Result<Solved, ChallengeError> {
        let (signed, signature) = challenge.rsplit_once('.').ok_or(ChallengeError::Foreign)?;
        let signature = blake3::Hash::from_hex(signature).map_err(|_| ChallengeError::Foreign)?;
        // Compared in constant time.
        if self.sign(signed) != signature {
            return Err(ChallengeError::Foreign);
        }
        let mut parts = signed.split('.');
        let mut part = || parts.next().ok_or(ChallengeError::Foreign);
        let id = part()?.parse().map_err(|_| ChallengeError::Foreign)?;
        let issued: i64 = part()?.parse().map_err(|_| ChallengeError::Foreign)?;
        let bits: u32 = part()?.parse().map_err(|_| ChallengeError::Foreign)?;
        let is_number = solution.len() <= MAX_DIGITS
            && !solution.is_empty()
            && solution.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number || zero_bits(challenge, solution) < bits {
            return Err(ChallengeError::Unsolved);
        }
        let age = now.as_millisecond().saturating_sub(issued);
        Ok(Solved { id, is_late: i128::from(age) > LASTS.as_millis() })
    }

    fn sign(&self, signed: &str) -> blake3::Hash {
        blake3::keyed_hash(&self.key, signed.as_bytes())
    }
}

/// With how many zero bits the hash begins.
fn zero_bits(challenge: &str, solution: &str) -> u32 {
    let mut hasher = Sha256::new();
    hasher.update(challenge);
    hasher.update(".");
    hasher.update(solution);
    let mut bits = 0;
    for byte in hasher.finalize() {
        bits += byte.leading_zeros();
        if byte != 0 {
            break;
        }
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;

    fn solve(challenge: &str, bits: u32) -> String {
        let mut numbers = (0..1_000_000).map(|number: u32| number.to_string());
        numbers.find(|number| zero_bits(challenge, number) >= bits).unwrap()
    }

    #[test]
    fn a_solved_challenge_names_its_comment_for_ten_minutes() {
        let challenges = Challenges { key: [1; 32], bits: 8 };
        let (id, now) = (CommentId::new([7; 16]), Timestamp::UNIX_EPOCH + 500_000.hours());
        let challenge = challenges.issue(id, now);
        let solution = solve(&challenge, 8);
        let check = |challenge: &str, solution: &str, at| challenges.check(challenge, solution, at);

        for (minutes, is_late) in [(0, false), (10, false), (11, true)] {
            let solved = check(&challenge, &solution, now + minutes.minutes());
            assert_eq!(solved, Ok(Solved { id, is_late }), "after {minutes} minutes");
        }
        for unsolved in ["", "x", "-1", "+1", "000000000000000000000000000"] {
            assert_eq!(
                check(&challenge, unsolved, now),
                Err(ChallengeError::Unsolved),
                "{unsolved}"
            );
        }
        let other = Challenges { key: [2; 32], bits: 0 };
        assert_eq!(other.check(&challenge, &solution, now), Err(ChallengeError::Foreign));
        let easier = challenge.replacen(".8.", ".0.", 1);
        assert_eq!(check(&easier, "0", now), Err(ChallengeError::Foreign));
        assert_eq!(check("", "0", now), Err(ChallengeError::Foreign));
    }

    #[test]
    fn the_work_is_as_many_zero_bits_as_are_asked_for() {
        // `printf a.34 | sha256sum` begins with 0015, `printf abc.0 | sha256sum` with 20.
        assert_eq!(zero_bits("a", "34"), 11);
        assert_eq!(zero_bits("abc", "0"), 2);
    }
}
