//! Which file of a crate imports which, and the circles among them.
//!
//! Reads `use` declarations and paths in code, and follows names through re-exports to the file
//! that defines them. What it leaves out: test code, calls of methods (a type's methods may stand
//! in several files), and names that a file only passes on (`pub use`), since whoever takes such a
//! name is tied to the file that defines it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::tokens::{Token, tokens};

/// Path, with the names that the first file takes from the second.
pub(crate) type Arrows = BTreeMap<(usize, usize), BTreeSet<String>>;

const DEFINES: &[&str] = &[
    "fn",
    "struct",
    "enum",
    "union",
    "trait",
    "type",
    "const",
    "static",
    "macro_rules",
];

/// Deeper chains of re-exports are taken for a loop.
const DEEPEST: usize = 16;

/// One file: a module of the crate.
struct Module {
    file: String,
    parent: Option<usize>,
    tokens: Vec<Token>,
    defines: BTreeSet<String>,
    /// Module names that `mod NAME;` declares here.
    children: BTreeMap<String, usize>,
    /// By the name that each brings in.
    uses: BTreeMap<String, Vec<Use>>,
}

/// One name that a `use` declaration brings in.
struct Use {
    name: String,
    path: Vec<String>,
    passed_on: bool,
}

/// What a path leads to.
#[derive(Clone, Copy)]
enum Found {
    Module(usize),
    Item(usize),
}

pub(crate) struct Crate {
    modules: Vec<Module>,
}

impl Crate {
    /// Reads a crate's modules from its root file on. `read` gives the text of a file, if there is
    /// one.
    pub(crate) fn read(root: &str, read: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut found = Self {
            modules: Vec::new(),
        };
        let text = read(root).unwrap_or_else(|| panic!("{root} is not there"));
        found.add(None, root.to_owned(), &text, read);
        found
    }

    fn add(
        &mut self,
        parent: Option<usize>,
        file: String,
        text: &str,
        read: &dyn Fn(&str) -> Option<String>,
    ) -> usize {
        let tokens = tokens(text);
        let at = self.modules.len();
        let folder = child_folder(&file, parent.is_none());
        self.modules.push(Module {
            file,
            parent,
            defines: defined(&tokens),
            uses: uses(&tokens),
            tokens,
            children: BTreeMap::new(),
        });
        for name in declared(&self.modules[at].tokens) {
            let beside = format!("{folder}/{name}.rs");
            let within = format!("{folder}/{name}/mod.rs");
            for file in [beside, within] {
                if let Some(text) = read(&file) {
                    let child = self.add(Some(at), file, &text, read);
                    self.modules[at].children.insert(name.clone(), child);
                }
            }
        }
        at
    }

    pub(crate) fn files(&self) -> usize {
        self.modules.len()
    }

    pub(crate) fn file(&self, module: usize) -> &str {
        &self.modules[module].file
    }

    /// Which file imports which.
    pub(crate) fn arrows(&self) -> Arrows {
        let mut arrows = Arrows::new();
        for at in 0..self.modules.len() {
            for (target, name) in self.taken(at) {
                if target != at {
                    arrows.entry((at, target)).or_default().insert(name);
                }
            }
        }
        arrows
    }

    /// The files that a module takes names from.
    fn taken(&self, at: usize) -> Vec<(usize, String)> {
        let module = &self.modules[at];
        let mut taken = Vec::new();
        for entry in module.uses.values().flatten() {
            let used = !entry.passed_on || mentions(&module.tokens, &entry.name);
            if let (true, Some(Found::Item(target))) = (used, self.find(at, &entry.path, 0)) {
                taken.push((target, entry.name.clone()));
            }
        }
        for path in paths(&module.tokens) {
            if let Some(Found::Item(target)) = self.find(at, &path, 0) {
                taken.push((target, path[path.len() - 1].clone()));
            }
        }
        taken
    }

    /// Follows a path that stands in the code of the module `at`.
    fn find(&self, at: usize, path: &[String], depth: usize) -> Option<Found> {
        if depth > DEEPEST {
            return None;
        }
        let (mut here, rest) = match path.first()?.as_str() {
            "crate" => (Found::Module(0), &path[1..]),
            "self" => (Found::Module(at), &path[1..]),
            "super" => (Found::Module(self.modules[at].parent?), &path[1..]),
            first => (self.member(at, first, path.len() == 1, depth)?, &path[1..]),
        };
        for (i, name) in rest.iter().enumerate() {
            here = match here {
                Found::Item(_) => return Some(here),
                Found::Module(module) if name == "super" => {
                    Found::Module(self.modules[module].parent?)
                }
                Found::Module(module) => self.member(module, name, i + 1 == rest.len(), depth)?,
            };
        }
        Some(here)
    }

    /// What a name means inside a module. A last name may be a function and a module at once.
    fn member(&self, module: usize, name: &str, last: bool, depth: usize) -> Option<Found> {
        let here = &self.modules[module];
        let child = here.children.get(name).map(|m| Found::Module(*m));
        let own = here.defines.contains(name).then_some(Found::Item(module));
        let direct = if last { own.or(child) } else { child.or(own) };
        direct.or_else(|| {
            let mut brought = here.uses.get(name).into_iter().flatten();
            let mut brought = brought.by_ref().filter(|u| u.path != [name]);
            brought.find_map(|u| self.find(module, &u.path, depth + 1))
        })
    }

    /// Each group of files that import each other in a loop, as lines to read.
    pub(crate) fn circles(&self) -> Vec<String> {
        let arrows = self.arrows();
        let mut next = vec![Vec::new(); self.modules.len()];
        for (from, to) in arrows.keys() {
            next[*from].push(*to);
        }
        let groups = groups(&next);
        groups
            .iter()
            .map(|group| self.told(group, &arrows))
            .collect()
    }

    fn told(&self, group: &[usize], arrows: &Arrows) -> String {
        let mut lines = vec![format!(
            "{} files import each other in a loop:",
            group.len()
        )];
        for ((from, to), names) in arrows {
            if group.contains(from) && group.contains(to) {
                let names: Vec<_> = names.iter().map(String::as_str).collect();
                let (from, to) = (self.file(*from), self.file(*to));
                lines.push(format!("  {from} -> {to}: {}", names.join(", ")));
            }
        }
        lines.join("\n")
    }
}

/// Where the files of a module's children stand.
fn child_folder(file: &str, root: bool) -> String {
    let path = Path::new(file);
    let folder = path.parent().unwrap().to_string_lossy().into_owned();
    let stem = path.file_stem().unwrap().to_string_lossy();
    if root || stem == "mod" {
        folder
    } else {
        format!("{folder}/{stem}")
    }
}

fn defined(tokens: &[Token]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut depth = 0_usize;
    for (i, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            word if depth == 0 && DEFINES.contains(&word) => {
                let name = tokens[i + 1..]
                    .iter()
                    .find(|t| t.is_name() && t.text != "mut");
                found.extend(name.map(|t| t.text.clone()));
            }
            _ => {}
        }
    }
    found
}

/// The modules that `mod NAME;` declares.
fn declared(tokens: &[Token]) -> Vec<String> {
    let three = tokens.windows(3);
    three
        .filter(|t| t[0].text == "mod" && t[1].is_name() && t[2].text == ";")
        .map(|t| t[1].text.clone())
        .collect()
}

/// Every name that a `use` declaration brings in.
fn uses(tokens: &[Token]) -> BTreeMap<String, Vec<Use>> {
    let mut found = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        let bounds = tokens.get(i + 1).is_some_and(|t| t.text == "<");
        if token.text == "use" && !bounds {
            let passed_on = i > 0 && matches!(tokens[i - 1].text.as_str(), "pub" | ")");
            let mut at = i + 1;
            use_tree(tokens, &mut at, &[], passed_on, &mut found);
        }
    }
    let mut by_name: BTreeMap<String, Vec<Use>> = BTreeMap::new();
    for one in found {
        by_name.entry(one.name.clone()).or_default().push(one);
    }
    by_name
}

/// One branch of a `use` tree, up to the `,`, `}` or `;` behind it.
fn use_tree(
    tokens: &[Token],
    at: &mut usize,
    before: &[String],
    passed_on: bool,
    out: &mut Vec<Use>,
) {
    let mut path = before.to_vec();
    let mut name = None;
    while let Some(token) = tokens.get(*at) {
        match token.text.as_str() {
            ";" | "," | "}" => break,
            "{" => {
                *at += 1;
                loop {
                    use_tree(tokens, at, &path, passed_on, out);
                    let more = tokens.get(*at).is_some_and(|t| t.text == ",");
                    *at += 1;
                    if !more {
                        return;
                    }
                }
            }
            "as" => name = tokens.get(*at + 1).map(|t| t.text.clone()),
            "::" => {}
            _ if name.is_some() => {}
            "self" if !path.is_empty() => {}
            word => path.push(word.to_owned()),
        }
        *at += 1;
    }
    let names_itself =
        path.len() > before.len() || tokens[*at - 1].text == "self" || name.is_some();
    if let (true, Some(last)) = (names_itself, path.last()) {
        let name = name.unwrap_or_else(|| last.clone());
        out.push(Use {
            name,
            path,
            passed_on,
        });
    }
}

/// Paths of two names and more that stand in code, outside `use`.
fn paths(tokens: &[Token]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].text == "use" && tokens.get(at + 1).is_some_and(Token::is_name) {
            at += tokens[at..].iter().take_while(|t| t.text != ";").count();
            continue;
        }
        let mut path = Vec::new();
        while tokens.get(at).is_some_and(Token::is_name) {
            path.push(tokens[at].text.clone());
            let goes_on = tokens.get(at + 1).is_some_and(|t| t.text == "::")
                && tokens.get(at + 2).is_some_and(Token::is_name);
            if !goes_on {
                break;
            }
            at += 2;
        }
        if path.len() > 1 {
            found.push(path);
        }
        at += 1;
    }
    found
}

/// Whether code outside `use` declarations names `name` at all.
fn mentions(tokens: &[Token], name: &str) -> bool {
    let mut inside_use = false;
    tokens.iter().any(|token| {
        match token.text.as_str() {
            "use" => inside_use = true,
            "<" => inside_use = false,
            ";" => inside_use = false,
            _ => {}
        }
        !inside_use && token.text == name
    })
}

/// Groups of two and more that reach each other.
fn groups(next: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let reach: Vec<Vec<bool>> = (0..next.len()).map(|from| reached(next, from)).collect();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (from, reached) in reach.iter().enumerate() {
        let done = groups.iter().any(|group| group.contains(&from));
        if !done && reached[from] {
            let same = |to: &usize| reached[*to] && reach[*to][from];
            groups.push((0..next.len()).filter(same).collect());
        }
    }
    groups
}

/// What can be reached from one place, itself only by a way around.
fn reached(next: &[Vec<usize>], from: usize) -> Vec<bool> {
    let mut seen = vec![false; next.len()];
    let mut open = next[from].clone();
    while let Some(at) = open.pop() {
        if !seen[at] {
            seen[at] = true;
            open.extend(&next[at]);
        }
    }
    seen
}
