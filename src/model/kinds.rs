// SPDX-License-Identifier: Apache-2.0
//! The kinds of table, and what the section of each must and may name.

use crate::mapping::EntityKind;

/// What a table is for authorization: section 3.1 of the design.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Principal,
    Role,
    Group,
    Tenant,
    Resource,
    Permission,
    RolePermission,
    RoleAssignment,
    DirectPermission,
    GroupMembership,
    Acl,
    Link,
    LoginSession,
    Ignored,
}

impl Kind {
    pub(super) const ALL: [Kind; 14] = [
        Kind::Principal,
        Kind::Role,
        Kind::Group,
        Kind::Tenant,
        Kind::Resource,
        Kind::Permission,
        Kind::RolePermission,
        Kind::RoleAssignment,
        Kind::DirectPermission,
        Kind::GroupMembership,
        Kind::Acl,
        Kind::Link,
        Kind::LoginSession,
        Kind::Ignored,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Principal => "principal",
            Kind::Role => "role",
            Kind::Group => "group",
            Kind::Tenant => "tenant",
            Kind::Resource => "resource",
            Kind::Permission => "permission",
            Kind::RolePermission => "role_permission",
            Kind::RoleAssignment => "role_assignment",
            Kind::DirectPermission => "direct_permission",
            Kind::GroupMembership => "group_membership",
            Kind::Acl => "acl",
            Kind::Link => "link",
            Kind::LoginSession => "login_session",
            Kind::Ignored => "ignored",
        }
    }

    pub(super) fn of(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub(super) fn entity(self) -> Option<EntityKind> {
        match self {
            Kind::Principal => Some(EntityKind::Principal),
            Kind::Role => Some(EntityKind::Role),
            Kind::Group => Some(EntityKind::Group),
            Kind::Tenant => Some(EntityKind::Tenant),
            Kind::Resource => Some(EntityKind::Resource),
            _ => None,
        }
    }

    /// Keys without which the section says nothing, each with an example of its value.
    pub(super) fn required(self) -> &'static [(&'static str, &'static str)] {
        const ROLE: (&str, &str) = ("role", "\"role_id\"");
        const PRINCIPAL: (&str, &str) = ("principal", "\"user_id\"");
        const PERMISSION: (&str, &str) = ("permission", "\"permission_id\"");
        match self {
            Kind::Permission => &[("action", "\"{resource}:{action}\"")],
            Kind::RolePermission => &[ROLE, PERMISSION],
            Kind::RoleAssignment => &[PRINCIPAL, ROLE],
            Kind::DirectPermission => &[PRINCIPAL, PERMISSION],
            Kind::GroupMembership => &[PRINCIPAL, ("group", "\"group_id\"")],
            Kind::Acl => &[
                ("subject", "{ type = \"subject_type\", id = \"subject_id\" }"),
                ("object", "{ type = \"object_type\", id = \"object_id\" }"),
                ("action", "\"permission\""),
            ],
            Kind::Link => &[("child", "\"document_id\""), ("parent", "\"folder_id\"")],
            Kind::LoginSession => &[("token_hash", "\"token_hash\""), PRINCIPAL],
            Kind::Ignored => &[("because", "\"decides nothing\"")],
            _ => &[],
        }
    }

    /// Every key that the section may have, beside `kind`.
    pub(super) fn keys(self) -> &'static [&'static str] {
        match self {
            Kind::Principal => {
                &["as", "id", "live", "role", "groups", "tenant", "attributes", "request", "expose", "references"]
            }
            Kind::Role => &[
                "as",
                "id",
                "name",
                "live",
                "level",
                "system",
                "tenant",
                "attributes",
                "request",
                "expose",
                "references",
            ],
            Kind::Group => &[
                "as",
                "id",
                "live",
                "owner",
                "owner_actions",
                "parent",
                "tenant",
                "attributes",
                "request",
                "expose",
                "references",
            ],
            Kind::Tenant => {
                &["as", "id", "live", "owner", "owner_actions", "attributes", "request", "expose", "references"]
            }
            Kind::Resource => &[
                "as",
                "id",
                "live",
                "owner",
                "owner_actions",
                "parents",
                "tenant",
                "attributes",
                "request",
                "expose",
                "references",
            ],
            Kind::Permission => &[
                "action",
                "resource",
                "live",
                "as",
                "id",
                "owner",
                "owner_actions",
                "parents",
                "tenant",
                "attributes",
                "request",
                "expose",
                "references",
            ],
            Kind::RolePermission => &["role", "permission", "granted", "live", "references"],
            Kind::RoleAssignment => &["principal", "role", "scope", "expires", "live", "references"],
            Kind::DirectPermission => &["principal", "permission", "scope", "granted", "expires", "live", "references"],
            Kind::GroupMembership => {
                &["principal", "group", "member_role", "member_actions", "expires", "live", "references"]
            }
            Kind::Acl => &["subject", "object", "action", "inherit", "granted", "expires", "live", "references"],
            Kind::Link => &["child", "parent", "live", "references"],
            Kind::LoginSession => &[
                "token_hash",
                "principal",
                "live",
                "expires",
                "revoked",
                "context",
                "as",
                "id",
                "owner",
                "owner_actions",
                "parents",
                "tenant",
                "attributes",
                "request",
                "expose",
                "references",
            ],
            Kind::Ignored => &["because"],
        }
    }

    /// Whether its rows are entities only where the model gives them a type: login sessions and permissions, which mean
    /// something else first.
    pub(super) fn may_be_entity(self) -> bool {
        matches!(self, Kind::LoginSession | Kind::Permission)
    }

    /// Keys of such a table that describe its rows as entities, and so need their type.
    pub(super) const OF_SECOND_ENTITY: [&'static str; 8] =
        ["id", "owner", "owner_actions", "parents", "tenant", "attributes", "request", "expose"];

    /// The kind with its article, for a sentence: `a role`, `an acl`.
    pub(super) fn with_article(self) -> String {
        match self {
            Kind::Ignored => "an ignored table".to_string(),
            Kind::Acl => "an acl".to_string(),
            _ => format!("a {}", self.name()),
        }
    }
}
