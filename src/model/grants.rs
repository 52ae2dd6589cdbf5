// SPDX-License-Identifier: Apache-2.0
//! Tables whose rows grant something: permissions, junctions, access-control lists, sessions. What narrows a grant and is
//! not understood leaves the grant out.

use super::draft::Draft;
use super::infer::Writer;
use super::kinds::Kind;
use super::section::{ticked, toml_key, toml_text};
use super::seen::{Pair, Seen, pairs};
use super::tables::{self, Key};
use super::words::{singular_words, stem};
use crate::er::Table;
use crate::mapping::ColumnKind;
use std::collections::BTreeSet;

impl<'a> Writer<'a> {
    pub(super) fn permission(&self, table: &'a Table, columns: &[Seen<'a>]) -> Draft<'a> {
        let find = |names: &[&str]| {
            names.iter().find_map(|name| {
                columns.iter().find(|c| c.plain == *name && c.kind == ColumnKind::Text && !c.column.foreign)
            })
        };
        let resource = find(&[
            "resource",
            "subject",
            "object",
            "resource_type",
            "module",
            "entity",
            "entity_type",
            "資源",
            "模組",
        ]);
        let verb = find(&["action", "verb", "operation", "method", "動作", "操作"]);
        let own = format!("{}_name", singular_words(&table.name).join("_"));
        let code = find(&[
            "codename",
            "code",
            "key",
            "slug",
            "permission_key",
            "permission_code",
            "name",
            &own,
            "permission",
            "權限代碼",
            "權限名稱",
            "名稱",
        ]);
        let mut draft = Draft::new(table, Kind::Permission, "what may be done, by its name and columns".to_string());
        let pattern = match (resource, verb, code) {
            (Some(resource), Some(verb), _) => format!("{{{}}}:{{{}}}", resource.name(), verb.name()),
            (_, _, Some(code)) => code.name().to_string(),
            (_, Some(verb), None) => verb.name().to_string(),
            _ => {
                return Draft::refused(
                    table,
                    "permissions without a name",
                    "no column says what a permission is for".to_string(),
                );
            }
        };
        draft.text("action", &pattern);
        draft.assumed(format!("an action's id is `{pattern}`"));
        let category = find(&["category", "group_name", "permission_group"]);
        match (resource, category) {
            (Some(resource), _) => {
                draft.text("resource", resource.name());
                draft.assumed(format!(
                    "`{}` names the resource's type, by its table or entity type; a permission on anything else grants nothing",
                    resource.name()
                ));
            }
            (None, Some(category)) => {
                draft.line("resource", &format!("{{ column = {}, otherwise = \"any\" }}", toml_text(category.name())));
                draft.assumed(format!(
                    "`{}` names the resource's type where it names one, and any type where it does not",
                    category.name()
                ));
            }
            (None, None) => {
                draft.approximated("nothing says which type a permission is for, so that its action alone tells")
            }
        }
        self.live(&mut draft, columns);
        if let Some(pair) = pairs(columns).into_iter().find(|p| resource.is_some_and(|r| r.name() == p.type_column)) {
            draft.add_live(format!("{{ column = {}, is_null = true }}", toml_text(pair.id_column)));
            draft.approximated(format!("a permission for one thing, named in `{}`, is not live", pair.id_column));
        }
        let used = resource.iter().chain(&verb).chain(&code).map(|c| c.name()).collect();
        self.narrow(&mut draft, columns, &[], &used);
        if columns.iter().any(|c| c.is(&["content_type_id"])) {
            draft.approximated(
                "`content_type_id` leads to the model's name in another table, which is not read: the codename tells",
            );
        }
        if columns.iter().any(|c| c.is(&["guard_name"])) {
            draft.assumed("`guard_name` is the same for all rows: names are not told apart by it");
            draft.approximated("a name with `*` is that name only, and no wildcard");
        }
        draft
    }

    pub(super) fn login_session(&self, table: &'a Table, columns: &[Seen<'a>], keys: &[Key<'a>]) -> Option<Draft<'a>> {
        let name = singular_words(&table.name);
        let is_session =
            name.iter().any(|w| w == "session" || w == "login") || name.ends_with(&["api".into(), "key".into()]);
        let user = self.to_kind(keys, Kind::Principal).next()?;
        let token = columns.iter().find(|c| {
            let words: Vec<&str> = c.plain.split('_').collect();
            c.kind == ColumnKind::Text
                && words.contains(&"hash")
                && words.iter().any(|w| ["token", "key", "session", "secret"].contains(w))
        });
        if !is_session {
            return None;
        }
        let Some(token) = token else {
            // Without a hash it is a thing that its user owns, or a table of a library's own.
            return columns.iter().find(|c| c.is(&["token", "session_token", "sessiontoken"])).map(|plain| {
                let mut draft = self.thing(table, columns, keys);
                draft.report.refused.push(format!(
                    "`{}` keeps session tokens themselves: Palisade looks sessions up by the SHA-256 of a token, so these cannot sign anybody in",
                    plain.name()
                ));
                draft
            });
        };
        let seen = "a session table: the hash of a token, a user and an end";
        let mut draft = Draft::new(table, Kind::LoginSession, seen.to_string());
        draft.text("token_hash", token.name());
        draft.assumed(format!("`{}` is the SHA-256 of the token, in lower-case hexadecimal", token.name()));
        draft.text("principal", &user.column.name);
        self.live(&mut draft, columns);
        if let Some(column) = columns.iter().find(|c| c.is_expiry()) {
            draft.text("expires", column.name());
        }
        if let Some(column) = columns.iter().find(|c| c.is_revocation()) {
            draft.text("revoked", column.name());
        }
        if table.primary_key().len() == 1 {
            draft.text("as", &self.types[table.name.as_str()]);
            draft.text("owner", &user.column.name);
            draft
                .lines
                .push("# owner_actions = [\"read\"]   # may people see, or end, their own sessions?".to_string());
        }
        Some(draft)
    }

    /// A table whose rows grant something, if it is one.
    pub(super) fn grants(&self, table: &'a Table, columns: &[Seen<'a>], keys: &[Key<'a>]) -> Option<Draft<'a>> {
        let (mut users, roles, permissions, groups) = (
            self.to_kind(keys, Kind::Principal).collect::<Vec<_>>(),
            self.to_kind(keys, Kind::Role).collect::<Vec<_>>(),
            self.to_kind(keys, Kind::Permission).collect::<Vec<_>>(),
            self.to_kind(keys, Kind::Group).collect::<Vec<_>>(),
        );
        let mut pairs = pairs(columns);
        // `model_type` and `model_id` of spatie: whoever holds the role, by class and key.
        let one_sort = roles.is_empty() != permissions.is_empty();
        let holder = (users.is_empty() && one_sort)
            .then(|| pairs.iter().position(|p| tables::is_holder(&p.of)))
            .flatten()
            .map(|at| pairs.remove(at));
        // `user_type` beside a `user_id` that leads somewhere is the class of that same user.
        let user_type = users.first().and_then(|user| pairs.iter().position(|p| p.id_column == user.column.name));
        let user_pair = user_type.map(|at| pairs.remove(at));
        let who = !users.is_empty() || holder.is_some();
        // Who may do what to a thing, rather than who belongs to a group.
        let about_thing = columns.iter().any(|c| c.is_action() && !c.column.foreign)
            && (pairs.iter().any(|p| tables::is_object(&p.of)) || self.to_kind(keys, Kind::Resource).next().is_some());
        let several = [who, !roles.is_empty(), !permissions.is_empty()].into_iter().filter(|has| *has).count() > 1;
        let kind = match () {
            () if !roles.is_empty() && !permissions.is_empty() && !who => Kind::RolePermission,
            () if who && !roles.is_empty() && permissions.is_empty() => Kind::RoleAssignment,
            () if who && roles.is_empty() && !permissions.is_empty() => Kind::DirectPermission,
            () if !users.is_empty() && !groups.is_empty() && !about_thing => Kind::GroupMembership,
            () if roles.len() == 2 && !who && groups.is_empty() => return Some(self.role_link(table, &roles)),
            () if !groups.is_empty() && !roles.is_empty() && permissions.is_empty() => {
                return Some(self.group_link(table, groups[0], roles[0]));
            }
            () => {
                let unread = || {
                    let why = "its rows join users, roles and permissions in a way that was not understood".to_string();
                    Draft::refused(table, "a junction of several", why)
                };
                let bare = columns
                    .iter()
                    .all(|c| c.column.primary || c.is_audit() || keys.iter().any(|k| k.column.name == c.name()));
                let junction = bare && keys.len() > 1 && !(roles.is_empty() && permissions.is_empty());
                let doubtful =
                    (several || junction) && !tables::has_content(table) && tables::not_a_grant(&table.name).is_none();
                return self.acl(table, columns, keys, &pairs).or_else(|| doubtful.then(unread));
            }
        };
        if let Some(word) = tables::not_a_grant(&table.name) {
            return Some(self.record(table, columns, keys, word));
        }
        if let Some(refused) = refuse_entries(table, columns) {
            return Some(refused);
        }
        let mut used: BTreeSet<&str> = BTreeSet::new();
        let mut what = Vec::new();
        let mut lines: Vec<(&str, String)> = Vec::new();
        let mut conditions = Vec::new();
        let mut said = Vec::new();
        if let Some(pair) = &holder {
            lines.push(("principal", toml_text(pair.id_column)));
            used.extend([pair.type_column, pair.id_column]);
            what.push(format!("{}` and `{}", pair.type_column, pair.id_column));
            let principal = self.names.principal?;
            lines.push(("references", format!("{{ {} = {} }}", toml_key(pair.id_column), toml_text(principal))));
        } else if let Some(user) = (kind != Kind::RolePermission).then(|| users.remove(0)) {
            lines.push(("principal", toml_text(&user.column.name)));
            used.insert(&user.column.name);
            what.push(user.to.to_string());
        }
        if let Some(pair) = holder.as_ref().or(user_pair.as_ref()) {
            used.insert(pair.type_column);
            let class = "App\\Models\\User";
            conditions.push(format!("{{ column = {}, equals = {} }}", toml_text(pair.type_column), toml_text(class)));
            said.push(format!(
                "only rows whose `{}` is `{class}` count; name the class of your users",
                pair.type_column
            ));
        }
        let (role, permission, group) = (roles.first(), permissions.first(), groups.first());
        for (name, key, wanted) in [
            ("role", role, matches!(kind, Kind::RolePermission | Kind::RoleAssignment)),
            ("permission", permission, matches!(kind, Kind::RolePermission | Kind::DirectPermission)),
            ("group", group, kind == Kind::GroupMembership),
        ] {
            if let Some(key) = key.filter(|_| wanted) {
                lines.push((name, toml_text(&key.column.name)));
                used.insert(&key.column.name);
                what.push(key.to.to_string());
            }
        }
        let mut seen = format!("keys to {}", ticked(what.iter().map(String::as_str)));
        if matches!(kind, Kind::RoleAssignment | Kind::DirectPermission) {
            if let Some(pair) = pairs.first() {
                lines.push(("scope", self.typed(pair, columns, false)));
                used.extend([pair.type_column, pair.id_column]);
                seen.push_str(&format!(", and a scope pair `{}` and `{}`", pair.type_column, pair.id_column));
            } else if let Some(key) = keys.iter().find(|k| {
                let entity =
                    matches!(self.kind_of(k.to), Some(Kind::Resource | Kind::Group)) || self.is_scope_of_many(k);
                entity && !k.audit && !used.contains(k.column.name.as_str())
            }) {
                lines.push(("scope", toml_text(&key.column.name)));
                used.insert(&key.column.name);
                seen.push_str(&format!(", and a scope, `{}`", key.column.name));
            }
        }
        let mut draft = Draft::new(table, kind, seen);
        for (key, value) in lines {
            draft.line(key, &value);
        }
        for condition in conditions {
            draft.add_live(condition);
        }
        for sentence in said {
            draft.approximated(sentence);
        }
        if matches!(kind, Kind::RolePermission | Kind::DirectPermission) {
            self.granted(&mut draft, columns, &mut used);
        }
        if kind == Kind::GroupMembership {
            let role = columns.iter().find(|c| {
                c.kind == ColumnKind::Text
                    && !c.column.foreign
                    && c.is(&[
                        "role",
                        "role_in_group",
                        "member_role",
                        "group_role",
                        "membership_role",
                        "position",
                        "角色",
                    ])
            });
            if let Some(role) = role {
                draft.text("member_role", role.name());
                draft.lines.push(
                    "# member_actions = { admin = [\"update\"] }   # what may a role do to its group?".to_string(),
                );
                used.insert(role.name());
            }
        }
        self.end_and_life(&mut draft, columns, &mut used);
        self.narrow(&mut draft, columns, keys, &used);
        Some(draft)
    }

    fn role_link(&self, table: &'a Table, roles: &[&Key<'a>]) -> Draft<'a> {
        let is_child = |key: &Key<'_>| key.column.name.to_lowercase().contains("child");
        let (child, parent) = (roles.iter().find(|k| is_child(k)), roles.iter().find(|k| !is_child(k)));
        let (Some(child), Some(parent)) = (child, parent) else {
            let why =
                "two roles are joined, and nothing says which of them gets the permissions of the other".to_string();
            return Draft::refused(table, "roles joined to roles", why);
        };
        // A composite role has what its children have: in Cedar's words, it lies in them.
        let mut draft =
            Draft::new(table, Kind::Link, "roles made of roles: the composite lies in its children".to_string());
        draft.text("child", &parent.column.name);
        draft.text("parent", &child.column.name);
        draft.assumed(format!("who holds `{}` has the permissions of `{}`", parent.column.name, child.column.name));
        draft
    }

    fn group_link(&self, table: &'a Table, group: &Key<'a>, role: &Key<'a>) -> Draft<'a> {
        let mut draft = Draft::new(table, Kind::Link, "roles that groups hold: the group lies in the role".to_string());
        draft.text("child", &group.column.name);
        draft.text("parent", &role.column.name);
        draft.assumed("every member of the group has the permissions of the role");
        draft
    }

    /// An access-control list, or a plain link, or neither.
    fn acl(&self, table: &'a Table, columns: &[Seen<'a>], keys: &[Key<'a>], pairs: &[Pair<'a>]) -> Option<Draft<'a>> {
        let subject_pair = pairs.iter().find(|p| tables::is_subject(&p.of));
        let object_pair = pairs.iter().find(|p| subject_pair.is_none_or(|s| s.of != p.of) && tables::is_object(&p.of));
        let subjects: Vec<&Key<'a>> = keys
            .iter()
            .filter(|k| !k.audit && matches!(self.kind_of(k.to), Some(Kind::Principal | Kind::Role | Kind::Group)))
            .filter(|k| pairs.iter().all(|p| p.id_column != k.column.name))
            .collect();
        let objects: Vec<&Key<'a>> = keys
            .iter()
            .filter(|k| !k.audit && self.kind_of(k.to) == Some(Kind::Resource))
            .filter(|k| pairs.iter().all(|p| p.id_column != k.column.name))
            .collect();
        let action = columns.iter().find(|c| c.is_action() && !c.column.foreign);
        let named = tables::is_acl_name(&table.name);
        let has_subject = subject_pair.is_some() || !subjects.is_empty();
        let has_object = object_pair.is_some() || !objects.is_empty();
        let looks = has_subject && has_object && action.is_some() && (named || !tables::has_content(table));
        if columns.iter().any(|c| c.is_mask()) || named && columns.iter().any(|c| c.orders()) {
            return refuse_entries(table, columns).or_else(|| {
                let why = "the bits of a mask are no actions that can be read".to_string();
                Some(Draft::refused(table, "an access-control list of masks", why))
            });
        }
        if !looks {
            return named.then(|| {
                let text = |names: &[&str]| columns.iter().any(|c| c.is(names) && !c.column.foreign);
                let role = self.to_kind(keys, Kind::Role).next();
                let (seen, why) = match role {
                    Some(role) => (
                        "permissions that belong to one role",
                        format!("`{}` leads to a role, and no table of permissions stands between: draw one, and a junction", role.column.name),
                    ),
                    None if text(&["role"]) && text(&["permission"]) => (
                        "roles and permissions by name",
                        "`role` and `permission` are values and no rows: draw a table of each".to_string(),
                    ),
                    None => (
                        "an access-control list by its name",
                        "no columns were seen that name a subject, an object and an action".to_string(),
                    ),
                };
                Draft::refused(table, seen, why)
            });
        }
        if let Some(word) = tables::not_a_grant(&table.name) {
            return Some(self.record(table, columns, keys, word));
        }
        if let Some(refused) = refuse_entries(table, columns) {
            return Some(refused);
        }
        let action = action?;
        let mut used: BTreeSet<&str> = BTreeSet::from([action.name()]);
        let subject = match (subject_pair, subjects.as_slice()) {
            (Some(pair), _) => {
                used.extend([pair.type_column, pair.id_column]);
                self.typed(pair, columns, true)
            }
            (None, [only]) => {
                used.insert(&only.column.name);
                toml_text(&only.column.name)
            }
            (None, several) => {
                let columns = ticked(several.iter().map(|k| k.column.name.as_str()));
                let why = format!("either of {columns} may be the subject, and an entry has one");
                return Some(Draft::refused(table, "an access-control list with several subjects", why));
            }
        };
        let about: Vec<String> = match object_pair {
            Some(pair) => {
                let listed =
                    columns.iter().find(|c| c.name() == pair.type_column).map(Seen::listed).unwrap_or_default();
                let types: Vec<&str> = listed.iter().filter_map(|value| self.type_for(value, false)).collect();
                self.types
                    .iter()
                    .filter(|(_, t)| types.contains(&t.as_str()))
                    .map(|(table, _)| table.to_string())
                    .collect()
            }
            None => objects.iter().map(|k| k.to.to_string()).collect(),
        };
        let object = match (object_pair, objects.as_slice()) {
            (Some(pair), _) => {
                used.extend([pair.type_column, pair.id_column]);
                self.typed(pair, columns, false)
            }
            (None, [only]) => {
                used.insert(&only.column.name);
                toml_text(&only.column.name)
            }
            (None, several) => {
                let columns = ticked(several.iter().map(|k| k.column.name.as_str()));
                let why = format!("either of {columns} may be the object, and an entry has one");
                return Some(Draft::refused(table, "an access-control list with several objects", why));
            }
        };
        let seen = format!("an access-control list: a subject, an object and the action in `{}`", action.name());
        let mut draft = Draft::new(table, Kind::Acl, seen);
        draft.objects = about;
        draft.line("subject", &subject);
        draft.line("object", &object);
        draft.text("action", action.name());
        let listed = action.listed();
        if !listed.is_empty() {
            draft.actions = listed.clone();
            draft.kept(format!("the schema lists the actions {}", ticked(listed.iter().map(String::as_str))));
        }
        if let Some(inherit) = columns.iter().find(|c| c.is_inherit()) {
            draft.text("inherit", inherit.name());
            used.insert(inherit.name());
        } else {
            draft.approximated("an entry is for its object alone: write `inherit = true` if it is carried down");
        }
        self.granted(&mut draft, columns, &mut used);
        self.end_and_life(&mut draft, columns, &mut used);
        self.narrow(&mut draft, columns, keys, &used);
        Some(draft)
    }

    fn granted(&self, draft: &mut Draft<'a>, columns: &[Seen<'a>], used: &mut BTreeSet<&'a str>) {
        if let Some(granted) = columns.iter().find(|c| c.is_granted()) {
            draft.text("granted", granted.name());
            draft.assumed(format!("a row denies where `{}` is false", granted.name()));
            used.insert(granted.name());
        }
    }

    fn end_and_life(&self, draft: &mut Draft<'a>, columns: &[Seen<'a>], used: &mut BTreeSet<&'a str>) {
        if !matches!(draft.kind, Kind::RolePermission | Kind::Link)
            && let Some(column) = columns.iter().find(|c| c.is_expiry())
        {
            draft.text("expires", column.name());
            draft.kept(format!("a row ends at its `{}`", column.name()));
            used.insert(column.name());
        }
        self.live(draft, columns);
    }

    /// A column that may narrow a grant and is not understood: only rows without it count.
    pub(super) fn narrow(&self, draft: &mut Draft<'a>, columns: &[Seen<'a>], keys: &[Key<'a>], used: &BTreeSet<&str>) {
        for column in columns.iter().filter(|c| !used.contains(c.name())) {
            let key = keys.iter().find(|k| k.column.name == column.name());
            let tenant = key.is_some_and(|k| self.kind_of(k.to) == Some(Kind::Tenant));
            let harmless = tenant
                || column.is_audit()
                || column.column.primary && key.is_none()
                || key.is_some_and(|k| k.audit)
                || (column.is_expiry() && draft.kind != Kind::RolePermission)
                || (column.boolean_life().is_some() || column.is_end_when_set() || column.is_status());
            let foreign = draft.kind != Kind::Permission && (key.is_some() || column.column.foreign);
            if harmless || !(column.narrows() || column.is_expiry() || foreign) {
                continue;
            }
            if column.kind == ColumnKind::Bool {
                draft.add_live(toml_text(&format!("!{}", column.name())));
                draft.approximated(format!(
                    "`{}` narrows a row in a way that the model cannot say: only rows where it is false count",
                    column.name()
                ));
                continue;
            }
            draft.add_live(format!("{{ column = {}, is_null = true }}", toml_text(column.name())));
            draft.approximated(format!(
                "`{}` may narrow a row in a way that the model cannot say: only rows where it is NULL count",
                column.name()
            ));
        }
    }

    /// Whether a tenant's key is a scope: users who belong to several hold roles in each.
    fn is_scope_of_many(&self, key: &Key<'_>) -> bool {
        let belongs = self.names.principal.is_some_and(|principal| self.targets(principal).contains(&key.to));
        self.kind_of(key.to) == Some(Kind::Tenant) && !belongs
    }

    /// `{ type = …, id = …, types = … }`, with the types that a comment lists where the defaults would not find them.
    fn typed(&self, pair: &Pair<'a>, columns: &[Seen<'a>], subject: bool) -> String {
        let mut text = format!("{{ type = {}, id = {}", toml_text(pair.type_column), toml_text(pair.id_column));
        let listed = columns.iter().find(|c| c.name() == pair.type_column).map(Seen::listed).unwrap_or_default();
        let mut types = Vec::new();
        for value in listed {
            if let Some(type_name) = self.type_for(&value, subject) {
                types.push(format!("{} = {}", toml_key(&value), toml_text(type_name)));
            }
        }
        if !types.is_empty() {
            text.push_str(&format!(", types = {{ {} }}", types.join(", ")));
        }
        text + " }"
    }

    /// The entity type that a value in a type column means: by its table's name, its type's, or how either begins.
    fn type_for(&self, value: &str, subject: bool) -> Option<&str> {
        let value = singular_words(value).concat();
        let candidates = || {
            self.diagram.tables.iter().filter(move |table| match self.kind_of(&table.name) {
                Some(Kind::Principal | Kind::Role | Kind::Group) => true,
                Some(Kind::Permission) | None => false,
                Some(_) => !subject,
            })
        };
        let names = |table: &Table| {
            let type_name = self.types[table.name.as_str()].to_lowercase();
            let key = table.primary_key().first().map(|key| stem(key).concat()).unwrap_or_default();
            [singular_words(&table.name).concat(), type_name, key]
        };
        let exact = candidates().find(|table| names(table).contains(&value));
        let begins = || {
            let mut all =
                candidates().filter(|table| value.len() >= 3 && names(table).iter().any(|n| n.starts_with(&value)));
            all.next().filter(|_| all.next().is_none())
        };
        let table = exact.or_else(begins)?;
        Some(self.types[table.name.as_str()].as_str())
    }
}

/// Entries that deny, or whose order counts, in ways that Cedar does not have.
fn refuse_entries<'a>(table: &'a Table, columns: &[Seen<'a>]) -> Option<Draft<'a>> {
    let find = |test: &dyn Fn(&Seen<'a>) -> bool| columns.iter().find(|c| test(c)).map(|c| c.name());
    let order = find(&|c| c.orders());
    let denies = find(&|c| c.denies());
    let granted = find(&|c| c.is_granted());
    if let (Some(order), Some(by)) = (order, denies.or(granted)) {
        let why = format!(
            "`{order}` puts entries in an order and `{by}` lets the first that matches deny; in Cedar every denial counts"
        );
        return Some(Draft::refused(table, "an ordered access-control list", why));
    }
    if let Some(mask) = find(&|c| c.is_mask()) {
        return Some(Draft::refused(
            table,
            "an access-control list of masks",
            format!("the bits of `{mask}` are no actions that can be read"),
        ));
    }
    if let Some(denies) = denies {
        let why = format!(
            "`{denies}` makes a row deny, and only a column that is false for a denial can be read (`granted`)"
        );
        return Some(Draft::refused(table, "grants and denials in one table", why));
    }
    if columns.iter().any(|c| c.is(&["content_type_id"])) && columns.iter().any(|c| c.is(&["object_pk", "object_id"])) {
        let why = "`content_type_id` names the object's type by a key of another table, which is not read".to_string();
        return Some(Draft::refused(table, "grants on objects of any type", why));
    }
    None
}
