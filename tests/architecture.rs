//! Every path that ARCHITECTURE.md names exists.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The files and folders of the repository, without what is built or fetched.
fn repository() -> BTreeSet<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut paths) = (vec![root.to_owned()], BTreeSet::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if ["target", ".git", ".setup", "out", "node_modules"].iter().any(|left| name == *left) {
                continue;
            }
            paths.insert(path.strip_prefix(root).expect("below the root").to_owned());
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    paths
}

/// The words of a text that look like a path of this repository.
fn paths_in(text: &str) -> Vec<String> {
    let is_path = |word: &str| {
        let known = [".rs", ".toml", ".py", ".md", ".sh", ".c"].iter().any(|ending| word.ends_with(ending));
        let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
        plain && (known || word.ends_with('/')) && !word.starts_with(['/', '.', '~']) && word.len() > 3
    };
    text.split(|c: char| c.is_whitespace() || "`,;:()→".contains(c))
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| is_path(word))
        .map(str::to_owned)
        .collect()
}

/// The code spans of a line.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Checks a map; returns the paths that are missing. In the tree, a line's first words are names below the folder of a line
/// that is indented less; file names after the description's commas are not checked. Elsewhere, paths stand in code spans:
/// from the root, from `src/`, or the end of any path.
fn missing(map: &str, paths: &BTreeSet<PathBuf>) -> Vec<String> {
    let exists = |path: &Path| paths.contains(path);
    let anywhere = |end: &str| {
        let end = Path::new(end.trim_end_matches('/'));
        paths.iter().any(|path| path.ends_with(end))
    };
    let mut missing = Vec::new();
    let (mut in_tree, mut parents): (bool, Vec<(usize, PathBuf)>) = (false, Vec::new());
    for line in map.lines() {
        if line.starts_with("```") {
            in_tree = !in_tree;
            parents.clear();
            continue;
        }
        if !in_tree {
            let named = spans(line).filter(|span| !span.contains(char::is_whitespace)).flat_map(paths_in);
            missing.extend(named.filter(|path| !anywhere(path)));
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        while parents.last().is_some_and(|(outer, _)| *outer >= indent) {
            parents.pop();
        }
        let parent = parents.last().map(|(_, path)| path.clone()).unwrap_or_default();
        // Names at the head of the line: `a.rs, b.rs   description`.
        let head = line.trim_start().split("  ").next().unwrap_or_default();
        let names = paths_in(head);
        for name in &names {
            let path = parent.join(name.trim_end_matches('/'));
            if !exists(&path) {
                missing.push(path.display().to_string());
            }
        }
        if let Some(folder) = names.last().filter(|name| name.ends_with('/')) {
            parents.push((indent, parent.join(folder.trim_end_matches('/'))));
        }
    }
    missing
}

#[test]
fn every_path_of_the_map_exists() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    let map = std::fs::read_to_string(file).expect("the map");
    let missing = missing(&map, &repository());
    assert!(missing.is_empty(), "ARCHITECTURE.md names what does not exist: {missing:#?}");
}

#[test]
fn a_path_that_does_not_exist_is_found() {
    let map = "# Map\n\n```\nsrc/\n  engine/   the loop\n    gone.rs   nothing\n    mod.rs, lost.rs   something\n  main.rs   start\n```\n\n\
               See `src/main.rs`, `engine/mod.rs`, `engine/gone.rs`, `cargo bench` and `Model::open`.\n";
    assert_eq!(
        missing(map, &repository()),
        ["src/engine/gone.rs", "src/engine/lost.rs", "engine/gone.rs"].map(str::to_owned)
    );
}
