//! The words of `PromQL`.

/// What is between two blanks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    Text(String),
    Number,
    /// `[5m]`
    Range,
    Symbol(String),
}

impl Token {
    /// Whether it is the symbol `symbol`.
    pub(super) fn is(&self, symbol: &str) -> bool {
        matches!(self, Self::Symbol(own) if own == symbol)
    }
}

/// The tokens of `text`.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let until = |is_inside: fn(char) -> bool| {
            rest.find(|character| !is_inside(character)).unwrap_or(rest.len())
        };
        let closed = |by: char| {
            let end = rest[1..].find(by).ok_or_else(|| format!("`{first}` is not closed"))?;
            Ok::<_, String>(end + 2)
        };
        let (token, length) = match first {
            'a'..='z' | 'A'..='Z' | '_' | ':' => {
                let length = until(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':'));
                (Token::Word(rest[..length].into()), length)
            }
            '0'..='9' => (Token::Number, until(|c| c.is_ascii_alphanumeric() || c == '.')),
            '"' => {
                let length = closed('"')?;
                (Token::Text(rest[1..length - 1].into()), length)
            }
            '[' => (Token::Range, closed(']')?),
            '=' | '!' | '<' | '>' => {
                let length = until(|c| matches!(c, '=' | '!' | '<' | '>' | '~'));
                (Token::Symbol(rest[..length].into()), length)
            }
            '(' | ')' | '{' | '}' | ',' | '+' | '-' | '*' | '/' => (Token::Symbol(first.into()), 1),
            _ => return Err(format!("`{first}` is nothing that is known here")),
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}
