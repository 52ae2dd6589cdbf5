// SPDX-License-Identifier: Apache-2.0
//! The naive judge: section 4 of the design, read aloud. No Cedar, no index, no slice, no speed.
//!
//! Every row is read twice. *Surely*: what it says when each value that cannot be read counts as absent; permits and
//! guards go by that. *Maybe*: what it may have meant; forbids go by that. So a row that cannot be read never widens
//! access.

use palisade::facts::External;
use palisade::mapping::{
    Acl, ColumnKind, DirectPermission, Entity, EntityKind, Live, Mapping, Meaning, Pattern, Piece, RoleAssignment,
    RolePermission, Table, Target, Test,
};
use palisade::name::Uid;
use palisade::rows::{Millis, Reading, Rows, Value, read_bool, read_id, read_time};
use std::collections::{BTreeMap, BTreeSet};

/// Whether something holds, where values that cannot be read leave it open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sure {
    No,
    Maybe,
    Yes,
}

/// Which of the two readings of the rows is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    Surely,
    Maybe,
}

/// One question.
#[derive(Clone, Debug)]
pub struct Question {
    pub principal: Uid,
    pub action: String,
    pub resource: Uid,
    pub externals: Vec<External>,
}

/// Decides one question from all rows.
pub fn judge(mapping: &Mapping, read_by_guards: &BTreeSet<String>, rows: &Rows, at: Millis, ask: &Question) -> bool {
    let mut court = Court {
        mapping,
        read_by_guards,
        rows,
        at,
        ask,
        surely: Edges::new(),
        maybe: Edges::new(),
        astray: BTreeSet::new(),
    };
    court.find_parents();
    court.guards_hold() && !court.forbidden() && court.permitted()
}

/// Child → parents.
type Edges = BTreeMap<Uid, BTreeSet<Uid>>;

struct Court<'a> {
    mapping: &'a Mapping,
    read_by_guards: &'a BTreeSet<String>,
    rows: &'a Rows,
    at: Millis,
    ask: &'a Question,
    surely: Edges,
    maybe: Edges,
    /// Entities with a parent that cannot be read.
    astray: BTreeSet<Uid>,
}

/// One row of one table.
#[derive(Clone, Copy)]
struct Row<'a> {
    table: &'a Table,
    columns: &'a [String],
    values: &'a [Value],
}

impl<'a> Row<'a> {
    fn get(&self, column: &str) -> &'a Value {
        self.columns.iter().position(|name| name == column).map_or(&Value::Null, |at| &self.values[at])
    }
}

/// What a permission row allows: actions (`None`: it may be any) of resources of these types (`None`: of every type).
struct Allows {
    actions: Option<Vec<String>>,
    kinds: Option<Vec<String>>,
    sure: Sure,
}

/// Where a grant holds.
enum Place {
    Everywhere,
    In(Uid),
    At(Uid),
    /// Cannot be read.
    Unknown,
}

impl<'a> Court<'a> {
    fn rows_of(&self, table: &'a Table) -> Vec<Row<'a>> {
        let Some(found) = self.rows.get(&table.name) else { return Vec::new() };
        found.rows.iter().map(|values| Row { table, columns: &found.columns, values }).collect()
    }

    /// All rows of the tables that mean what `pick` picks.
    fn all<T>(&self, pick: impl Fn(&'a Meaning) -> Option<&'a T>) -> Vec<(Row<'a>, &'a T)> {
        let with = |table: &'a Table| pick(&table.meaning).map(|meaning| (table, meaning));
        let tables: Vec<_> = self.mapping.tables.iter().filter_map(with).collect();
        tables.into_iter().flat_map(|(table, m)| self.rows_of(table).into_iter().map(move |row| (row, m))).collect()
    }

    // ---- Values ----

    /// The id in a column that leads to entities of `kind`: UUIDs in lower case with hyphens.
    fn id(&self, row: &Row, column: &str, kind: &str) -> Reading<String> {
        let own = row.table.column(column).map_or(ColumnKind::Text, |column| column.kind);
        let theirs = self.mapping.entity(kind).and_then(|(table, entity)| Some(table.column(&entity.id)?.kind));
        read_id(row.get(column), theirs.unwrap_or(own))
    }

    fn leads_to(&self, row: &Row, column: &str) -> Option<&'a str> {
        self.mapping.type_of(row.table.column(column)?.references.as_deref()?)
    }

    /// The entity that a foreign key leads to.
    fn target(&self, row: &Row, column: &str) -> Reading<Uid> {
        let Some(kind) = self.leads_to(row, column) else { return Reading::Null };
        match self.id(row, column, kind) {
            Reading::Is(id) => Reading::Is(Uid::new(kind, id)),
            Reading::Null => Reading::Null,
            Reading::Unreadable => Reading::Unreadable,
        }
    }

    /// All conditions of `live` hold. NULL is not live.
    fn live(&self, row: &Row, live: &[Live]) -> Sure {
        let one = |live: &Live| {
            let value = row.get(&live.column);
            let bool_is = |wanted: bool| match read_bool(value) {
                Reading::Is(found) if found == wanted => Sure::Yes,
                Reading::Is(_) | Reading::Null => Sure::No,
                Reading::Unreadable => Sure::Maybe,
            };
            match (&live.test, value) {
                (Test::IsTrue, _) => bool_is(true),
                (Test::IsFalse, _) => bool_is(false),
                (Test::IsNull, value) => {
                    if *value == Value::Null {
                        Sure::Yes
                    } else {
                        Sure::No
                    }
                }
                (Test::IsNotNull, value) => {
                    if *value == Value::Null {
                        Sure::No
                    } else {
                        Sure::Yes
                    }
                }
                (_, Value::Null) => Sure::No,
                (Test::EqualsText(wanted), Value::Text(found)) => {
                    if wanted == found {
                        Sure::Yes
                    } else {
                        Sure::No
                    }
                }
                (Test::EqualsLong(wanted), Value::Integer(found)) => {
                    if wanted == found {
                        Sure::Yes
                    } else {
                        Sure::No
                    }
                }
                _ => Sure::Maybe,
            }
        };
        live.iter().map(one).min().unwrap_or(Sure::Yes)
    }

    /// Rule 5: a row whose `expires` ≤ instant conveys nothing.
    fn unexpired(&self, row: &Row, expires: &Option<String>) -> Sure {
        let Some(column) = expires else { return Sure::Yes };
        match read_time(row.get(column)) {
            Reading::Null => Sure::Yes,
            Reading::Is(until) => {
                if until <= self.at {
                    Sure::No
                } else {
                    Sure::Yes
                }
            }
            Reading::Unreadable => Sure::Maybe,
        }
    }

    /// Whether the row grants. NULL and what cannot be read are taken to forbid.
    fn grants(&self, row: &Row, granted: &Option<String>) -> bool {
        granted.as_ref().is_none_or(|column| read_bool(row.get(column)) == Reading::Is(true))
    }

    /// Text made from columns; `None` where one is NULL, empty or of another kind.
    fn pattern(&self, row: &Row, pattern: &Pattern) -> Option<String> {
        let piece = |piece: &Piece| match piece {
            Piece::Literal(text) => Some(text.clone()),
            Piece::Column(column) => read_id(row.get(column), ColumnKind::Text).known(),
        };
        pattern.0.iter().map(piece).collect()
    }

    // ---- Rule 1: entities ----

    fn row(&self, uid: &Uid) -> Option<(Row<'a>, &'a Entity)> {
        let (table, entity) = self.mapping.entity(&uid.kind)?;
        let own = |row: &Row| self.id(row, &entity.id, &uid.kind) == Reading::Is(uid.id.clone());
        self.rows_of(table).into_iter().find(own).map(|row| (row, entity))
    }

    /// Whether an entity has a row that is live. One outside the database is.
    fn alive(&self, uid: &Uid) -> Sure {
        if self.mapping.externals.contains_key(&uid.kind) {
            return Sure::Yes;
        }
        self.row(uid).map_or(Sure::No, |(row, entity)| self.live(&row, &entity.live))
    }

    // ---- Rule 2: parents ----

    fn find_parents(&mut self) {
        let mut edges: Vec<(Uid, Uid, Sure)> = Vec::new();
        let mut astray = Vec::new();
        for (table, entity) in self.mapping.entities() {
            for row in self.rows_of(table) {
                let Reading::Is(id) = self.id(&row, &entity.id, &entity.type_name) else { continue };
                let child = Uid::new(&entity.type_name, id);
                // A principal's role and groups, a group's parent, a resource's parents.
                for column in &entity.parents {
                    match self.target(&row, column) {
                        Reading::Is(parent) => {
                            let sure = self.gives_parent(&child, &parent);
                            edges.push((child.clone(), parent, sure));
                        }
                        Reading::Unreadable => astray.push(child.clone()),
                        Reading::Null => {}
                    }
                }
                if let Some(column) = &entity.tenant
                    && let Reading::Is(tenant) = self.target(&row, column)
                {
                    edges.push((child, tenant, Sure::Yes));
                }
            }
        }
        // Unscoped, unexpired assignments of live roles.
        for (row, assignment) in self.assignments() {
            if matches!(self.place(&row, &assignment.scope, None), Place::Everywhere) {
                let sure = self.holds(&row, &assignment.live, &assignment.expires);
                self.edge(&row, &assignment.principal, &assignment.role, sure, &mut edges, &mut astray);
            }
        }
        for (row, membership) in self.all(|m| if let Meaning::GroupMembership(m) = m { Some(m) } else { None }) {
            let sure = self.holds(&row, &membership.live, &membership.expires);
            self.edge(&row, &membership.principal, &membership.group, sure, &mut edges, &mut astray);
        }
        for (row, link) in self.all(|m| if let Meaning::Link(m) = m { Some(m) } else { None }) {
            let sure = self.live(&row, &link.live);
            self.edge(&row, &link.child, &link.parent, sure, &mut edges, &mut astray);
        }
        for external in &self.ask.externals {
            for parent in &external.parents {
                let sure = self.gives_parent(&external.uid, parent);
                edges.push((external.uid.clone(), parent.clone(), sure));
            }
        }
        for (child, parent, sure) in edges {
            if sure == Sure::Yes {
                self.surely.entry(child.clone()).or_default().insert(parent.clone());
            }
            if sure != Sure::No {
                self.maybe.entry(child).or_default().insert(parent);
            }
        }
        self.astray.extend(astray);
        // Who lies in whom is unclear within a circle: no edge of it counts for a permit.
        let drawn = self.surely.clone();
        for (child, parents) in &mut self.surely {
            parents.retain(|parent| !reaches(&drawn, parent, child));
        }
    }

    /// An edge that a row of a table of its own draws. One that names nobody draws none.
    fn edge(
        &self,
        row: &Row,
        child: &str,
        parent: &str,
        sure: Sure,
        edges: &mut Vec<(Uid, Uid, Sure)>,
        astray: &mut Vec<Uid>,
    ) {
        let Reading::Is(child) = self.target(row, child) else { return };
        match self.target(row, parent) {
            Reading::Is(parent) => {
                let sure = sure.min(self.gives_parent(&child, &parent));
                edges.push((child, parent, sure));
            }
            Reading::Unreadable if sure != Sure::No => astray.push(child),
            _ => {}
        }
    }

    /// A dead role and a dead group give no parent, nor does one of another tenant.
    fn gives_parent(&self, child: &Uid, parent: &Uid) -> Sure {
        let kind = self.mapping.entity(&parent.kind).map(|(_, entity)| entity.entity);
        match kind {
            Some(EntityKind::Role) => self.alive(parent).min(self.same_tenant(child, parent)),
            Some(EntityKind::Group) => self.alive(parent),
            _ => Sure::Yes,
        }
    }

    /// Nothing crosses a tenant: what a principal gets a role of.
    fn same_tenant(&self, principal: &Uid, role: &Uid) -> Sure {
        let tenant = |uid: &Uid| {
            let (row, entity) = self.row(uid)?;
            Some(self.target(&row, entity.tenant.as_ref()?))
        };
        match (tenant(principal), tenant(role)) {
            // A role that names no tenant is of none in particular.
            (_, None | Some(Reading::Null)) | (None | Some(Reading::Null), _) => Sure::Yes,
            (Some(Reading::Is(own)), Some(Reading::Is(theirs))) => {
                if own == theirs {
                    Sure::Yes
                } else {
                    Sure::No
                }
            }
            _ => Sure::Maybe,
        }
    }

    /// Whether a junction row counts at this instant.
    fn holds(&self, row: &Row, live: &[Live], expires: &Option<String>) -> Sure {
        self.live(row, live).min(self.unexpired(row, expires))
    }

    /// Whether `uid` is `ancestor` or lies in it.
    fn lies_in(&self, uid: &Uid, ancestor: &Uid, read: Read) -> bool {
        match read {
            Read::Surely => reaches(&self.surely, uid, ancestor),
            Read::Maybe => reaches(&self.maybe, uid, ancestor),
        }
    }

    // ---- Rules 3 and 4: what rows convey ----

    fn assignments(&self) -> Vec<(Row<'a>, &'a RoleAssignment)> {
        self.all(|m| if let Meaning::RoleAssignment(m) = m { Some(m) } else { None })
    }

    fn role_permissions(&self) -> Vec<(Row<'a>, &'a RolePermission)> {
        self.all(|m| if let Meaning::RolePermission(m) = m { Some(m) } else { None })
    }

    fn direct_permissions(&self) -> Vec<(Row<'a>, &'a DirectPermission)> {
        self.all(|m| if let Meaning::DirectPermission(m) = m { Some(m) } else { None })
    }

    fn acls(&self) -> Vec<(Row<'a>, &'a Acl)> {
        self.all(|m| if let Meaning::Acl(m) = m { Some(m) } else { None })
    }

    /// What the permission that a foreign key leads to allows.
    fn allows(&self, row: &Row, column: &str) -> Allows {
        let unknown = Allows { actions: None, kinds: None, sure: Sure::Maybe };
        let Some((table, permission)) = self.mapping.permission() else { return unknown };
        let key = &table.key[0];
        let kind = table.column(key).map_or(ColumnKind::Text, |column| column.kind);
        let Reading::Is(id) = read_id(row.get(column), kind) else { return unknown };
        let own = |row: &Row| read_id(row.get(key), kind) == Reading::Is(id.clone());
        // A permission that is not there names no action: a row about it says nothing, either way.
        let nothing = Allows { actions: Some(Vec::new()), kinds: None, sure: Sure::No };
        let Some(found) = self.rows_of(table).into_iter().find(own) else { return nothing };
        let mut allows = Allows { actions: None, kinds: None, sure: self.live(&found, &permission.live) };
        match self.pattern(&found, &permission.action) {
            // What an action implies comes with it.
            Some(action) => allows.actions = Some(self.mapping.implied(&action)),
            None => allows.sure = allows.sure.min(Sure::Maybe),
        }
        if let Some(resource) = &permission.resource {
            let (readable, word) = match found.get(&resource.column) {
                Value::Text(word) => (true, word.to_ascii_lowercase()),
                Value::Integer(_) | Value::Null => (true, String::new()),
                Value::Real(_) | Value::Blob(_) => (false, String::new()),
            };
            match resource.types.get(&word) {
                Some(kind) => allows.kinds = Some(vec![kind.clone()]),
                None if resource.otherwise_any && readable => {}
                None => {
                    allows.sure = allows.sure.min(Sure::Maybe);
                    return allows;
                }
            }
        }
        allows
    }

    fn fits(&self, allows: &Allows) -> bool {
        allows.actions.as_ref().is_none_or(|actions| actions.contains(&self.ask.action))
            && allows.kinds.as_ref().is_none_or(|kinds| kinds.contains(&self.ask.resource.kind))
    }

    /// The entity that type and id, or one foreign key, name. Half a pair cannot be read.
    fn named(&self, row: &Row, target: &Target) -> Reading<Uid> {
        match target {
            Target::Fixed { column, type_name } => match self.id(row, column, type_name) {
                Reading::Is(id) => Reading::Is(Uid::new(type_name, id)),
                Reading::Null => Reading::Null,
                Reading::Unreadable => Reading::Unreadable,
            },
            Target::Typed { type_column, id_column, types } => match (row.get(type_column), row.get(id_column)) {
                (Value::Null, Value::Null) => Reading::Null,
                (Value::Text(word), _) => match types.get(&word.to_ascii_lowercase()) {
                    Some(kind) => match self.id(row, id_column, kind) {
                        Reading::Is(id) => Reading::Is(Uid::new(kind, id)),
                        _ => Reading::Unreadable,
                    },
                    None => Reading::Unreadable,
                },
                _ => Reading::Unreadable,
            },
        }
    }

    /// Where a row holds. `exactly` for one that is not carried down.
    fn place(&self, row: &Row, scope: &Option<Target>, exactly: Option<bool>) -> Place {
        let Some(scope) = scope else { return Place::Everywhere };
        match (self.named(row, scope), exactly) {
            (Reading::Null, None) => Place::Everywhere,
            (Reading::Null | Reading::Unreadable, _) => Place::Unknown,
            (Reading::Is(uid), Some(true)) => Place::At(uid),
            (Reading::Is(uid), _) => Place::In(uid),
        }
    }

    /// Whether the resource is where the row holds. A permit on what is dead or missing conveys nothing.
    fn is_there(&self, place: &Place, read: Read) -> bool {
        let alive = |uid| read == Read::Maybe || self.alive(uid) == Sure::Yes;
        match place {
            Place::Everywhere => true,
            Place::Unknown => read == Read::Maybe,
            Place::At(uid) => *uid == self.ask.resource && alive(uid),
            Place::In(uid) => self.lies_in(&self.ask.resource, uid, read) && alive(uid),
        }
    }

    /// Whether some row permits (`surely`) or forbids (`maybe`).
    fn some_row(&self, read: Read) -> bool {
        let forbids = read == Read::Maybe;
        let enough = |sure: Sure| if forbids { sure != Sure::No } else { sure == Sure::Yes };
        let ask = self.ask;

        // Rule 3: a role's permission, for whoever lies in the role.
        for (row, meaning) in self.role_permissions() {
            let allows = self.allows(&row, &meaning.permission);
            let sure = self.live(&row, &meaning.live).min(allows.sure);
            if self.grants(&row, &meaning.granted) == forbids || !enough(sure) || !self.fits(&allows) {
                continue;
            }
            match self.target(&row, &meaning.role) {
                Reading::Is(role) => {
                    let held = self.lies_in(&ask.principal, &role, read) || self.has_it_in_a_scope(&role, read);
                    if held {
                        return true;
                    }
                }
                // Which role it denies is not to be known: perhaps one of this principal's.
                _ if forbids => return true,
                _ => {}
            }
        }
        // Rule 4: a single permission.
        for (row, meaning) in self.direct_permissions() {
            let allows = self.allows(&row, &meaning.permission);
            let sure = self.holds(&row, &meaning.live, &meaning.expires).min(allows.sure);
            let hers = match self.target(&row, &meaning.principal) {
                Reading::Is(principal) => principal == ask.principal,
                _ => forbids,
            };
            if self.grants(&row, &meaning.granted) != forbids
                && enough(sure)
                && self.fits(&allows)
                && hers
                && self.is_there(&self.place(&row, &meaning.scope, None), read)
            {
                return true;
            }
        }
        // Rule 4: an access-control list.
        for (row, meaning) in self.acls() {
            let sure = self.holds(&row, &meaning.live, &meaning.expires);
            if self.grants(&row, &meaning.granted) == forbids || !enough(sure) {
                continue;
            }
            let action = match self.pattern(&row, &meaning.action) {
                Some(action) => self.mapping.implied(&action).contains(&ask.action),
                None => forbids,
            };
            let subject = match self.named(&row, &meaning.subject) {
                Reading::Is(subject) if self.is_principal(&subject.kind) => subject == ask.principal,
                Reading::Is(subject) => self.lies_in(&ask.principal, &subject, read),
                _ => forbids,
            };
            let inherit = match &meaning.inherit {
                _ if meaning.inherit_always => Sure::Yes,
                None => Sure::No,
                Some(column) => match read_bool(row.get(column)) {
                    Reading::Is(true) => Sure::Yes,
                    Reading::Is(false) | Reading::Null => Sure::No,
                    Reading::Unreadable => Sure::Maybe,
                },
            };
            if inherit == Sure::Maybe && !forbids {
                continue;
            }
            let place = self.place(&row, &Some(meaning.object.clone()), Some(inherit == Sure::No));
            if action && subject && self.is_there(&place, read) {
                return true;
            }
        }
        false
    }

    /// Rule 3: the principal holds the role within a scope in which the resource lies.
    fn has_it_in_a_scope(&self, role: &Uid, read: Read) -> bool {
        self.assignments().into_iter().any(|(row, meaning)| {
            let mut sure = self.holds(&row, &meaning.live, &meaning.expires);
            sure = match self.target(&row, &meaning.principal) {
                Reading::Is(principal) if principal != self.ask.principal => Sure::No,
                Reading::Is(_) => sure,
                // Whom it was meant for is not to be known: perhaps this one.
                _ => sure.min(Sure::Maybe),
            };
            sure = match self.target(&row, &meaning.role) {
                Reading::Is(held) if held == *role => sure.min(self.gives_parent(&self.ask.principal, role)),
                _ => Sure::No,
            };
            let place = self.place(&row, &meaning.scope, None);
            let enough = if read == Read::Maybe { sure != Sure::No } else { sure == Sure::Yes };
            enough && !matches!(place, Place::Everywhere) && self.is_there(&place, read)
        })
    }

    fn is_principal(&self, kind: &str) -> bool {
        self.mapping.principals().any(|(_, entity)| entity.type_name == kind)
    }

    fn forbidden(&self) -> bool {
        // In what it lies cannot be read: perhaps in what some row forbids, where rows can.
        let somewhere = |uid: &Uid| self.astray.iter().any(|astray| self.lies_in(uid, astray, Read::Maybe));
        let lost = somewhere(&self.ask.principal) || somewhere(&self.ask.resource);
        lost && self.mapping.can_deny() || self.some_row(Read::Maybe)
    }

    fn permitted(&self) -> bool {
        self.some_row(Read::Surely) || self.owned() || self.by_role_within_group()
    }

    /// Rule 7: the owner of a resource.
    fn owned(&self) -> bool {
        let Some((row, entity)) = self.row(&self.ask.resource) else { return false };
        let Some(owner) = &entity.owner else { return false };
        self.target(&row, owner) == Reading::Is(self.ask.principal.clone()) && self.among(&entity.owner_actions)
    }

    /// Rule 8: a role within the group that is acted upon.
    fn by_role_within_group(&self) -> bool {
        let Some((_, entity)) = self.row(&self.ask.resource) else { return false };
        self.all(|m| if let Meaning::GroupMembership(m) = m { Some(m) } else { None }).into_iter().any(|(row, m)| {
            let Some(Value::Text(name)) = m.member_role.as_ref().map(|column| row.get(column)) else { return false };
            self.holds(&row, &m.live, &m.expires) == Sure::Yes
                && self.target(&row, &m.principal) == Reading::Is(self.ask.principal.clone())
                && self.target(&row, &m.group) == Reading::Is(self.ask.resource.clone())
                && entity.member_roles.get(name).is_some_and(|actions| self.among(actions))
        })
    }

    fn among(&self, actions: &[String]) -> bool {
        actions.iter().any(|action| self.mapping.implied(action).contains(&self.ask.action))
    }

    // ---- Rule 6: guards ----

    fn guards_hold(&self) -> bool {
        let (principal, resource) = (&self.ask.principal, &self.ask.resource);
        // The principal has a row and is live.
        let Some((row, entity)) = self.row(principal) else { return false };
        if !self.is_principal(&principal.kind)
            || self.live(&row, &entity.live) != Sure::Yes
            || !self.readable(principal)
        {
            return false;
        }
        // The resource lies in the principal's tenant, which is live.
        if let Some(column) = &entity.tenant {
            let Reading::Is(tenant) = self.target(&row, column) else { return false };
            if self.row(&tenant).is_none()
                || self.alive(&tenant) != Sure::Yes
                || !self.lies_in(resource, &tenant, Read::Surely)
            {
                return false;
            }
        }
        // The resource is of a known type, has a row, and is live; one outside the database has none.
        if self.mapping.externals.contains_key(&resource.kind) {
            return true;
        }
        let Some((row, entity)) = self.row(resource) else { return false };
        let live = !counts_as_object(row.table, entity) || self.live(&row, &entity.live) == Sure::Yes;
        live && self.readable(resource)
    }

    /// Whether every attribute that some guard or ownership rule reads can be read, here and in the entities that such an
    /// attribute names. They go by the attribute's name.
    fn readable(&self, uid: &Uid) -> bool {
        let (mut seen, mut next) = (BTreeSet::from([uid.clone()]), vec![uid.clone()]);
        while let Some(uid) = next.pop() {
            let Some((row, entity)) = self.row(&uid) else { continue };
            for name in entity.attributes.iter().filter(|name| self.read_by_guards.contains(*name)) {
                if self.leads_to(&row, name).is_some() {
                    match self.target(&row, name) {
                        Reading::Unreadable => return false,
                        Reading::Is(other) if seen.insert(other.clone()) => next.push(other),
                        _ => {}
                    }
                } else if !readable(row.get(name), row.table.column(name).map(|column| column.kind)) {
                    return false;
                }
            }
        }
        true
    }
}

fn readable(value: &Value, kind: Option<ColumnKind>) -> bool {
    match kind {
        Some(ColumnKind::Bool) => read_bool(value) != Reading::Unreadable,
        Some(ColumnKind::Time) => read_time(value) != Reading::Unreadable,
        Some(ColumnKind::Long) => matches!(value, Value::Null | Value::Integer(_)),
        _ => !matches!(value, Value::Blob(_) | Value::Real(_)),
    }
}

/// Whether being dead matters for what is acted upon.
fn counts_as_object(table: &Table, entity: &Entity) -> bool {
    matches!(table.meaning, Meaning::Entity(_))
        && matches!(entity.entity, EntityKind::Resource | EntityKind::Group | EntityKind::Tenant)
}

/// Whether a way leads from `from` to `to`.
fn reaches(edges: &Edges, from: &Uid, to: &Uid) -> bool {
    let (mut seen, mut next) = (BTreeSet::from([from.clone()]), vec![from.clone()]);
    while let Some(uid) = next.pop() {
        if uid == *to {
            return true;
        }
        for parent in edges.get(&uid).into_iter().flatten() {
            if seen.insert(parent.clone()) {
                next.push(parent.clone());
            }
        }
    }
    false
}
