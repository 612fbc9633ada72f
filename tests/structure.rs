//! The structure of the code: within `app` and `engine`, data flows one way, so no file may import another that imports it
//! in turn, not even by way of others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

#[test]
fn no_files_of_the_window_import_each_other_in_a_circle() {
    assert_eq!(Folder::read("app").cycles(), Vec::<String>::new());
}

#[test]
fn no_files_of_the_engine_import_each_other_in_a_circle() {
    assert_eq!(Folder::read("engine").cycles(), Vec::<String>::new());
}

/// A module's path within the crate: `["app", "library", "page"]`.
type Module = Vec<String>;

/// The source files of one folder of `src`, without those that only hold tests.
struct Folder {
    /// Each file's code by its module, without comments, texts and tests.
    code: BTreeMap<Module, String>,
}

impl Folder {
    fn read(name: &str) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = Vec::new();
        collect(&source.join(name), &mut files);
        let code = files
            .into_iter()
            .map(|file| {
                let text = std::fs::read_to_string(&file).expect("a source file can be read");
                let text = without_visibility(&without_tests(&plain(&text)));
                (module_of(file.strip_prefix(&source).expect("it lies in src")), text)
            })
            .collect();
        Self { code }
    }

    /// The modules whose files this module names in an import or in a path.
    fn imports(&self, module: &Module) -> BTreeSet<Module> {
        let paths = paths(&self.code[module]);
        let files = paths.into_iter().filter_map(|path| self.file_of(module, &path));
        files.filter(|file| file != module).collect()
    }

    /// The file that a path names as it is written in `module`: the longest part of it that is a module with a file.
    fn file_of(&self, module: &Module, path: &[String]) -> Option<Module> {
        let mut names = path.iter().peekable();
        let mut at: Module = match names.peek()?.as_str() {
            "crate" => {
                names.next();
                Vec::new()
            }
            "self" => {
                names.next();
                module.clone()
            }
            "super" => module.clone(),
            // A path without a beginning starts at a child of the module, or outside of the crate.
            child if self.code.contains_key(&[&module[..], &[child.to_owned()]].concat()) => module.clone(),
            _ => return None,
        };
        while names.next_if(|name| *name == "super").is_some() {
            at.pop()?;
        }
        for name in names {
            at.push(name.clone());
            let known = self.code.keys().any(|file| file.starts_with(&at));
            if !known {
                at.pop();
                break;
            }
        }
        self.code.contains_key(&at).then_some(at)
    }

    /// Every group of files that import each other, as one line of text.
    fn cycles(&self) -> Vec<String> {
        let imports: BTreeMap<&Module, BTreeSet<Module>> =
            self.code.keys().map(|module| (module, self.imports(module))).collect();
        let reach: BTreeMap<&Module, BTreeSet<&Module>> =
            self.code.keys().map(|module| (module, reachable(module, &imports))).collect();
        let mut groups = BTreeSet::new();
        for (module, reached) in &reach {
            if reached.contains(*module) {
                let group = reached.iter().filter(|other| reach[**other].contains(*module));
                groups.insert(group.map(|other| other.join("::")).collect::<Vec<_>>().join(" ⇄ "));
            }
        }
        groups.into_iter().collect()
    }
}

/// The code without the paths of `pub(in crate::engine)`, which import nothing.
fn without_visibility(code: &str) -> String {
    let mut parts = code.split("pub(in ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |code, part| code + "pub" + part.split_once(')').map_or("", |(_, rest)| rest))
}

/// All modules that can be reached from one by one or more imports.
fn reachable<'a>(from: &Module, imports: &'a BTreeMap<&'a Module, BTreeSet<Module>>) -> BTreeSet<&'a Module> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&Module> = imports[from].iter().collect();
    while let Some(module) = next.pop() {
        if reached.insert(module) {
            next.extend(&imports[module]);
        }
    }
    reached
}

/// The source files of a folder and its subfolders; files and folders named `tests` are left out.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("its entry can be read").path();
        let is_tests = path.file_stem().is_some_and(|name| name == "tests");
        if path.is_dir() && !is_tests {
            collect(&path, files);
        } else if !is_tests && path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

/// `app/library/mod.rs` is `app::library`, `app/view.rs` is `app::view`.
fn module_of(file: &Path) -> Module {
    let mut names: Module =
        file.with_extension("").iter().map(|name| name.to_string_lossy().into_owned()).collect();
    if names.last().is_some_and(|name| name == "mod") {
        names.pop();
    }
    names
}

/// The code without comments, and with empty texts and characters.
fn plain(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(hashes) = raw_text(rest).filter(|_| !code.ends_with(is_name)) {
            let end = format!("\"{hashes}");
            let begin = hashes.len() + 2;
            rest[begin..].find(&end).map_or(rest.len(), |at| begin + at + end.len())
        } else if first == '"' {
            end_of_text(rest, '"')
        } else if first == '\'' && is_character(rest) {
            end_of_text(rest, '\'')
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        rest = &rest[skip..];
    }
    code
}

/// The hashes of a raw text (`r#"`) that begins here.
fn raw_text(rest: &str) -> Option<&str> {
    let after = rest.strip_prefix('r')?;
    let hashes = &after[..after.find(|c| c != '#')?];
    after[hashes.len()..].starts_with('"').then_some(hashes)
}

/// Whether a quote begins a character (`'a'`, `'\n'`) and not a lifetime (`'a`).
fn is_character(rest: &str) -> bool {
    let mut chars = rest.chars().skip(1);
    match chars.next() {
        Some('\\') => true,
        Some(_) => chars.next() == Some('\''),
        None => false,
    }
}

/// Where the text that begins with a quote ends, in bytes.
fn end_of_text(rest: &str, quote: char) -> usize {
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if c == quote {
            return at + 1;
        }
    }
    rest.len()
}

/// The code without items under `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let mut kept = String::new();
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]") {
        kept.push_str(&rest[..at]);
        let item = &rest[at..];
        // The item ends with its block, or with a semicolon before any block.
        let mut depth = 0usize;
        let end = item.char_indices().find(|(_, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && matches!(c, '}' | ';')
        });
        rest = end.map_or("", |(at, _)| &item[at + 1..]);
    }
    kept + rest
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Every path of the code, those of a group one by one: `use a::{b, c::d};` gives `a::b` and `a::c::d`.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find(is_name) {
        let (tail, start) = (&rest[at..], &rest[..at]);
        let name_end = tail.find(|c| !is_name(c)).unwrap_or(tail.len());
        let goes_on = start.ends_with("::");
        if !goes_on && tail[name_end..].starts_with("::") {
            rest = tree(tail, &mut Vec::new(), &mut found);
        } else {
            rest = &tail[name_end..];
        }
    }
    found
}

/// Reads one path or group after `before`, adds what it names to `found`, and returns the code behind it.
fn tree<'a>(code: &'a str, before: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> &'a str {
    let depth = before.len();
    let mut rest = code.trim_start();
    loop {
        if let Some(group) = rest.strip_prefix('{') {
            rest = group.trim_start();
            while !rest.is_empty() && !rest.starts_with('}') {
                let after = tree(rest, before, found);
                // Something that isn't part of a group, such as a block: not a path.
                let after = after.trim_start().trim_start_matches(',').trim_start();
                if after.len() == rest.len() {
                    break;
                }
                rest = after;
            }
            rest = rest.strip_prefix('}').unwrap_or(rest);
            break;
        }
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        if end > 0 {
            before.push(rest[..end].to_owned());
        }
        rest = &rest[end..];
        if let Some(after) = rest.strip_prefix("::") {
            rest = after;
            continue;
        }
        found.push(before.clone());
        let after = rest.trim_start().strip_prefix("as ").map(str::trim_start);
        if let Some(after) = after {
            rest = &after[after.find(|c| !is_name(c)).unwrap_or(after.len())..];
        }
        rest = rest.strip_prefix('*').unwrap_or(rest);
        break;
    }
    before.truncate(depth);
    rest
}

#[test]
fn paths_are_read_from_code() {
    let code = r#"
        use super::{a, b::{self, C as D}, e::*}; // use super::comment::Path;
        fn f<'a>(x: &'a str) -> char { super::g::h("super::text::Path"); 'x' }
        #[cfg(test)]
        mod tests { use super::super::test::Only; }
        use crate::app::view;
    "#;
    let paths: Vec<String> =
        paths(&without_tests(&plain(code))).into_iter().map(|path| path.join("::")).collect();
    assert_eq!(
        paths,
        ["super::a", "super::b::self", "super::b::C", "super::e", "super::g::h", "crate::app::view"]
    );
}

#[test]
fn a_circle_is_found() {
    let file = |name: &str, code: &str| (vec!["app".to_owned(), name.to_owned()], code.to_owned());
    let mut folder = Folder {
        code: [
            file("view", "use super::strings::Strings;"),
            file("strings", ""),
            file("panel", "use super::view::View; use crate::app::widgets::{self, button};"),
            file("widgets", "fn f() { super::strings::Strings::of(); }"),
        ]
        .into(),
    };
    assert_eq!(folder.cycles(), Vec::<String>::new());
    folder.code.extend([file("strings", "use crate::app::panel::ui;")]);
    assert_eq!(folder.cycles(), ["app::panel ⇄ app::strings ⇄ app::view ⇄ app::widgets"]);
}
