//! As much of `PromQL` as the dashboard and the rules are written in: enough to know which metrics
//! an expression asks for, and which labels those must have. What it does not know is an error.

use super::token::{Token, tokens};
use std::collections::BTreeSet;

const AGGREGATIONS: [&str; 5] = ["avg", "count", "max", "min", "sum"];
const FUNCTIONS: [&str; 7] =
    ["absent", "histogram_quantile", "increase", "label_replace", "rate", "time", "vector"];
const OPERATORS: [&str; 3] = ["and", "or", "unless"];

/// One metric in an expression.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) metric: String,
    pub(super) matchers: Vec<Matcher>,
    /// Labels that what stands around it groups by.
    pub(super) grouped_by: Labels,
}

/// `label="value"`, `!=`, `=~` or `!~`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Matcher {
    pub(super) label: String,
    pub(super) operator: String,
    pub(super) value: String,
}

type Labels = BTreeSet<String>;

/// The metrics that `expression` asks for.
pub(super) fn uses(expression: &str) -> Result<Vec<Use>, String> {
    let mut reader = Reader { tokens: tokens(expression)?, at: 0, uses: Vec::new() };
    reader.expression(&Labels::new())?;
    match reader.peek() {
        None => Ok(reader.uses),
        Some(token) => Err(format!("{token:?} closes nothing")),
    }
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    uses: Vec<Use>,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        self.at += 1;
        self.tokens.get(self.at - 1).cloned()
    }

    fn take(&mut self, symbol: &str) -> bool {
        let is_next = self.peek().is_some_and(|token| token.is(symbol));
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, symbol: &str) -> Result<(), String> {
        if self.take(symbol) {
            return Ok(());
        }
        Err(format!("{:?} where `{symbol}` should be", self.peek()))
    }

    fn word(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Word(word)) => Ok(word),
            other => Err(format!("{other:?} where a name should be")),
        }
    }

    /// Up to the end, or to the `)` that closes what the caller has opened.
    fn expression(&mut self, grouped_by: &Labels) -> Result<(), String> {
        while let Some(token) = self.peek() {
            if token.is(")") {
                break;
            }
            match self.next() {
                Some(Token::Word(word)) => self.name(word, grouped_by)?,
                Some(token) if token.is("(") => {
                    self.expression(grouped_by)?;
                    self.expect(")")?;
                }
                Some(token) if token.is("{") => return Err("a selector has no name".into()),
                _ => {}
            }
        }
        Ok(())
    }

    fn parentheses(&mut self, grouped_by: &Labels) -> Result<(), String> {
        self.expect("(")?;
        self.expression(grouped_by)?;
        self.expect(")")
    }

    /// An operator, an aggregation, a function or a metric.
    fn name(&mut self, word: String, grouped_by: &Labels) -> Result<(), String> {
        match word.as_str() {
            operator if OPERATORS.contains(&operator) => Ok(()),
            "on" => self.labels().map(drop),
            aggregation if AGGREGATIONS.contains(&aggregation) => {
                let has_by = matches!(self.peek(), Some(Token::Word(by)) if by == "by");
                self.at += usize::from(has_by);
                let own = if has_by { self.labels()? } else { Labels::new() };
                if let Some(lost) = grouped_by.difference(&own).next() {
                    return Err(format!("`{word}` loses `{lost}`, by which is grouped around it"));
                }
                self.parentheses(&own)
            }
            "label_replace" => {
                let texts = self.texts();
                let [made, _, from, _] = &texts[..] else {
                    return Err("label_replace takes four texts".into());
                };
                let mut needed = grouped_by.clone();
                needed.remove(made);
                needed.insert(from.clone());
                self.parentheses(&needed)
            }
            function if FUNCTIONS.contains(&function) => self.parentheses(grouped_by),
            _ if self.peek().is_some_and(|token| token.is("(")) => {
                Err(format!("`{word}` is no function that is known here"))
            }
            _ => {
                let matchers = self.matchers()?;
                self.uses.push(Use { metric: word, matchers, grouped_by: grouped_by.clone() });
                Ok(())
            }
        }
    }

    /// `(a, b)`
    fn labels(&mut self) -> Result<Labels, String> {
        self.expect("(")?;
        let mut labels = Labels::new();
        while !self.take(")") {
            labels.insert(self.word()?);
            self.take(",");
        }
        Ok(labels)
    }

    /// `{a="b", c=~"d"}`, or nothing.
    fn matchers(&mut self) -> Result<Vec<Matcher>, String> {
        let mut matchers = Vec::new();
        if !self.take("{") {
            return Ok(matchers);
        }
        while !self.take("}") {
            let label = self.word()?;
            let (Some(Token::Symbol(operator)), Some(Token::Text(value))) =
                (self.next(), self.next())
            else {
                return Err(format!("`{label}` is compared with nothing"));
            };
            matchers.push(Matcher { label, operator, value });
            self.take(",");
        }
        Ok(matchers)
    }

    /// The texts between the parentheses that follow, without those of anything inside.
    fn texts(&self) -> Vec<String> {
        let mut depth = 0;
        let mut texts = Vec::new();
        for token in &self.tokens[self.at..] {
            match token {
                Token::Symbol(symbol) if symbol == "(" || symbol == "{" => depth += 1,
                Token::Symbol(symbol) if symbol == ")" || symbol == "}" => depth -= 1,
                Token::Text(text) if depth == 1 => texts.push(text.clone()),
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        texts
    }
}

#[test]
fn an_expression_says_what_it_asks_for() {
    let asked = |text: &str| {
        let uses = uses(text).unwrap();
        let show = |one: &Use| {
            let matchers: Vec<String> = one
                .matchers
                .iter()
                .map(|matcher| format!("{}{}{}", matcher.label, matcher.operator, matcher.value))
                .collect();
            format!("{}{matchers:?}{:?}", one.metric, one.grouped_by).replace('"', "")
        };
        uses.iter().map(show).collect::<Vec<_>>().join(" ")
    };

    assert_eq!(asked("up == 0"), "up[]{}");
    assert_eq!(asked("time() - max(a_b{c=\"d\",e=~\"5..\"}) > 1e3"), "a_b[c=d, e=~5..]{}");
    assert_eq!(asked("sum by (x, le) (rate(a[5m])) / b"), "a[]{le, x} b[]{}");
    let replaced = "sum by (class) (label_replace(rate(a{s=\"t\"}[$x]), \"class\", \"$1\", \"status\", \".\"))";
    assert_eq!(asked(replaced), "a[s=t]{status}");
    assert_eq!(asked("count by (j) (a) unless on (j) max by (j) (b)"), "a[]{j} b[]{j}");
}

#[test]
fn what_is_not_known_is_an_error() {
    for text in [
        "rat(a[5m])",
        "sum(a) by (b)",
        "sum by (x) (sum by (y) (a))",
        "a{b}",
        "{a=\"b\"}",
        "sum(a",
        "a)",
        "a[5m",
        "a{b=\"c}",
    ] {
        assert!(uses(text).is_err(), "{text}: {:?}", uses(text));
    }
}
