// SPDX-License-Identifier: Apache-2.0
//! `model.toml` as a whole: its sections, one for each table, and what they say together.

use super::check;
use super::columns;
use super::foreign::Foreign;
use super::infer::{infer, sections_of};
use super::kinds::Kind;
use super::meaning;
use super::section::{At, Findings, Section, ticked, toml_key, toml_text};
use super::table::{Declared, TableReader, Wanted, World, header, unknown_type_help};
use super::words::pascal;
use crate::er::{self, Diagram};
use crate::mapping::{Action, ColumnKind, ContextType, External, Mapping, Meaning, Table, Target};
use crate::name::{nearest, type_name_problem};
use crate::report::Finding;
use std::collections::BTreeMap;
use toml_edit::Document;

/// The longest `model.toml` that is read. The largest schemas we know of need a tenth.
pub const MAX_TEXT_BYTES: usize = 1 << 20;

/// The most tables that a diagram may have.
pub const MAX_TABLES: usize = 1000;

/// Reads a model against the diagram whose tables it describes. There is a mapping exactly when no finding is an error.
///
/// ```
/// use palisade::{er, model};
///
/// let diagram = er::Diagram {
///     tables: vec![er::Table {
///         name: "USERS".into(),
///         declared: true,
///         columns: vec![er::Column { name: "id".into(), type_name: "uuid".into(), primary: true, ..Default::default() }],
///         ..Default::default()
///     }],
///     ..Default::default()
/// };
/// let (mapping, findings) = model::read("[table.USERS]\nkind = \"principal\"\nas = \"User\"\n", &diagram);
/// assert!(findings.is_empty());
/// assert_eq!(mapping.unwrap().type_of("USERS"), Some("User"));
///
/// let (mapping, findings) = model::read("[table.USRES]\nkind = \"principal\"\n", &diagram);
/// assert!(mapping.is_none());
/// assert_eq!(findings[0].help.as_deref(), Some("did you mean `USERS`?"));
/// ```
pub fn read(text: &str, diagram: &Diagram) -> (Option<Mapping>, Vec<Finding>) {
    let mut findings = Findings::new(text);
    let mapping = read_text(text, diagram, &mut findings);
    let failed = findings.failed();
    (mapping.filter(|_| !failed), findings.finish())
}

fn read_text(text: &str, diagram: &Diagram, findings: &mut Findings<'_>) -> Option<Mapping> {
    let too_large = |findings: &mut Findings<'_>, message: String| {
        findings.error("model/too-large", &(0..0), message, "split the schema into several packs");
        None
    };
    if text.len() > MAX_TEXT_BYTES {
        return too_large(findings, format!("the model has {} bytes, and {MAX_TEXT_BYTES} is the most", text.len()));
    }
    if diagram.tables.len() > MAX_TABLES {
        let message = format!("the diagram has {} tables, and {MAX_TABLES} is the most", diagram.tables.len());
        return too_large(findings, message);
    }
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let message = error.message().trim().replace('\n', ", ");
            let message = format!("this is not TOML: {message}");
            let help = "a section is `[table.NAME]`, a key is `name = \"value\"`; names beyond A-Z, a-z, 0-9, `_` and `-` stand in quotes";
            findings.error("model/toml", &error.span().unwrap_or(0..0), message, help);
            return None;
        }
    };
    let root = Section::root(document.as_table());
    root.only(
        &["table", "action", "context", "external"],
        "a model",
        |key| {
            let table = diagram.tables.iter().any(|t| t.name == key);
            table.then(|| format!("a table's section is {}", header(key)))
        },
        findings,
    );

    let sections = sections(&root, "table", findings);
    let world = world(&root, sections, diagram, text, findings);
    let mut mapping = Mapping { externals: world.externals.clone(), ..Mapping::default() };
    let mut member_roles = Vec::new();
    for declared in &world.declared {
        let mut reader = TableReader::new(&world, declared, findings);
        let meaning = meaning::read(&mut reader, &mut member_roles);
        let columns = match declared.kind {
            // Nobody asks where the keys of an ignored table lead.
            Kind::Ignored => reader.columns,
            _ => reader.finish(),
        };
        if let Some(meaning) = meaning {
            let (key, keyed) = meaning::key(declared.table, &columns, &meaning);
            mapping.tables.push(Table { name: declared.table.name.clone(), columns, key, keyed, meaning });
        }
    }
    type_assumed_ids(&mut mapping, diagram);
    spell_references_as_ids(&mut mapping);
    read_actions(&root, &world, &mut mapping, findings);
    if let Some(section) = root.section("context", "{ mfa = \"Bool?\" }", findings) {
        mapping.context = read_context(&section, "the context", &world, findings);
    }
    check::check(&mut mapping, &world, member_roles, findings);
    Some(mapping)
}

/// The sections below `[NAME.…]`.
fn sections<'a>(root: &Section<'a>, name: &'a str, findings: &mut Findings<'_>) -> Vec<Section<'a>> {
    let Some(all) = root.section(name, "{}", findings) else { return Vec::new() };
    all.keys()
        .into_iter()
        .filter_map(|(key, span, item)| {
            let help = format!("write `[{name}.{}]` on a line of its own", toml_key(key));
            Section::of(key, span, item, &help, findings)
        })
        .collect()
}

/// The tables with their sections, in the order of the diagram.
fn world<'a>(
    root: &Section<'a>,
    mut sections: Vec<Section<'a>>,
    diagram: &'a Diagram,
    text: &str,
    findings: &mut Findings<'_>,
) -> World<'a> {
    let names = || diagram.tables.iter().map(|t| t.name.as_str());
    for section in &sections {
        if diagram.table(section.name).is_none() {
            let help = match nearest(section.name, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "leave the section out, or draw the table".to_string(),
            };
            let message = format!("the diagram has no table `{}`", section.name);
            findings.error("model/unknown-table", &section.span, message, help);
        }
    }
    let mut declared = Vec::new();
    let mut given = BTreeMap::new();
    // A section to add is best added after the last one.
    let end = sections.iter().map(|s| s.span.clone()).max_by_key(|s| s.start).unwrap_or(text.len()..text.len());
    let mut suggested = None;
    for (number, table) in diagram.tables.iter().enumerate() {
        let Some(at) = sections.iter().position(|s| s.name == table.name) else {
            let message = format!("the table `{}` has no section: nothing is left out by accident", table.name);
            let suggested = suggested.get_or_insert_with(|| sections_of(&infer(diagram)));
            let help = format!("add, for instance:\n{}", suggested.get(number).map_or("", String::as_str));
            findings.error("model/missing-table", &end, message, help);
            continue;
        };
        let section = sections.swap_remove(at);
        let Some(kind) = kind(&section, findings) else { continue };
        let known: Vec<&str> = std::iter::once("kind").chain(kind.keys().iter().copied()).collect();
        let elsewhere = |key: &str| {
            let kinds: Vec<&str> = Kind::ALL.iter().filter(|k| k.keys().contains(&key)).map(|k| k.name()).collect();
            let near = nearest(key, kind.keys().iter().copied());
            (!kinds.is_empty() && near.is_none()).then(|| format!("it is a key of {}", ticked(kinds)))
        };
        section.only(&known, &kind.with_article(), elsewhere, findings);
        references(&section, table, diagram, &mut given, findings);
        let type_name = type_name(&section, table, kind, findings);
        declared.push(Declared { table, section, kind, type_name });
    }
    let principals: Vec<&str> =
        declared.iter().filter(|d| d.kind == Kind::Principal).map(|d| d.table.name.as_str()).collect();
    let foreign = Foreign::new(diagram, &principals, given);
    let mut world = World { declared, foreign, externals: BTreeMap::new() };
    read_externals(root, &mut world, findings);
    world
}

fn kind(section: &Section<'_>, findings: &mut Findings<'_>) -> Option<Kind> {
    let all = || Kind::ALL.iter().map(|k| k.name());
    let Some(name) = section.text("kind", "\"resource\"", findings) else {
        if !section.has("kind") {
            let message = format!("{} has no `kind`", header(section.name));
            findings.error("model/missing-key", &section.span, message, format!("it is one of {}", ticked(all())));
        }
        return None;
    };
    let kind = Kind::of(&name.value);
    if kind.is_none() {
        let help = match nearest(&name.value, all()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it is one of {}", ticked(all())),
        };
        findings.error("model/unknown-kind", &name.span, format!("`{}` is no kind of table", name.value), help);
    }
    kind
}

/// `references = { author_id = "USERS" }`, where both exist.
fn references<'a>(
    section: &Section<'a>,
    table: &'a er::Table,
    diagram: &Diagram,
    given: &mut BTreeMap<(&'a str, &'a str), String>,
    findings: &mut Findings<'_>,
) {
    for (column, to) in section.pairs("references", "{ author_id = \"USERS\" }", findings) {
        let Some(known) = table.column(column.value) else {
            let help = match nearest(column.value, table.columns.iter().map(|c| c.name.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it has {}", ticked(table.columns.iter().map(|c| c.name.as_str()))),
            };
            let message = format!("`{}` has no column `{}`", table.name, column.value);
            findings.error("model/unknown-column", &column.span, message, help);
            continue;
        };
        if diagram.table(&to.value).is_none() {
            let help = match nearest(&to.value, diagram.tables.iter().map(|t| t.name.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "name a table of the diagram".to_string(),
            };
            findings.error("model/unknown-table", &to.span, format!("the diagram has no table `{}`", to.value), help);
            continue;
        }
        given.insert((&table.name, &known.name), to.value);
    }
}

/// The entity type of a table's rows, if the kind has entities.
fn type_name(section: &Section<'_>, table: &er::Table, kind: Kind, findings: &mut Findings<'_>) -> Option<String> {
    let given = if kind.keys().contains(&"as") { section.text("as", "\"Name\"", findings) } else { None };
    if given.is_none() && kind.entity().is_none() {
        return None;
    }
    let (name, span) = match given {
        Some(given) => (given.value, given.span),
        None => (table.name.clone(), section.span.clone()),
    };
    if let Some(problem) = type_name_problem(&name) {
        let better = Some(pascal(&name)).filter(|better| type_name_problem(better).is_none());
        let help = match better {
            Some(better) => format!("give its rows another entity type: `as = {}`", toml_text(&better)),
            None => "give its rows an entity type: `as = \"Name\"`, in the singular".to_string(),
        };
        findings.error("model/type-name", &span, format!("`{name}` {problem}"), help);
    }
    Some(name)
}

fn read_externals<'a>(root: &Section<'a>, world: &mut World<'a>, findings: &mut Findings<'_>) {
    let all = sections(root, "external", findings);
    for section in &all {
        section.only(&["parents", "attributes"], "an external type", |_| None, findings);
        if let Some(problem) = type_name_problem(section.name) {
            let help = "rename it: a letter, then letters, digits and `_`";
            findings.error("model/type-name", &section.span, format!("`{}` {problem}", section.name), help);
        }
        let taken = world.declared.iter().find(|d| d.type_name.as_deref() == Some(section.name));
        if let Some(taken) = taken {
            let message = format!("`{}` is the type of `{}` already", section.name, taken.table.name);
            let help = "leave the external type out, or give one of them another name";
            findings.error("model/same-type", &section.span, message, help);
        }
        world.externals.insert(section.name.to_string(), External::default());
    }
    for section in &all {
        let parents = section.texts("parents", "[\"Org\"]", findings);
        let parents = known_types(parents, world, findings);
        let attributes = match section.section("attributes", "{ owner_id = \"String?\" }", findings) {
            Some(section) => read_context(&section, "an external type", world, findings),
            None => BTreeMap::new(),
        };
        world.externals.insert(section.name.to_string(), External { parents, attributes });
    }
}

/// Those of `names` that are entity types; the others are reported.
fn known_types(names: Vec<At<String>>, world: &World<'_>, findings: &mut Findings<'_>) -> Vec<String> {
    let all: Vec<&str> = world.types(Wanted::Entity).map(|(name, _)| name).collect();
    let mut known = Vec::new();
    for name in names {
        if !all.contains(&name.value.as_str()) {
            let message = format!("no entity type is called `{}`", name.value);
            findings.error("model/unknown-type", &name.span, message, unknown_type_help(&name.value, &all));
        } else if !known.contains(&name.value) {
            known.push(name.value);
        }
    }
    known
}

/// `[action.ID]`, and every action that another section names.
fn read_actions(root: &Section<'_>, world: &World<'_>, mapping: &mut Mapping, findings: &mut Findings<'_>) {
    for section in sections(root, "action", findings) {
        let id = section.name;
        section.only(&["implies", "resources", "context"], "an action", |_| None, findings);
        if id.is_empty() {
            findings.error("model/action", &section.span, "an action has an empty name".to_string(), "give it a name");
        }
        let mut implies = Vec::new();
        for implied in section.texts("implies", "[\"READ\"]", findings) {
            if implied.value.is_empty() {
                findings.error(
                    "model/action",
                    &implied.span,
                    "an action has an empty name".to_string(),
                    "give it a name",
                );
            } else if implied.value == id {
                let message = format!("`{id}` implies itself, which says nothing");
                findings.warning("model/self-implied", &implied.span, message, "leave it out");
            } else if !implies.contains(&implied.value) {
                implies.push(implied.value);
            }
        }
        let resources = section.texts("resources", "[\"Document\"]", findings);
        let resources = known_types(resources, world, findings);
        let context = match section.section("context", "{ reason = \"String?\" }", findings) {
            Some(section) => read_context(&section, "the context", world, findings),
            None => BTreeMap::new(),
        };
        mapping.actions.insert(id.to_string(), Action { implies, resources, context });
    }
    let mut named: Vec<String> = mapping.actions.values().flat_map(|a| a.implies.clone()).collect();
    named.extend(mapping.entities().flat_map(|(_, entity)| entity.owner_actions.clone()));
    for action in named {
        mapping.actions.entry(action).or_default();
    }
}

/// Attributes with their types, of the context or of whatever else comes with a request.
fn read_context(
    section: &Section<'_>,
    of: &str,
    world: &World<'_>,
    findings: &mut Findings<'_>,
) -> BTreeMap<String, ContextType> {
    const TYPES: [&str; 7] = ["String", "Long", "Bool", "decimal", "datetime", "ipaddr", "Set<String>"];
    let mut context = BTreeMap::new();
    for (name, span, _) in section.keys() {
        if name.is_empty() {
            let message = format!("an attribute of {of} has an empty name");
            findings.error("model/context", &span, message, "give it a name");
        }
        let Some(text) = section.text(name, "\"String?\"", findings) else { continue };
        let (type_name, optional) = match text.value.strip_suffix('?') {
            Some(type_name) => (type_name, true),
            None => (text.value.as_str(), false),
        };
        let entities = world.types(Wanted::Entity).map(|(name, _)| name);
        let all: Vec<&str> = TYPES.into_iter().chain(entities).collect();
        if !all.contains(&type_name) {
            let help = match nearest(type_name, all.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it is one of {}, or an entity type", ticked(TYPES)),
            };
            findings.error("model/context", &text.span, format!("no attribute of {of} can be a `{type_name}`"), help);
            continue;
        }
        context.insert(name.to_string(), ContextType { name: type_name.to_string(), optional });
    }
    context
}

/// The id of a table that the diagram only names is of the kind of the keys that refer to it.
fn type_assumed_ids(mapping: &mut Mapping, diagram: &Diagram) {
    for at in 0..mapping.tables.len() {
        let name = &mapping.tables[at].name;
        if diagram.table(name).is_none_or(|t| !t.columns.is_empty()) {
            continue;
        }
        let kind = mapping.tables.iter().find_map(|table| {
            let column = table.columns.iter().find(|c| c.references.as_ref() == Some(name))?;
            columns::kind(&diagram.table(&table.name)?.column(&column.name)?.type_name)
        });
        if let (Some(kind), Some(id)) = (kind, mapping.tables[at].columns.first_mut()) {
            id.kind = kind;
        }
    }
}

/// A column of text that holds UUIDs of another table is read as UUIDs are, so that a row in capitals, or one that denies,
/// still names whom it means: most of all the `subject_id` of a list that is for several types.
fn spell_references_as_ids(mapping: &mut Mapping) {
    let id_kind = |table: &Table| {
        let id = table.entity().map(|entity| &entity.id).or(table.key.first())?;
        Some(table.column(id)?.kind)
    };
    let mut found: Vec<(usize, String, ColumnKind)> = Vec::new();
    for (at, table) in mapping.tables.iter().enumerate() {
        for column in &table.columns {
            let theirs = column.references.as_deref().and_then(|name| id_kind(mapping.table(name)?));
            found.extend(theirs.map(|kind| (at, column.name.clone(), kind)));
        }
        let targets: Vec<&Target> = match &table.meaning {
            Meaning::RoleAssignment(meaning) => meaning.scope.iter().collect(),
            Meaning::DirectPermission(meaning) => meaning.scope.iter().collect(),
            Meaning::Acl(meaning) => vec![&meaning.subject, &meaning.object],
            _ => Vec::new(),
        };
        for target in targets {
            let mut types = target.type_names().into_iter();
            // Where the ids of only some types are UUIDs, these need it, and the others seldom look like one.
            if types.any(|name| mapping.entity(name).and_then(|(t, _)| id_kind(t)) == Some(ColumnKind::Uuid)) {
                found.push((at, target.id_column().to_string(), ColumnKind::Uuid));
            }
        }
    }
    for (at, name, kind) in found {
        let column = mapping.tables[at].columns.iter_mut().find(|column| column.name == name);
        if let Some(column) = column.filter(|c| matches!((c.kind, kind), (ColumnKind::Text, ColumnKind::Uuid))) {
            column.kind = kind;
        }
    }
}
