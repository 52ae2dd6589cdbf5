// SPDX-License-Identifier: Apache-2.0
//! Rows into entities: who is there, with what attributes, and what lies in what.

use super::grants;
use super::standing::{Notes, Standing, View, read_long, read_text};
use super::{Attribute, Effect, Entity, Facts, Grant, Scope};
use crate::bundle::Bundle;
use crate::engine::Plain;
use crate::mapping::{self, ColumnKind, EntityKind, Mapping, Meaning, Target};
use crate::name::{GATE, GATE_ID, GATE_TABLE, GROUP_ROLE, ROLES_ATTRIBUTE, ROW_ATTRIBUTE, Uid};
use crate::report::Finding;
use crate::rows::{Millis, Reading, Rows, Value, normal_uuid, read_bool, read_id, read_time};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// An entity of a type that lives outside the database, as the request describes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct External {
    pub uid: Uid,
    pub parents: Vec<Uid>,
}

impl External {
    /// Those of `uids` that live outside the database, each once: they are there because the request says so, and lie in
    /// nothing; save that a table lies in the gate that administers it, where the model says that tables do.
    pub fn among<'u>(mapping: &Mapping, uids: impl IntoIterator<Item = &'u Uid>) -> Vec<External> {
        let outside: BTreeSet<&Uid> =
            uids.into_iter().filter(|uid| mapping.externals.contains_key(&uid.kind)).collect();
        let parents = |uid: &Uid| {
            let may = mapping.externals.get(&uid.kind).is_some_and(|kind| kind.parents.iter().any(|name| name == GATE));
            if uid.kind == GATE_TABLE && may { vec![Uid::new(GATE, GATE_ID)] } else { Vec::new() }
        };
        outside.into_iter().map(|uid| External { uid: uid.clone(), parents: parents(uid) }).collect()
    }
}

/// What the question says of the attributes of an entity, for this one question.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    pub uid: Uid,
    pub attributes: Vec<(String, Plain)>,
}

/// Reads `rows` at the instant `at`. `externals` are the entities that came with the request.
pub fn build(bundle: &Bundle, rows: &Rows, externals: &[External], at: Millis) -> Facts {
    build_given(bundle, rows, externals, &[], at)
}

/// As [`build`], with the attributes that the question itself gives: those of entities outside the database, and those
/// in the place of a row's own where the model lets a caller say them (`request`). All others are passed over, and an
/// entity without a row gets none. What grants and parents are made of is read from rows alone.
pub fn build_given(bundle: &Bundle, rows: &Rows, externals: &[External], given: &[Given], at: Millis) -> Facts {
    let mut work = Work {
        bundle,
        mapping: &bundle.mapping,
        views: bundle
            .mapping
            .tables
            .iter()
            .filter_map(|table| Some((table.name.as_str(), View::new(table, rows.get(&table.name)?))))
            .collect(),
        notes: Notes::new(at),
        entities: BTreeMap::new(),
        standing: HashMap::new(),
        tenants: HashMap::new(),
        role_names: HashMap::new(),
        doubtful: BTreeSet::new(),
        astray: BTreeSet::new(),
        tainted: BTreeMap::new(),
    };
    work.read_entities();
    for external in externals {
        if bundle.mapping.externals.contains_key(&external.uid.kind) {
            let entity = Entity { parents: external.parents.iter().cloned().collect(), ..Entity::default() };
            work.entities.insert(external.uid.clone(), entity);
        }
    }
    given.iter().for_each(|given| work.believe(given));
    work.read_memberships();
    work.break_cycles();
    work.spread_taint();
    let mut grants = grants::read(&mut work);
    work.forbid_astray(&mut grants);
    work.keep_doubtful_forbids(&mut grants);
    work.forbid_tainted(&mut grants);
    finish_ids(&mut grants);
    Facts {
        entities: work.entities,
        grants,
        tainted: work.tainted,
        until: work.notes.until,
        findings: work.notes.findings,
    }
}

/// Everything that reading needs at hand.
pub(super) struct Work<'a> {
    pub bundle: &'a Bundle,
    pub mapping: &'a Mapping,
    pub views: BTreeMap<&'a str, View<'a>>,
    pub notes: Notes,
    pub entities: BTreeMap<Uid, Entity>,
    /// Whether the row of an entity counts. An entity without an entry has no row.
    pub standing: HashMap<Uid, Standing>,
    /// The tenant that an entity's own row names; `None` where what it names cannot be read.
    tenants: HashMap<Uid, Option<Uid>>,
    role_names: HashMap<Uid, String>,
    /// Edges that rows may or may not say: (child, parent).
    doubtful: BTreeSet<(Uid, Uid)>,
    /// Entities that lie in something that cannot be read.
    astray: BTreeSet<Uid>,
    tainted: BTreeMap<Uid, String>,
}

impl Work<'_> {
    /// The entity type that a foreign-key column leads to.
    pub fn target_type(&self, table: &str, column: &str) -> Option<&str> {
        let references = self.mapping.table(table)?.column(column)?.references.as_deref()?;
        self.mapping.type_of(references)
    }

    /// Whether the row behind an entity counts; external entities always do.
    pub fn counts(&self, uid: &Uid) -> Standing {
        match self.standing.get(uid) {
            Some(standing) => *standing,
            None if self.mapping.externals.contains_key(&uid.kind) => Standing::Counts,
            None => Standing::Void,
        }
    }

    /// Whether the rows of these two name different tenants.
    pub fn crosses_tenants(&self, a: &Uid, b: &Uid) -> bool {
        matches!((self.tenants.get(a), self.tenants.get(b)), (Some(Some(a)), Some(Some(b))) if a != b)
    }

    /// Whether it can be told which tenant a role belongs to. One of an unreadable tenant may be another's.
    pub fn belongs(&self, role: &Uid) -> Standing {
        if matches!(self.tenants.get(role), Some(None)) { Standing::Doubtful } else { Standing::Counts }
    }

    fn read_entities(&mut self) {
        // Standing and tenant first: an edge needs to know whether its far end counts, and whose it is.
        let mapping = self.mapping;
        let mut uids: HashMap<&str, Vec<Option<Uid>>> = HashMap::new();
        for (table, entity) in mapping.entities() {
            let Some(view) = self.views.get(table.name.as_str()) else { continue };
            let tenant_type = entity.tenant.as_ref().and_then(|column| self.target_type(&table.name, column));
            let tenant_column = entity.tenant.as_ref().zip(tenant_type.map(str::to_string));
            let mut of_table = Vec::with_capacity(view.rows.rows.len());
            for row in 0..view.rows.rows.len() {
                let Reading::Is(id) = view.id(row, &entity.id) else {
                    let value = view.value(row, &entity.id);
                    self.notes.unreadable(&view.source(row), &entity.id, value, "an id", "the row is no entity");
                    of_table.push(None);
                    continue;
                };
                let uid = Uid::new(&entity.type_name, id);
                let standing = view.live(row, &entity.live, &mut self.notes);
                // Two rows with one id: the worse one counts, so that neither revives the other.
                self.standing.entry(uid.clone()).and_modify(|was| *was = standing.max(*was)).or_insert(standing);
                if let Some((column, kind)) = &tenant_column {
                    match view.id(row, column) {
                        Reading::Is(id) => {
                            self.tenants.insert(uid.clone(), Some(Uid::new(kind, id)));
                        }
                        Reading::Unreadable => {
                            self.tenants.insert(uid.clone(), None);
                        }
                        Reading::Null => {}
                    }
                }
                if entity.entity == EntityKind::Role
                    && let Some(column) = &entity.name
                    && let Reading::Is(name) = read_text(view.value(row, column))
                {
                    self.role_names.insert(uid.clone(), name);
                }
                of_table.push(Some(uid));
            }
            uids.insert(&table.name, of_table);
        }
        for (table, entity) in mapping.entities() {
            for (row, uid) in uids.remove(table.name.as_str()).unwrap_or_default().into_iter().enumerate() {
                if let Some(uid) = uid {
                    self.read_entity(table, entity, row, uid);
                }
            }
        }
    }

    fn read_entity(&mut self, table: &mapping::Table, entity: &mapping::Entity, row: usize, uid: Uid) {
        let view = &self.views[table.name.as_str()];
        let source = view.source(row);
        let mut made = Entity { source: source.clone(), ..Entity::default() };
        made.attributes.insert(ROW_ATTRIBUTE.to_string(), Attribute::Bool(true));
        let mut taint = None;
        for column in &entity.attributes {
            let Some(value) = view.get(row, column) else { continue };
            let described = table.column(column);
            let kind = described.map_or(ColumnKind::Text, |column| column.kind);
            let leads_to = described.and_then(|c| c.references.as_deref()).and_then(|t| self.mapping.type_of(t));
            match read_attribute(value, kind, leads_to) {
                Reading::Is(attribute) => {
                    made.attributes.insert(column.clone(), attribute);
                }
                Reading::Null => {}
                Reading::Unreadable if self.bundle.mentioned.contains(column) => {
                    let outcome = "policies read it, so this entity may do nothing and nothing may be done to it";
                    self.notes.unreadable(&source, column, value, expected(kind), outcome);
                    taint = Some(format!("`{source}`: `{column}` cannot be read"));
                }
                Reading::Unreadable => {}
            }
        }
        for name in entity.member_roles.keys() {
            let role = Uid::new(GROUP_ROLE, group_role_id(&uid.id, name));
            made.attributes.insert(name.clone(), Attribute::Entity(role));
        }
        if entity.entity == EntityKind::Principal {
            made.attributes.insert(ROLES_ATTRIBUTE.to_string(), Attribute::Texts(BTreeSet::new()));
        }
        if let Some(Some(tenant)) = self.tenants.get(&uid) {
            made.parents.insert(tenant.clone());
        }
        let mut edges = Vec::new();
        for column in &entity.parents {
            match (view.id(row, column), self.target_type(&table.name, column)) {
                (Reading::Is(id), Some(kind)) => edges.push(Uid::new(kind, id)),
                (Reading::Unreadable, _) => {
                    let value = view.value(row, column);
                    self.notes.unreadable(&source, column, value, "an id", "it gives no parent");
                    self.astray.insert(uid.clone());
                }
                _ => {}
            }
        }
        if let Some(reason) = taint {
            self.tainted.insert(uid.clone(), reason);
        }
        self.entities.insert(uid.clone(), made);
        for parent in edges {
            self.add_edge(&uid, parent, Standing::Counts);
        }
    }

    /// Takes over what the question says of an entity, as far as the model lets it.
    fn believe(&mut self, given: &Given) {
        let mapping = self.mapping;
        let (kind, Some(made)) = (&given.uid.kind, self.entities.get_mut(&given.uid)) else { return };
        let of_rows = mapping.entity(kind).map(|(_, entity)| &entity.request);
        let outside = mapping.externals.get(kind).map(|external| &external.attributes);
        for (name, value) in &given.attributes {
            if !(of_rows.is_some_and(|own| own.contains(name)) || outside.is_some_and(|own| own.contains_key(name))) {
                continue;
            }
            let value = match value {
                Plain::Entity(uid) => Attribute::Entity(uid.clone()),
                value => Attribute::Given(value.clone()),
            };
            made.attributes.insert(name.clone(), value);
        }
    }

    /// Puts `child` into `parent`, where the row that says so has this standing. A dead role or group takes nobody in.
    fn add_edge(&mut self, child: &Uid, parent: Uid, said: Standing) {
        if *child == parent {
            // A root that names itself as its parent says nothing.
            return;
        }
        let mut standing = said;
        if let Some((_, entity)) = self.mapping.entity(&parent.kind) {
            match entity.entity {
                EntityKind::Role | EntityKind::Group => standing = standing.max(self.counts(&parent)),
                // The tenant guard asks whether the tenant lives; grants on a dead resource are dropped where they are
                // read, so that what is forbidden through it stays forbidden below it.
                EntityKind::Tenant | EntityKind::Resource | EntityKind::Principal => {}
            }
            // A role of another tenant gives nothing: nothing crosses a tenant.
            if entity.entity == EntityKind::Role {
                if self.crosses_tenants(child, &parent) {
                    return;
                }
                standing = standing.max(self.belongs(&parent));
            }
        }
        match standing {
            Standing::Counts => {
                let name = self.role_names.get(&parent).cloned();
                if let Some(entity) = self.entities.get_mut(child) {
                    if let (Some(name), Some(Attribute::Texts(roles))) =
                        (name, entity.attributes.get_mut(ROLES_ATTRIBUTE))
                    {
                        roles.insert(name);
                    }
                    entity.parents.insert(parent);
                }
            }
            Standing::Doubtful => {
                self.doubtful.insert((child.clone(), parent));
            }
            Standing::Void => {}
        }
    }

    fn read_memberships(&mut self) {
        let mapping = self.mapping;
        for table in &mapping.tables {
            let Some(view) = self.views.get(table.name.as_str()) else { continue };
            for row in 0..view.rows.rows.len() {
                self.read_membership(table, row);
            }
        }
    }

    fn read_membership(&mut self, table: &mapping::Table, row: usize) {
        let view = &self.views[table.name.as_str()];
        let (child, parent, live, expires) = match &table.meaning {
            Meaning::RoleAssignment(a) => {
                if a.scope.as_ref().is_some_and(|scope| !is_unscoped(view, row, scope)) {
                    return;
                }
                (&a.principal, &a.role, &a.live, a.expires.as_deref())
            }
            Meaning::GroupMembership(m) => (&m.principal, &m.group, &m.live, m.expires.as_deref()),
            Meaning::Link(l) => (&l.child, &l.parent, &l.live, None),
            _ => return,
        };
        let standing = view.standing(row, live, expires, &mut self.notes);
        if standing == Standing::Void {
            return;
        }
        let ends = [child, parent].map(|column| {
            let kind = self.target_type(&table.name, column).map(str::to_string);
            (view.id(row, column), kind)
        });
        let [(Reading::Is(child_id), Some(child_kind)), (Reading::Is(parent_id), Some(parent_kind))] = ends else {
            for column in [child, parent] {
                if !matches!(view.id(row, column), Reading::Is(_)) {
                    let value = view.value(row, column);
                    self.notes.unreadable(&view.source(row), column, value, "an id", "the row gives no membership");
                }
            }
            if let (Reading::Is(id), Some(kind)) = (view.id(row, child), self.target_type(&table.name, child))
                && view.id(row, parent) == Reading::Unreadable
            {
                let child = Uid::new(kind, id);
                self.astray.insert(child);
            }
            return;
        };
        let child = Uid::new(child_kind, child_id);
        let parent = Uid::new(parent_kind, parent_id);
        if let Meaning::GroupMembership(m) = &table.meaning
            && let Some(column) = &m.member_role
            && let Reading::Is(role) = read_text(view.value(row, column))
        {
            let standing = standing.max(self.counts(&parent));
            let role = Uid::new(GROUP_ROLE, group_role_id(&parent.id, &role));
            self.add_edge(&child, role, standing);
        }
        self.add_edge(&child, parent, standing);
    }

    /// Cedar's hierarchy has no cycles, rows may: folders that lie in each other. No edge within a cycle can be trusted, so
    /// none of them gives a parent, and what is forbidden through one stays forbidden.
    fn break_cycles(&mut self) {
        let mut broken = Vec::new();
        for (child, entity) in &self.entities {
            for parent in &entity.parents {
                if self.ancestry(parent).contains(child) {
                    broken.push((child.clone(), parent.clone()));
                }
            }
        }
        for (child, parent) in broken {
            let message = format!("{child} and {parent} lie in each other; neither counts as lying in the other");
            self.notes.findings.push(
                Finding::warning("row/cycle", message).help("correct the row that closes the circle".to_string()),
            );
            if let Some(entity) = self.entities.get_mut(&child) {
                entity.parents.remove(&parent);
            }
            self.doubtful.insert((child, parent));
        }
    }

    /// An entity that policies reach through an attribute of another passes its taint on.
    fn spread_taint(&mut self) {
        if self.bundle.forbids_use_in {
            for (child, parent) in &self.doubtful {
                let reason = format!("whether {child} lies in {parent} cannot be read");
                self.tainted.entry(child.clone()).or_insert(reason);
            }
        }
        if self.tainted.is_empty() {
            return;
        }
        loop {
            let mut reached = Vec::new();
            for (uid, entity) in &self.entities {
                if self.tainted.contains_key(uid) {
                    continue;
                }
                for (name, attribute) in &entity.attributes {
                    if let Attribute::Entity(other) = attribute
                        && let Some(reason) = self.tainted.get(other)
                        && self.bundle.mentioned.contains(name)
                    {
                        reached.push((uid.clone(), reason.clone()));
                    }
                }
            }
            if reached.is_empty() {
                return;
            }
            self.tainted.extend(reached);
        }
    }

    /// A membership that cannot be read must not free anybody from what the group or role forbids. Nor must several of
    /// them: one above another, or one on either side of a grant.
    fn keep_doubtful_forbids(&self, grants: &mut Vec<Grant>) {
        if self.doubtful.is_empty() {
            return;
        }
        let mut may_lie_in: BTreeMap<&Uid, BTreeSet<Uid>> = BTreeMap::new();
        for (child, parent) in &self.doubtful {
            may_lie_in.entry(child).or_default().extend(self.possible_ancestry(parent));
        }
        let below = |scope: &Scope| -> Vec<Uid> {
            let (Scope::In(uid) | Scope::IsIn(_, uid)) = scope else { return Vec::new() };
            may_lie_in.iter().filter(|(_, above)| above.contains(uid)).map(|(child, _)| (*child).clone()).collect()
        };
        let moved = |scope: &Scope, child: &Uid| match scope {
            Scope::IsIn(kind, _) => Scope::IsIn(kind.clone(), child.clone()),
            _ => Scope::In(child.clone()),
        };
        let mut kept = Vec::new();
        for grant in grants.iter().filter(|grant| grant.effect == Effect::Forbid) {
            let mut copies = vec![grant.clone()];
            for child in below(&grant.principal) {
                let principal = moved(&grant.principal, &child);
                copies.push(Grant { id: format!("{}?{child}", grant.id), principal, ..grant.clone() });
            }
            let resources = below(&grant.resource);
            for copy in &copies {
                kept.extend(resources.iter().map(|child| {
                    let resource = moved(&grant.resource, child);
                    Grant { id: format!("{}?{child}", copy.id), resource, ..copy.clone() }
                }));
            }
            kept.extend(copies.into_iter().skip(1));
        }
        grants.extend(kept);
    }

    /// What an entity lies in cannot be read, and perhaps forbids. Where nothing can forbid, only permits are lost.
    fn forbid_astray(&self, grants: &mut Vec<Grant>) {
        if !(self.bundle.forbids_use_in || self.mapping.can_deny()) {
            return;
        }
        for uid in &self.astray {
            // And whatever lies in it, too.
            self.forbid_all(uid, Scope::In, "parent+", grants);
        }
    }

    fn forbid_tainted(&self, grants: &mut Vec<Grant>) {
        for uid in self.tainted.keys() {
            self.forbid_all(uid, Scope::Eq, "", grants);
        }
    }

    /// An entity may do nothing, and nothing may be done to it. `mark` tells in the policies' ids why.
    fn forbid_all(&self, uid: &Uid, scope: fn(Uid) -> Scope, mark: &str, grants: &mut Vec<Grant>) {
        let source = self.entities.get(uid).map(|entity| entity.source.clone()).unwrap_or_default();
        let uid = || scope(uid.clone());
        for (as_what, principal, resource) in [("principal", uid(), Scope::Any), ("resource", Scope::Any, uid())] {
            grants.push(Grant {
                id: format!("unreadable/{source}#{mark}{as_what}"),
                source: source.clone(),
                rests_on: Vec::new(),
                effect: Effect::Forbid,
                principal,
                actions: None,
                resource,
            });
        }
    }

    fn ancestry(&self, uid: &Uid) -> BTreeSet<Uid> {
        self.above(uid, false)
    }

    /// What `uid` may lie in, doubtful edges included.
    fn possible_ancestry(&self, uid: &Uid) -> BTreeSet<Uid> {
        self.above(uid, true)
    }

    fn above(&self, uid: &Uid, doubtful: bool) -> BTreeSet<Uid> {
        let mut all = BTreeSet::from([uid.clone()]);
        let mut next = vec![uid.clone()];
        while let Some(uid) = next.pop() {
            let sure = self.entities.get(&uid).into_iter().flat_map(|entity| &entity.parents);
            let first = (uid.clone(), Uid::new("", ""));
            let unsure = self.doubtful.range(first..).take_while(|(child, _)| *child == uid).map(|(_, parent)| parent);
            for parent in sure.chain(unsure.filter(|_| doubtful)) {
                if all.insert(parent.clone()) {
                    next.push(parent.clone());
                }
            }
        }
        all
    }
}

/// Whether a row names no scope: everywhere.
pub(super) fn is_unscoped(view: &View, row: usize, scope: &Target) -> bool {
    match scope {
        Target::Fixed { column, .. } => *view.value(row, column) == Value::Null,
        Target::Typed { type_column, id_column, .. } => {
            *view.value(row, type_column) == Value::Null && *view.value(row, id_column) == Value::Null
        }
    }
}

/// The id of a role within a group: `g#admin`. A `#` or `%` in the group's id is escaped, so that no two pairs share one.
pub fn group_role_id(group: &str, role: &str) -> String {
    format!("{}#{role}", group.replace('%', "%25").replace('#', "%23"))
}

fn read_attribute(value: &Value, kind: ColumnKind, leads_to: Option<&str>) -> Reading<Attribute> {
    fn as_attribute<T>(reading: Reading<T>, make: impl Fn(T) -> Attribute) -> Reading<Attribute> {
        match reading {
            Reading::Null => Reading::Null,
            Reading::Is(value) => Reading::Is(make(value)),
            Reading::Unreadable => Reading::Unreadable,
        }
    }
    if let Some(kind_of_entity) = leads_to {
        return as_attribute(read_id(value, kind), |id| Attribute::Entity(Uid::new(kind_of_entity, id)));
    }
    match kind {
        ColumnKind::Bool => as_attribute(read_bool(value), Attribute::Bool),
        ColumnKind::Long => as_attribute(read_long(value), Attribute::Long),
        ColumnKind::Decimal => as_attribute(read_decimal(value), Attribute::Decimal),
        ColumnKind::Text => as_attribute(read_text(value), Attribute::Text),
        ColumnKind::Uuid => as_attribute(read_text(value), |text| Attribute::Text(normal_uuid(&text))),
        ColumnKind::Time => as_attribute(read_time(value), Attribute::Time),
        ColumnKind::Blob if *value == Value::Null => Reading::Null,
        ColumnKind::Blob => Reading::Unreadable,
    }
}

/// What a column of this kind would hold, where `value` cannot be read as that. `is_id` says that it holds an id.
pub fn misread(value: &Value, kind: ColumnKind, is_id: bool) -> Option<&'static str> {
    if is_id {
        return (read_id(value, kind) == Reading::Unreadable).then_some("an id");
    }
    // Bytes are no attribute, and nothing is wrong with them.
    let unreadable = kind != ColumnKind::Blob && read_attribute(value, kind, None) == Reading::Unreadable;
    unreadable.then(|| expected(kind))
}

/// A number that Cedar's `decimal` can hold exactly: at most four digits behind the point, at most 2^63 ten-thousandths.
fn read_decimal(value: &Value) -> Reading<String> {
    let text = match value {
        Value::Null => return Reading::Null,
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(_) => return Reading::Unreadable,
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(digits) || !plain(fraction) || fraction.len() > 4 {
        return Reading::Unreadable;
    }
    let ten_thousandths = format!("{whole}{fraction:0<4}").parse::<i64>();
    if ten_thousandths.is_ok() { Reading::Is(format!("{whole}.{fraction}")) } else { Reading::Unreadable }
}

fn expected(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Bool => "a boolean (0 or 1)",
        ColumnKind::Long => "a whole number",
        ColumnKind::Decimal => "a number with at most four digits behind the point",
        ColumnKind::Text | ColumnKind::Uuid => "text",
        ColumnKind::Time => "a time (RFC 3339, `YYYY-MM-DD HH:MM:SS`, or Unix seconds)",
        ColumnKind::Blob => "a value that Cedar has a type for",
    }
}

/// Sorts grants by id, and makes ids that two rows share distinct: rows without a primary key can be equal.
fn finish_ids(grants: &mut [Grant]) {
    grants.sort_by(|a, b| {
        let key = |g: &Grant| (g.id.clone(), g.effect, g.principal.clone(), g.resource.clone(), g.actions.clone());
        key(a).cmp(&key(b))
    });
    let mut run = 0;
    for at in 1..grants.len() {
        let base = grants[at - 1 - run].id.clone();
        run = if grants[at].id == base { run + 1 } else { 0 };
        if run > 0 {
            grants[at].id = format!("{base}~{}", run + 1);
        }
    }
}
