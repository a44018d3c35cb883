//! Every code, test, function, forgery and vector that `docs/verification.md` names is there: no stale names.

use crate::codes::files;
use std::fs;
use std::path::{Path, PathBuf};

/// What may be named: sources and tests by path, with their text.
struct Tree {
    root: PathBuf,
    files: Vec<(String, String)>,
}

impl Tree {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).to_owned();
        let mut paths = Vec::new();
        for (folder, ending) in [
            ("src", "rs"),
            ("tests", "rs"),
            ("tests", "py"),
            ("python/memberof/testing", "py"),
            ("benches", "rs"),
            ("fuzz", "rs"),
        ] {
            files(&root.join(folder), ending, &mut paths);
        }
        let name = |path: &Path| path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        let files = paths.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect();
        Self { root, files }
    }

    /// The texts of all files whose path ends with this one. Rust tests win over sources of the same name.
    fn texts<'t>(&'t self, path: &'t str) -> impl Iterator<Item = &'t str> {
        let is_it = move |name: &str| name == path || name.ends_with(&format!("/{path}"));
        self.files.iter().filter(move |(name, _)| is_it(name)).map(|(_, text)| text.as_str())
    }

    fn has_path(&self, path: &str) -> bool {
        self.root.join(path).exists() || self.texts(path).next().is_some()
    }

    fn has_vector(&self, number: &str) -> bool {
        fs::read_dir(self.root.join("tests/vectors"))
            .unwrap()
            .any(|entry| entry.unwrap().file_name().to_string_lossy().starts_with(&format!("{number}-")))
    }

    fn quotes(&self, under: &str, word: &str) -> bool {
        let quoted = format!("\"{word}\"");
        self.files.iter().any(|(name, text)| name.starts_with(under) && text.contains(&quoted))
    }
}

/// Whether a text defines something of that name.
fn defines(text: &str, name: &str) -> bool {
    ["fn ", "def ", "struct ", "enum ", "static ", "const ", "let "].iter().any(|keyword| {
        text.split(&format!("{keyword}{name}"))
            .skip(1)
            .any(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
    }) || text.contains(&format!("\n{name} = "))
}

fn is_code(span: &str) -> bool {
    let floors = ["xml", "dsig", "xmlenc", "saml"];
    span.split_once('.').is_some_and(|(floor, fact)| {
        floors.contains(&floor)
            && !fact.is_empty()
            && fact.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    })
}

fn is_identifier(name: &str) -> bool {
    name.len() > 3 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What is wrong with what stands between two backticks.
fn fault(tree: &Tree, span: &str) -> Option<String> {
    if is_code(span) {
        return (!tree.quotes("src/", span)).then(|| format!("no code {span}"));
    }
    // A file and names in it, a file, or names of any file.
    let (file, names) = match span.split_once(": ").or_else(|| span.split_once("py::")) {
        Some((file, names)) if span.contains("py::") => (Some(format!("{file}py")), names),
        Some((file, names)) => (Some(file.to_owned()), names),
        None if span.contains(['/', '.']) && !span.contains([' ', '(', '*']) => {
            return (!tree.has_path(span.trim_end_matches('/'))).then(|| format!("no file {span}"));
        }
        None => (None, span),
    };
    if file.as_ref().is_some_and(|file| !tree.has_path(file)) {
        return Some(format!("no file {file:?}"));
    }
    let mut names = names.split(", ").map(|name| name.rsplit("::").next().unwrap());
    names.find_map(|name| {
        let found = match &file {
            Some(file) => tree.texts(file).any(|text| defines(text, name)),
            None => !is_identifier(name) || tree.files.iter().any(|(_, text)| defines(text, name)),
        };
        (!found).then(|| format!("no {name} in {file:?}"))
    })
}

/// The part of the page that is written by hand.
fn page(tree: &Tree) -> String {
    let page = fs::read_to_string(tree.root.join("docs/verification.md")).unwrap();
    page.split("<!-- referee: written").next().unwrap().to_owned()
}

#[test]
fn what_the_page_on_verification_names_is_there() {
    let tree = Tree::read();
    let page = page(&tree);
    let spans: Vec<&str> = page.split('`').skip(1).step_by(2).collect();
    let codes = spans.iter().filter(|span| is_code(span)).count();
    assert!(spans.len() > 120 && codes > 45, "{} names, {codes} codes", spans.len());
    let faults: Vec<String> = spans.iter().filter_map(|span| fault(&tree, span)).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_forgeries_and_vectors_that_the_page_names_are_there() {
    let tree = Tree::read();
    let page = page(&tree);
    let (mut forgeries, mut vectors) = (0, 0);
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        for quoted in row.split('"').skip(1).step_by(2) {
            forgeries += 1;
            assert!(tree.quotes("tests/services/forgeries.py", quoted), "no forgery {quoted}: {row}");
        }
        let Some((_, after)) = row.rsplit_once("| ").and_then(|(_, last)| last.split_once("vector")) else {
            continue;
        };
        for number in
            after.split(|character: char| !character.is_ascii_digit()).filter(|word| word.len() == 3)
        {
            vectors += 1;
            assert!(tree.has_vector(number), "no vector {number}: {row}");
        }
    }
    assert!(forgeries > 35 && vectors > 80, "{forgeries} forgeries, {vectors} vectors");
}

#[test]
fn a_stale_name_would_be_found() {
    let tree = Tree::read();
    for stale in [
        "saml.no_such_code",
        "xml.rs: no_such_test",
        "src/xml/nowhere.rs",
        "test_saml.py::test_nothing",
        "test_nothing_at_all",
        "check.rs: status, nothing",
    ] {
        assert!(fault(&tree, stale).is_some(), "{stale}");
    }
}
