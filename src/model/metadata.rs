//! Reads values that exporters write with Python's `str()`: dicts, lists, numbers, strings.

/// A Python literal of one of the kinds that exporters write.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    None,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Self>),
    Dict(Vec<(Self, Self)>),
}

impl Literal {
    /// Parses a literal; `None` if the text is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser { rest: text.trim(), depth: 0 };
        let value = parser.value()?;
        parser.rest.trim().is_empty().then_some(value)
    }

    /// Returns its value if it is a non-negative integer.
    #[must_use]
    pub fn as_count(&self) -> Option<usize> {
        match self {
            Self::Number(n) if *n >= 0.0 && n.fract() == 0.0 && *n < 1e9 => Some(*n as usize),
            _ => None,
        }
    }

    /// Returns its values if it is a list of non-negative integers.
    #[must_use]
    pub fn as_counts(&self) -> Option<Vec<usize>> {
        match self {
            Self::List(items) => items.iter().map(Self::as_count).collect(),
            _ => None,
        }
    }

    /// Returns class names if it is a dict from index to name, or a list. Missing indices are named `class N`.
    #[must_use]
    pub fn as_names(&self) -> Option<Vec<String>> {
        /// More classes than any real model has.
        const MAX_CLASSES: usize = 100_000;
        let text = |value: &Self| match value {
            Self::Text(text) => Some(text.clone()),
            Self::Number(n) => Some(n.to_string()),
            _ => None,
        };
        match self {
            Self::List(items) => items.iter().map(text).collect(),
            Self::Dict(items) => {
                let mut names = Vec::new();
                for (key, value) in items {
                    let index = match key {
                        Self::Text(digits) => digits.trim().parse().ok()?,
                        key => key.as_count()?,
                    };
                    if index >= MAX_CLASSES {
                        return None;
                    }
                    while names.len() <= index {
                        names.push(format!("class {}", names.len()));
                    }
                    names[index] = text(value)?;
                }
                Some(names)
            }
            _ => None,
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
    depth: u32,
}

impl Parser<'_> {
    fn eat(&mut self, token: char) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self) -> Option<Literal> {
        if self.depth > 32 {
            return None;
        }
        self.depth += 1;
        let value = self.value_inside();
        self.depth -= 1;
        value
    }

    fn value_inside(&mut self) -> Option<Literal> {
        self.rest = self.rest.trim_start();
        match self.rest.chars().next()? {
            '{' => {
                self.eat('{');
                let mut items = Vec::new();
                while !self.eat('}') {
                    let key = self.value()?;
                    if !self.eat(':') {
                        return None;
                    }
                    items.push((key, self.value()?));
                    if !self.eat(',') && !self.rest.trim_start().starts_with('}') {
                        return None;
                    }
                }
                Some(Literal::Dict(items))
            }
            open @ ('[' | '(') => {
                let close = if open == '[' { ']' } else { ')' };
                self.eat(open);
                let mut items = Vec::new();
                while !self.eat(close) {
                    items.push(self.value()?);
                    if !self.eat(',') && !self.rest.trim_start().starts_with(close) {
                        return None;
                    }
                }
                Some(Literal::List(items))
            }
            quote @ ('\'' | '"') => self.string(quote),
            _ => {
                let end = self.rest.find([',', ']', ')', '}', ':', ' ', '\n']).unwrap_or(self.rest.len());
                let (word, rest) = self.rest.split_at(end);
                self.rest = rest;
                match word {
                    "None" => Some(Literal::None),
                    "True" => Some(Literal::Bool(true)),
                    "False" => Some(Literal::Bool(false)),
                    _ => word.parse().ok().map(Literal::Number),
                }
            }
        }
    }

    fn string(&mut self, quote: char) -> Option<Literal> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => match chars.next()?.1 {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'x' => text.push(Self::code(&mut chars, 2)?),
                    'u' => text.push(Self::code(&mut chars, 4)?),
                    'U' => text.push(Self::code(&mut chars, 8)?),
                    other => text.push(other),
                },
                c if c == quote => {
                    self.rest = &self.rest[at + c.len_utf8()..];
                    return Some(Literal::Text(text));
                }
                c => text.push(c),
            }
        }
        None
    }

    fn code(chars: &mut impl Iterator<Item = (usize, char)>, digits: u32) -> Option<char> {
        let mut value = 0;
        for _ in 0..digits {
            value = value * 16 + chars.next()?.1.to_digit(16)?;
        }
        char::from_u32(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        Literal::parse(text).and_then(|l| l.as_names()).expect("names")
    }

    #[test]
    fn names_keep_their_commas_quotes_and_colons() {
        assert_eq!(
            names(r#"{0: 'a, b', 1: "yellow_lady's_slipper", 2: 'it\'s: {odd}', 3: '狗'}"#),
            ["a, b", "yellow_lady's_slipper", "it's: {odd}", "狗"]
        );
        assert_eq!(names("['x', \"y\",]"), ["x", "y"]);
        assert_eq!(names("{'1': 'b', '0': 'a'}"), ["a", "b"]);
        assert_eq!(names(r"{0: '\u72d7\x41'}"), ["狗A"]);
        assert_eq!(names("{1: 'b'}"), ["class 0", "b"]);
    }

    #[test]
    fn lists_numbers_and_words_are_read() {
        assert_eq!(Literal::parse("[640, 480]").and_then(|l| l.as_counts()), Some(vec![640, 480]));
        assert_eq!(Literal::parse("(17, 3)").and_then(|l| l.as_counts()), Some(vec![17, 3]));
        assert_eq!(Literal::parse("True"), Some(Literal::Bool(true)));
        let args = Literal::parse("{'nms': True, 'half': None, 'conf': 0.25}");
        assert!(matches!(args, Some(Literal::Dict(items)) if items.len() == 3));
        for bad in ["", "{", "{0}", "[1 2]", "'open", "{0: 'a'} x", "word"] {
            assert_eq!(Literal::parse(bad), None, "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[\\[\\]{}()'\"\\\\:,a-z0-9 ]{0,60}") {
            let _ = Literal::parse(&text).and_then(|l| l.as_names());
        }
    }
}
