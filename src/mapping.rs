// SPDX-License-Identifier: Apache-2.0
//! What each table means, checked: the form of the model that rows are read by.
//!
//! `model` makes a [`Mapping`] from `model.toml` and a diagram; nothing else does. Every column named here exists, every
//! foreign key leads to a table that exists, every entity type is a Cedar identifier. The words are those of section 3.1
//! of the design.

use crate::name::GROUP_ROLE;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// All tables of one schema, with their meanings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mapping {
    /// In the order of the diagram.
    pub tables: Vec<Table>,
    /// Actions that the model declares or implies, by id. Rows may bring others.
    pub actions: BTreeMap<String, Action>,
    /// Resource types that live outside the database; their entities come with the request.
    pub externals: BTreeMap<String, External>,
    /// Attributes of the request's context that every action takes.
    pub context: Context,
}

/// One table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    /// What identifies a row: the primary key's columns, or, where none is drawn, the columns of its meaning. Never empty
    /// unless the table is ignored.
    pub key: Vec<String>,
    /// Whether `key` is a primary key, or only the columns by which rows are told apart.
    pub keyed: bool,
    pub meaning: Meaning,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    pub kind: ColumnKind,
    /// False for `NOT NULL` and primary keys; true also where the schema does not say.
    pub nullable: bool,
    pub unique: bool,
    pub default: Option<String>,
    /// The table whose primary key this column holds.
    pub references: Option<String>,
    /// Holds a password, token, hash or the like. Never an attribute unless the model says so.
    pub secret: bool,
}

/// How the values of a column are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    Bool,
    Long,
    /// A number that need not be whole. An attribute of Cedar's `decimal`, which has four digits behind the point.
    Decimal,
    Text,
    /// Text that is a UUID: compared in lower case with hyphens.
    Uuid,
    /// An instant: RFC 3339 text, `YYYY-MM-DD HH:MM:SS` in UTC, or whole Unix seconds.
    Time,
    /// Bytes. Never an attribute: Cedar has no type for them.
    Blob,
}

/// What the rows of a table say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Meaning {
    /// principal, role, group, tenant or resource: each row is an entity.
    Entity(Entity),
    Permission(Permission),
    RolePermission(RolePermission),
    RoleAssignment(RoleAssignment),
    DirectPermission(DirectPermission),
    GroupMembership(GroupMembership),
    Acl(Acl),
    Link(Link),
    LoginSession(LoginSession),
    /// Nothing for authorization, and why.
    Ignored {
        because: String,
    },
}

impl Meaning {
    /// The word of `kind` in `model.toml`.
    pub fn kind(&self) -> &'static str {
        match self {
            Meaning::Entity(entity) => match entity.entity {
                EntityKind::Principal => "principal",
                EntityKind::Role => "role",
                EntityKind::Group => "group",
                EntityKind::Tenant => "tenant",
                EntityKind::Resource => "resource",
            },
            Meaning::Permission(_) => "permission",
            Meaning::RolePermission(_) => "role_permission",
            Meaning::RoleAssignment(_) => "role_assignment",
            Meaning::DirectPermission(_) => "direct_permission",
            Meaning::GroupMembership(_) => "group_membership",
            Meaning::Acl(_) => "acl",
            Meaning::Link(_) => "link",
            Meaning::LoginSession(_) => "login_session",
            Meaning::Ignored { .. } => "ignored",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    Principal,
    Role,
    Group,
    Tenant,
    Resource,
}

/// A table whose rows are entities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entity {
    pub entity: EntityKind,
    /// The Cedar entity type.
    pub type_name: String,
    /// The column that holds the id.
    pub id: String,
    pub live: Vec<Live>,
    /// Foreign-key columns whose rows this entity lies in: a principal's role and groups, a group's parent, a resource's
    /// parents. Without the tenant.
    pub parents: Vec<String>,
    /// The foreign-key column of the tenant.
    pub tenant: Option<String>,
    /// Columns that become attributes, in the order of the table. Never a secret that was not exposed.
    pub attributes: Vec<String>,
    /// Attributes that a caller of the decision API may give another value for one question. A policy that reads one
    /// believes whoever asks; so none that a guard, an owner's rule or a grant rests on is ever among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request: Vec<String>,
    /// A role's name column.
    pub name: Option<String>,
    /// The foreign-key column of the owner, and what an owner may do.
    pub owner: Option<String>,
    pub owner_actions: Vec<String>,
    /// Roles only: how high the role stands, and whether it belongs to the system. For hand-written policies.
    pub level: Option<String>,
    pub system: Option<String>,
    /// Groups only: the role names that some policy refers to, each an attribute of the group (section 4, rule 8), and
    /// what a holder of the role may do to the group.
    pub member_roles: BTreeMap<String, Vec<String>>,
}

/// One condition that a row must meet to count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Live {
    pub column: String,
    pub test: Test,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    IsTrue,
    IsFalse,
    EqualsText(String),
    EqualsLong(i64),
    IsNull,
    IsNotNull,
}

/// A reference to an entity of a row: by one foreign key, or by a pair of columns that hold type and id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// `column` holds an id of `type_name`.
    Fixed { column: String, type_name: String },
    /// `type_column` names the type, by one of `types` (its keys in lower case; ASCII case is ignored), and `id_column`
    /// holds the id.
    Typed { type_column: String, id_column: String, types: BTreeMap<String, String> },
}

impl Target {
    /// The column that holds the id.
    pub fn id_column(&self) -> &str {
        match self {
            Target::Fixed { column, .. } => column,
            Target::Typed { id_column, .. } => id_column,
        }
    }

    /// The entity types that the reference can lead to.
    pub fn type_names(&self) -> Vec<&str> {
        match self {
            Target::Fixed { type_name, .. } => vec![type_name],
            Target::Typed { types, .. } => {
                let mut names: Vec<&str> = types.values().map(String::as_str).collect();
                names.sort_unstable();
                names.dedup();
                names
            }
        }
    }
}

/// Text made from the columns of a row: `{resource}:{action}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pattern(pub Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    Literal(String),
    Column(String),
}

/// The table of actions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Permission {
    pub action: Pattern,
    /// The column that names the resource type that the action is for.
    pub resource: Option<ResourceType>,
    pub live: Vec<Live>,
    /// The permission as an entity, where the model names it with `as`: administrators read and change permissions.
    pub entity: Option<Entity>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResourceType {
    pub column: String,
    /// What the column may hold, in lower case (ASCII case is ignored), and the entity type that it means.
    pub types: BTreeMap<String, String>,
    /// Whether a value that names no type means every type. Otherwise such a value cannot be read.
    pub otherwise_any: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RolePermission {
    /// Foreign keys to the role table and to the permission table.
    pub role: String,
    pub permission: String,
    /// The column that says whether the row grants (true) or denies (false). Without it every row grants.
    pub granted: Option<String>,
    pub live: Vec<Live>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoleAssignment {
    pub principal: String,
    pub role: String,
    pub scope: Option<Target>,
    pub expires: Option<String>,
    pub live: Vec<Live>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DirectPermission {
    pub principal: String,
    pub permission: String,
    pub scope: Option<Target>,
    pub granted: Option<String>,
    pub expires: Option<String>,
    pub live: Vec<Live>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupMembership {
    pub principal: String,
    pub group: String,
    /// The column with the name of the member's role in the group.
    pub member_role: Option<String>,
    pub expires: Option<String>,
    pub live: Vec<Live>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acl {
    pub subject: Target,
    pub object: Target,
    pub action: Pattern,
    /// The column that carries the grant to everything below the object.
    pub inherit: Option<String>,
    /// Whether every row is carried down, for a table that has no such column.
    pub inherit_always: bool,
    pub granted: Option<String>,
    pub expires: Option<String>,
    pub live: Vec<Live>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Foreign keys: the entity of `child` lies in the entity of `parent`.
    pub child: String,
    pub parent: String,
    pub live: Vec<Live>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoginSession {
    /// The column with the SHA-256 of the token, in lower-case hexadecimal.
    pub token_hash: String,
    pub principal: String,
    pub live: Vec<Live>,
    pub expires: Option<String>,
    /// A time or boolean column that, once set, ends the session.
    pub revoked: Option<String>,
    /// Columns that are passed to decisions as context attributes, by the attribute's name.
    pub context: BTreeMap<String, String>,
    /// The session as an entity, where the model names it with `as`: people may see and end their own sessions.
    pub entity: Option<Entity>,
}

/// Attributes of a request's context, by name.
pub type Context = BTreeMap<String, ContextType>;

/// What the model says of an action.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// Actions that come with this one, directly. `WRITE` implies `READ`.
    pub implies: Vec<String>,
    /// The entity types that the action applies to, for the Cedar schema; all of them where empty. What a row grants is
    /// the row's to say.
    pub resources: Vec<String>,
    /// Attributes of the request's context, beside those of every action.
    pub context: Context,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct External {
    /// Entity types in which entities of this type can lie.
    pub parents: Vec<String>,
    /// Attributes that come with the question, since no row has them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: Context,
}

/// The type of one attribute of the context: a Cedar primitive or extension type, or an entity type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextType {
    pub name: String,
    pub optional: bool,
}

impl Mapping {
    /// The attributes of the context that an action takes: those of every action, and its own.
    pub fn context_of(&self, action: &str) -> BTreeMap<&str, &ContextType> {
        let own = self.actions.get(action).map(|action| &action.context);
        self.context.iter().chain(own.into_iter().flatten()).map(|(name, kind)| (name.as_str(), kind)).collect()
    }

    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// Tables whose rows are entities, with their meanings.
    pub fn entities(&self) -> impl Iterator<Item = (&Table, &Entity)> {
        self.tables.iter().filter_map(|table| Some((table, table.entity()?)))
    }

    /// The table behind an entity type.
    pub fn entity(&self, type_name: &str) -> Option<(&Table, &Entity)> {
        self.entities().find(|(_, entity)| entity.type_name == type_name)
    }

    /// The entity type of the rows of `table`, if they are entities.
    pub fn type_of(&self, table: &str) -> Option<&str> {
        self.entities().find(|(t, _)| t.name == table).map(|(_, entity)| entity.type_name.as_str())
    }

    /// The types that entities of a type can lie in: by their own columns, by memberships and by links.
    pub fn parent_types(&self, table: &Table, entity: &Entity) -> BTreeSet<String> {
        let leads_to = |table: &Table, column: &str| {
            let references = table.column(column)?.references.as_deref()?;
            self.type_of(references).map(str::to_string)
        };
        let mut types: BTreeSet<String> =
            entity.parents.iter().chain(&entity.tenant).filter_map(|column| leads_to(table, column)).collect();
        for other in &self.tables {
            let (child, parent) = match &other.meaning {
                Meaning::RoleAssignment(meaning) => (&meaning.principal, &meaning.role),
                Meaning::GroupMembership(meaning) => (&meaning.principal, &meaning.group),
                Meaning::Link(meaning) => (&meaning.child, &meaning.parent),
                _ => continue,
            };
            if leads_to(other, child).as_deref() == Some(entity.type_name.as_str()) {
                types.extend(leads_to(other, parent));
                if matches!(&other.meaning, Meaning::GroupMembership(m) if m.member_role.is_some()) {
                    types.insert(GROUP_ROLE.to_string());
                }
            }
        }
        types
    }

    /// Whether something can lie in entities of this type.
    pub fn holds_others(&self, type_name: &str) -> bool {
        let of_rows = self.entities().any(|(table, entity)| self.parent_types(table, entity).contains(type_name));
        of_rows || self.externals.values().any(|external| external.parents.iter().any(|parent| parent == type_name))
    }

    /// The table of permissions. A model has at most one.
    pub fn permission(&self) -> Option<(&Table, &Permission)> {
        self.tables.iter().find_map(|table| match &table.meaning {
            Meaning::Permission(permission) => Some((table, permission)),
            _ => None,
        })
    }

    /// Whether rows can deny: some table has a `granted` column.
    pub fn can_deny(&self) -> bool {
        self.tables.iter().any(|table| match &table.meaning {
            Meaning::RolePermission(meaning) => meaning.granted.is_some(),
            Meaning::DirectPermission(meaning) => meaning.granted.is_some(),
            Meaning::Acl(meaning) => meaning.granted.is_some(),
            _ => false,
        })
    }

    pub fn principals(&self) -> impl Iterator<Item = (&Table, &Entity)> {
        self.entities().filter(|(_, entity)| entity.entity == EntityKind::Principal)
    }

    /// Every type that a request can name as its resource: entities of rows, and external ones.
    pub fn resource_types(&self) -> impl Iterator<Item = &str> {
        self.entities().map(|(_, e)| e.type_name.as_str()).chain(self.externals.keys().map(String::as_str))
    }

    /// Every action that the model names: declared, implied, an owner's, a group role's. Rows may bring others.
    pub fn declared_actions(&self) -> BTreeMap<String, Option<&Action>> {
        let of_entities = self
            .entities()
            .flat_map(|(_, entity)| entity.owner_actions.iter().chain(entity.member_roles.values().flatten()));
        let mut all: BTreeMap<String, Option<&Action>> = of_entities.map(|action| (action.clone(), None)).collect();
        for (action, declared) in &self.actions {
            all.extend(declared.implies.iter().filter(|i| !self.actions.contains_key(*i)).map(|i| (i.clone(), None)));
            all.insert(action.clone(), Some(declared));
        }
        all
    }

    /// `action` and everything that it implies, each once, `action` first.
    pub fn implied(&self, action: &str) -> Vec<String> {
        let mut all = vec![action.to_string()];
        let mut next = 0;
        while next < all.len() {
            if let Some(declared) = self.actions.get(&all[next]) {
                for implied in &declared.implies {
                    if !all.contains(implied) {
                        all.push(implied.clone());
                    }
                }
            }
            next += 1;
        }
        all
    }

    /// Every action whose grant carries `action`: itself first, then those that imply it.
    pub fn implying(&self, action: &str) -> Vec<String> {
        let mut all = vec![action.to_string()];
        all.extend(
            self.actions.keys().filter(|a| *a != action && self.implied(a).iter().any(|i| i == action)).cloned(),
        );
        all
    }
}

impl Table {
    /// What its rows are as entities, if they are any.
    pub fn entity(&self) -> Option<&Entity> {
        match &self.meaning {
            Meaning::Entity(entity) => Some(entity),
            Meaning::LoginSession(session) => session.entity.as_ref(),
            Meaning::Permission(permission) => permission.entity.as_ref(),
            _ => None,
        }
    }

    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}
