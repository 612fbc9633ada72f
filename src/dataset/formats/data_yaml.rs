//! YOLO's `data.yaml`: the part of YAML that these files are written in.
//!
//! Read are mappings, lists in both styles, plain and quoted texts, comments, and blocks of text (`|`, `>`), which are skipped. Anchors,
//! tags, several documents and texts over several lines are refused with their line: no reader that guesses is better than that.

use std::collections::BTreeMap;

/// Levels of lists and mappings within each other.
const MAX_DEPTH: usize = 8;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Yaml {
    Text(String),
    List(Vec<Yaml>),
    /// In the file's order, each key once.
    Map(Vec<(String, Yaml)>),
}

impl Yaml {
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(pairs) => pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The texts of a list; a text alone is a list of one. Nothing of an empty text.
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Self::Text(text) if text.is_empty() || text == "null" || text == "~" => Vec::new(),
            Self::Text(text) => vec![text],
            Self::List(values) => values.iter().filter_map(Self::text).collect(),
            Self::Map(_) => Vec::new(),
        }
    }

    /// Texts by their numbers: a list, or a mapping whose keys are numbers.
    pub fn numbered(&self) -> Option<BTreeMap<usize, String>> {
        match self {
            Self::List(values) => values
                .iter()
                .enumerate()
                .map(|(index, value)| Some((index, value.text()?.to_owned())))
                .collect(),
            Self::Map(pairs) => {
                pairs.iter().map(|(key, value)| Some((key.parse().ok()?, value.text()?.to_owned()))).collect()
            }
            Self::Text(_) => None,
        }
    }
}

/// Reads a file, which is a mapping.
///
/// # Errors
/// What can't be read, with its line, as the end of a sentence.
pub(super) fn parse(text: &str) -> Result<Yaml, String> {
    let mut lines = Vec::new();
    let mut raw = text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate().peekable();
    while let Some((index, line)) = raw.next() {
        let content = without_comment(line).trim_end();
        let indent = content.len() - content.trim_start_matches(' ').len();
        let content = content.trim_start_matches(' ');
        if content.is_empty() || (lines.is_empty() && content == "---") {
            continue;
        }
        let number = index + 1;
        if content.starts_with('\t') {
            return Err(format!("line {number} is indented by a tab"));
        }
        if content == "---" || content == "..." {
            return Err(format!("line {number} begins a second document"));
        }
        let mut content = content.to_owned();
        if let Some((key, style)) =
            content.rsplit_once(':').map(|(key, style)| (key.to_owned(), style.trim()))
            && style.starts_with(['|', '>'])
            && style[1..].chars().all(|c| matches!(c, '+' | '-' | '0'..='9'))
        {
            // A block of text, such as the script of `download`: all lines that are indented more.
            while let Some((_, next)) = raw.peek() {
                let deeper = next.len() - next.trim_start_matches(' ').len() > indent;
                if !deeper && !next.trim().is_empty() {
                    break;
                }
                raw.next();
            }
            content = format!("{key}:");
        }
        // A list in brackets may go over several lines.
        while open_brackets(&content) > 0 {
            let Some((_, next)) = raw.next() else {
                return Err(format!("the brackets of line {number} aren't closed"));
            };
            content.push(' ');
            content.push_str(without_comment(next).trim());
            if content.len() > 1 << 20 {
                return Err(format!("the list of line {number} is too long"));
            }
        }
        lines.push(Line { number, indent, content });
    }
    let mut reader = Reader { lines: &lines, at: 0 };
    let value = if lines.is_empty() { Yaml::Map(Vec::new()) } else { reader.block(lines[0].indent, 0)? };
    match reader.lines.get(reader.at) {
        Some(line) => Err(format!("line {} is indented otherwise than those before it", line.number)),
        None => Ok(value),
    }
}

struct Line {
    number: usize,
    indent: usize,
    content: String,
}

struct Reader<'a> {
    lines: &'a [Line],
    at: usize,
}

impl Reader<'_> {
    fn block(&mut self, indent: usize, depth: usize) -> Result<Yaml, String> {
        let Some(first) = self.lines.get(self.at) else { return Ok(Yaml::Text(String::new())) };
        if depth > MAX_DEPTH {
            return Err(format!("line {} lies too deep", first.number));
        }
        if first.content == "-" || first.content.starts_with("- ") {
            return self.list(indent);
        }
        let mut pairs: Vec<(String, Yaml)> = Vec::new();
        while let Some(line) = self.lines.get(self.at).filter(|line| line.indent == indent) {
            let (key, rest) = split_key(&line.content).ok_or_else(|| {
                format!("line {} is neither \u{201c}key: value\u{201d} nor a list", line.number)
            })?;
            let key = scalar(key, line.number)?;
            if pairs.iter().any(|(other, _)| *other == key) {
                return Err(format!("line {} has the key \u{201c}{key}\u{201d} a second time", line.number));
            }
            self.at += 1;
            let value = if rest.is_empty() {
                match self.lines.get(self.at) {
                    Some(next) if next.indent > indent => self.block(next.indent, depth + 1)?,
                    // A list may stand as far left as its key.
                    Some(next) if next.indent == indent && next.content.starts_with('-') => {
                        self.list(indent)?
                    }
                    _ => Yaml::Text(String::new()),
                }
            } else {
                flow(rest, line.number)?
            };
            pairs.push((key, value));
        }
        Ok(Yaml::Map(pairs))
    }

    fn list(&mut self, indent: usize) -> Result<Yaml, String> {
        let mut values = Vec::new();
        while let Some(line) = self.lines.get(self.at).filter(|line| line.indent == indent) {
            let Some(rest) =
                line.content.strip_prefix('-').filter(|rest| rest.is_empty() || rest.starts_with(' '))
            else {
                break;
            };
            if rest.trim().is_empty()
                || (split_key(rest.trim()).is_some() && !rest.trim().starts_with(['"', '\'', '[', '{']))
            {
                return Err(format!(
                    "line {} begins a list of mappings, which data.yaml doesn\u{2019}t have",
                    line.number
                ));
            }
            values.push(flow(rest.trim(), line.number)?);
            self.at += 1;
        }
        Ok(Yaml::List(values))
    }
}

/// A value on one line: a text, `[a, b]` or `{a: b}`.
fn flow(text: &str, line: usize) -> Result<Yaml, String> {
    let mut rest = text;
    let value = flow_value(&mut rest, line, 0)?;
    if rest.trim().is_empty() { Ok(value) } else { Err(format!("line {line} goes on after its value")) }
}

fn flow_value(rest: &mut &str, line: usize, depth: usize) -> Result<Yaml, String> {
    *rest = rest.trim_start();
    let close = match rest.chars().next() {
        Some('[') => ']',
        Some('{') => '}',
        _ if depth == 0 => {
            let text = scalar(rest, line)?;
            *rest = "";
            return Ok(Yaml::Text(text));
        }
        _ => {
            let end = flow_end(rest, &[',', ']', '}']);
            let text = scalar(&rest[..end], line)?;
            *rest = &rest[end..];
            return Ok(Yaml::Text(text));
        }
    };
    if depth >= MAX_DEPTH {
        return Err(format!("line {line} lies too deep"));
    }
    let unclosed = || format!("the brackets of line {line} aren't closed");
    *rest = &rest[1..];
    let (mut values, mut pairs) = (Vec::new(), Vec::new());
    loop {
        *rest = rest.trim_start();
        let first = rest.chars().next().ok_or_else(unclosed)?;
        if first == close {
            *rest = &rest[1..];
            return Ok(if close == ']' { Yaml::List(values) } else { Yaml::Map(pairs) });
        }
        if first == ',' {
            *rest = &rest[1..];
            continue;
        }
        if close == '}' {
            let end = flow_end(rest, &[':', ',', '}']);
            let key = scalar(&rest[..end], line)?;
            *rest = rest[end..]
                .strip_prefix(':')
                .ok_or_else(|| format!("line {line} has a key without a value"))?;
            pairs.push((key, flow_value(rest, line, depth + 1)?));
        } else {
            values.push(flow_value(rest, line, depth + 1)?);
        }
        *rest = rest.trim_start();
        if !rest.starts_with([',', close]) {
            return Err(unclosed());
        }
    }
}

/// The characters that aren't within quotes, with their places. A quote opens where `opens` says so of the character before it;
/// `None` is the text's beginning.
fn outside_quotes(text: &str, opens: fn(Option<char>) -> bool) -> impl Iterator<Item = (usize, char)> {
    let mut chars = text.char_indices().peekable();
    let mut before = None;
    std::iter::from_fn(move || {
        while let Some((at, c)) = chars.next() {
            if !matches!(c, '"' | '\'') || !opens(before) {
                before = Some(c);
                return Some((at, c));
            }
            while let Some((_, inner)) = chars.next() {
                let doubled =
                    inner == '\'' && c == '\'' && chars.peek().is_some_and(|(_, next)| *next == '\'');
                if doubled || (inner == '\\' && c == '"') {
                    chars.next();
                } else if inner == c {
                    break;
                }
            }
            before = Some(c);
        }
        None
    })
}

/// Where a quote opens in a line: after a space or what stands before a value.
fn before_value(before: Option<char>) -> bool {
    before.is_none_or(|before| matches!(before, ' ' | '[' | ',' | '{' | ':'))
}

/// Where a value within brackets ends.
fn flow_end(text: &str, ends: &[char]) -> usize {
    outside_quotes(text, |before| before.is_none())
        .find(|(_, c)| ends.contains(c))
        .map_or(text.len(), |(at, _)| at)
}

/// A plain or quoted text.
fn scalar(text: &str, line: usize) -> Result<String, String> {
    let text = text.trim();
    let unclosed = || format!("the quotes of line {line} aren't closed");
    if let Some(rest) = text.strip_prefix('\'') {
        let inner = rest.strip_suffix('\'').ok_or_else(unclosed)?;
        return Ok(inner.replace("''", "'"));
    }
    if text.starts_with('"') {
        if text.len() < 2 || !text.ends_with('"') {
            return Err(unclosed());
        }
        // JSON's texts are a part of YAML's; \x41 and others that JSON lacks are refused.
        return serde_json::from_str(text).map_err(|_| format!("line {line} has a text that can't be read"));
    }
    if text.starts_with(['&', '*', '!', '|', '>', '%', '@', '`']) {
        return Err(format!(
            "line {line} uses a part of YAML that isn't read here (\u{201c}{}\u{201d})",
            &text[..1]
        ));
    }
    Ok(text.to_owned())
}

/// The key and the rest of `key: value`.
fn split_key(content: &str) -> Option<(&str, &str)> {
    let ends = |at: usize| content[at + 1..].is_empty() || content[at + 1..].starts_with(' ');
    let (at, _) = outside_quotes(content, |before| before.is_none()).find(|&(at, c)| c == ':' && ends(at))?;
    Some((&content[..at], content[at + 1..].trim()))
}

fn without_comment(line: &str) -> &str {
    let is_comment = |&(at, c): &(usize, char)| c == '#' && (at == 0 || line[..at].ends_with([' ', '\t']));
    outside_quotes(line, before_value).find(is_comment).map_or(line, |(at, _)| &line[..at])
}

/// How many brackets of a line that begins a list or mapping are open at its end.
fn open_brackets(content: &str) -> usize {
    let value = split_key(content).map_or(content, |(_, value)| value);
    let value = value.strip_prefix("- ").unwrap_or(value).trim();
    if !value.starts_with(['[', '{']) {
        return 0;
    }
    outside_quotes(value, before_value).fold(0, |open: usize, (_, c)| match c {
        '[' | '{' => open + 1,
        ']' | '}' => open.saturating_sub(1),
        _ => open,
    })
}

/// A text in double quotes, which every reader of YAML takes.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_other_programs_are_read() {
        // As Ultralytics and Roboflow write them.
        let text = "# Ultralytics\n---\npath: ../datasets/coco8 # root\ntrain: images/train\nval:\n  - images/val\n  - 'more, here'\n\
                    test:\n\nkpt_shape: [17, 3]\nnames:\n  0: person\n  1: \"traffic: light\"\n  10: it's # x\nflip_idx:\n- 0\n- 2\n- 1\n\
                    colours: {a: [1, 2], 'b': c}\ndownload: |\n  import x\n    y: [\nnc: 3\nlong: [a,\n  b, # c\n  d]\n";
        let yaml = parse(text).unwrap();
        assert_eq!(yaml.get("path").and_then(Yaml::text), Some("../datasets/coco8"));
        assert_eq!(yaml.get("val").unwrap().texts(), ["images/val", "more, here"]);
        assert!(yaml.get("test").unwrap().texts().is_empty());
        assert_eq!(yaml.get("kpt_shape").unwrap().texts(), ["17", "3"]);
        let names = yaml.get("names").unwrap().numbered().unwrap();
        assert_eq!(
            names.into_iter().collect::<Vec<_>>(),
            [(0, "person".to_owned()), (1, "traffic: light".to_owned()), (10, "it's".to_owned())]
        );
        assert_eq!(yaml.get("flip_idx").unwrap().texts(), ["0", "2", "1"]);
        assert_eq!(yaml.get("nc").and_then(Yaml::text), Some("3"));
        assert_eq!(yaml.get("long").unwrap().texts(), ["a", "b", "d"]);
        assert_eq!(yaml.get("colours").and_then(|c| c.get("a")).unwrap().texts(), ["1", "2"]);
        let roboflow = "train: ../train/images\nnc: 2\nnames: ['a b', \"c\", d]\n\nroboflow:\n  url: https://x.com/a?b#c\n  version: 1";
        let yaml = parse(roboflow).unwrap();
        assert_eq!(yaml.get("names").unwrap().texts(), ["a b", "c", "d"]);
        assert_eq!(
            yaml.get("roboflow").and_then(|r| r.get("url")).and_then(Yaml::text),
            Some("https://x.com/a?b#c")
        );
    }

    #[test]
    fn what_cannot_be_read_is_said_with_its_line() {
        for (text, line) in [
            ("names: *list", "line 1"),
            ("a: 1\nnames: &list [a]", "line 2"),
            ("a: 1\n---\nb: 2", "line 2"),
            ("names: [a, b", "line 1"),
            ("names: [a, b]]", "line 1"),
            ("a: 1\na: 2", "line 2"),
            ("a: \"b", "line 1"),
            ("a\nb: 1", "line 1"),
            ("a:\n    b: 1\n  c: 2", "line 3"),
            ("a:\n\tb: 1", "line 2"),
            ("a:\n  - b: 1", "line 2"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(line), "{text:?}: {error}");
        }
        let deep = format!("a: {}", "[".repeat(100_000));
        assert!(parse(&deep).is_err());
        let deep = format!("a: {}{}", "[".repeat(100), "]".repeat(100));
        assert!(parse(&deep).unwrap_err().contains("too deep"));
        let deep: Vec<String> = (0..50).map(|depth| format!("{}a:", " ".repeat(depth))).collect();
        let deep = deep.join("\n");
        assert!(parse(&deep).unwrap_err().contains("too deep"));
    }

    #[test]
    fn every_text_comes_back_from_its_quotes() {
        for text in [
            "car",
            "a: b",
            "it's #1",
            "\"quoted\"",
            "猫\n\u{1b}[31m",
            "",
            "null",
            "- x",
            "[",
            "back\\slash",
            "a\", b",
            "it's, [b",
            "#x",
        ] {
            let yaml = parse(&format!("names: [{0}, {0}]\nx: {0}", quoted(text))).unwrap();
            assert_eq!(yaml.get("x").unwrap().text(), Some(text));
        }
    }
}
