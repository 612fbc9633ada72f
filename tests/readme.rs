//! Every command line of the documents is one that the program accepts.

use std::path::Path;

use clap::Parser as _;
use clap::error::ErrorKind;

/// The words of a shell command: quotes and a comment at the end are understood.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (c, quote) {
            (_, Some(q)) if c == q => quote = None,
            (_, Some(_)) => word.get_or_insert_default().push(c),
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            ('#', None) if word.is_none() => break,
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, None) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// A command line of a document.
struct Command {
    /// File and line.
    place: String,
    text: String,
    /// In a text, `sightline predict` may stand for the command as such.
    in_text: bool,
}

/// The commands of this program in code blocks and code spans.
fn commands(file: &str) -> Vec<Command> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("a document");
    let mut commands = Vec::new();
    let mut in_block = false;
    for (line, number) in text.lines().zip(1..) {
        if line.starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            commands.push(Command {
                place: format!("{file}:{number}"),
                text: line.to_owned(),
                in_text: false,
            });
        } else {
            let spans = line.split('`').skip(1).step_by(2);
            commands.extend(spans.map(|span| Command {
                place: format!("{file}:{number}"),
                text: span.to_owned(),
                in_text: true,
            }));
        }
    }
    commands.retain(|command| command.text.trim_start().starts_with("sightline "));
    commands
}

#[test]
fn the_commands_of_the_documents_are_valid() {
    let mut count = 0;
    for file in [
        "README.md",
        "README.zh-CN.md",
        "CONTRIBUTING.md",
        "docs/performance.md",
        "docs/catalog.md",
        "docs/families.md",
        "docs/rules.md",
        "docs/rules.zh.md",
        "docs/tracking.md",
        "docs/tracking.zh.md",
        "docs/teach.md",
        "docs/teach.zh.md",
        "docs/inside.md",
        "docs/inside.zh.md",
        "docs/servers.md",
        "docs/servers.zh.md",
    ] {
        for Command { place, text, in_text } in commands(file) {
            // A pipe or a redirection is the shell's.
            let words = words(&text);
            let end = words.iter().position(|w| w == "|" || w == ">").unwrap_or(words.len());
            match sightline::cli::Cli::try_parse_from(&words[..end]) {
                Err(error) if in_text && error.kind() == ErrorKind::MissingRequiredArgument => {}
                Err(error) => panic!("{place}: {text}\n{error}"),
                Ok(_) => {}
            }
            count += 1;
        }
    }
    assert!(count > 20, "only {count} commands were found");
}

#[test]
fn a_shell_command_is_split_into_words() {
    assert_eq!(words("predict 'a b.jpg'  --conf 0.5   # why"), ["predict", "a b.jpg", "--conf", "0.5"]);
}
