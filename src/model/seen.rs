// SPDX-License-Identifier: Apache-2.0
//! What a column seems to be for, by its name, its type and its comment.

use super::columns;
use super::words::words;
use crate::er::{Column, Table};
use crate::mapping::ColumnKind;

/// A column with its name taken apart.
pub(super) struct Seen<'a> {
    pub(super) column: &'a Column,
    pub(super) kind: ColumnKind,
    /// Whether the type's name says what the kind is.
    pub(super) typed: bool,
    /// The name's words, joined by `_`: `isActive` and `IS_ACTIVE` are both `is_active`.
    pub(super) plain: String,
}

impl<'a> Seen<'a> {
    pub(super) fn all(table: &'a Table) -> Vec<Seen<'a>> {
        table
            .columns
            .iter()
            .map(|column| {
                let kind = columns::kind(&column.type_name);
                Seen {
                    column,
                    kind: kind.unwrap_or(ColumnKind::Text),
                    typed: kind.is_some(),
                    plain: words(&column.name).join("_"),
                }
            })
            .collect()
    }

    pub(super) fn name(&self) -> &'a str {
        &self.column.name
    }

    pub(super) fn is(&self, names: &[&str]) -> bool {
        names.contains(&self.plain.as_str())
    }

    pub(super) fn ends(&self, endings: &[&str]) -> bool {
        endings.iter().any(|ending| {
            self.plain == *ending
                || self.plain.strip_suffix(ending).is_some_and(|rest| rest.ends_with('_') || !ending.is_ascii())
        })
    }

    fn can_be_boolean(&self) -> bool {
        matches!(self.kind, ColumnKind::Bool | ColumnKind::Long) || !self.typed
    }

    /// Who wrote a row, and when: says nothing of what it conveys.
    pub(super) fn is_audit(&self) -> bool {
        let by = self.plain.ends_with("_by") || self.plain.ends_with("_by_id");
        let at = self.kind == ColumnKind::Time && (self.plain.ends_with("_at") || self.plain.ends_with("_on"));
        let chinese = ["建立時間", "創建時間", "指派時間", "更新時間", "创建时间", "更新时间"].contains(&self.name());
        by || at
            || chinese
            || self.is(&["created", "updated", "modified", "timestamp", "createdat", "updatedat", "date_created"])
    }

    /// A text for people.
    pub(super) fn is_description(&self) -> bool {
        self.ends(&[
            "description",
            "note",
            "notes",
            "comment",
            "title",
            "display_name",
            "label",
            "reason",
            "描述",
            "備註",
        ])
    }

    /// Whether the column itself can hold a boolean, and which answer means that the row counts.
    pub(super) fn boolean_life(&self) -> Option<bool> {
        if !self.can_be_boolean() {
            return None;
        }
        let bare = self.plain.strip_prefix("is_").unwrap_or(&self.plain);
        match bare {
            "active" | "enabled" | "live" | "啟用" | "是否啟用" | "啟用狀態" | "启用" | "是否启用" => {
                Some(true)
            }
            "deleted" | "disabled" | "banned" | "blocked" | "suspended" | "locked" | "revoked" | "inactive"
            | "removed" | "deactivated" | "account_locked" | "soft_deleted" | "是否刪除" | "已刪除" | "停用"
            | "是否停用" | "是否删除" | "已删除" => Some(false),
            _ => None,
        }
    }

    /// A time whose presence ends the row.
    pub(super) fn is_end_when_set(&self) -> bool {
        let set =
            ["deleted_at", "revoked_at", "disabled_at", "banned_at", "suspended_at", "removed_at", "deactivated_at"];
        self.kind != ColumnKind::Bool && (self.is(&set) || ["刪除時間", "撤銷時間", "停用時間"].contains(&self.name()))
    }

    /// What ends a session before its time.
    pub(super) fn is_revocation(&self) -> bool {
        self.is(&["revoked_at", "revoked", "is_revoked"])
    }

    pub(super) fn is_status(&self) -> bool {
        self.kind == ColumnKind::Text
            && (self.is(&["status", "state", "account_status", "user_status"])
                || self.name().ends_with("狀態")
                || self.name().ends_with("状态"))
    }

    pub(super) fn is_expiry(&self) -> bool {
        let names = [
            "expires_at",
            "expires",
            "expire_at",
            "expiry",
            "expires_on",
            "expiration",
            "expiration_date",
            "expires_time",
            "expiry_date",
            "expired_at",
            "valid_until",
            "valid_to",
            "ends_at",
            "end_at",
            "until",
            "expiration_time",
        ];
        let kind = matches!(self.kind, ColumnKind::Time | ColumnKind::Text | ColumnKind::Long);
        kind && (self.is(&names)
            || ["到期時間", "過期時間", "有效期限", "失效時間", "到期时间", "过期时间"].contains(&self.name()))
    }

    /// Something that may narrow what a row grants, in a way that no key of the model says.
    pub(super) fn narrows(&self) -> bool {
        self.is(&[
            "valid_from",
            "starts_at",
            "start_at",
            "start_date",
            "effective_from",
            "not_before",
            "condition",
            "conditions",
            "constraint",
            "constraints",
            "options",
            "only_owned",
            "fields",
            "filter",
            "scope",
            "scope_id",
            "scope_type",
            "domain",
            "team_id",
            "tenant_id",
            "organization_id",
            "org_id",
            "workspace_id",
            "realm_id",
            "ip_range",
            "生效時間",
            "條件",
        ])
    }

    /// A boolean that says that the row grants.
    pub(super) fn is_granted(&self) -> bool {
        self.can_be_boolean()
            && self.is(&["is_granted", "granted", "allowed", "is_allowed", "allow", "granting", "是否允許", "允許"])
    }

    /// What says that a row denies, in words that the model cannot say.
    pub(super) fn denies(&self) -> bool {
        self.is(&[
            "forbidden",
            "is_forbidden",
            "is_deny",
            "deny",
            "denied",
            "is_denied",
            "inverted",
            "negated",
            "is_negative",
            "effect",
            "eft",
            "logic",
            "拒絕",
        ])
    }

    /// What makes the order of rows count.
    pub(super) fn orders(&self) -> bool {
        self.is(&["ace_order", "priority", "precedence", "position", "order", "sort_order", "rule_order", "優先順序"])
    }

    pub(super) fn is_mask(&self) -> bool {
        let masks = ["mask", "permissions_mask", "access_mask", "permission_bits", "bitmask", "flags", "bits"];
        self.kind == ColumnKind::Long && self.is(&masks)
    }

    /// What says which action an entry is about.
    pub(super) fn is_action(&self) -> bool {
        let names = [
            "permission",
            "access_type",
            "access_level",
            "access",
            "action",
            "privilege",
            "level",
            "right",
            "rights",
            "mode",
            "ability",
            "operation",
            "permission_type",
            "permission_level",
            "perm",
            "role",
            "access_role",
            "share_type",
            "權限",
            "权限",
            "操作",
            "動作",
            "存取權限",
            "權限類型",
        ];
        self.kind == ColumnKind::Text && self.is(&names)
    }

    /// Statements of permissions in a language of their own.
    pub(super) fn is_statement(&self) -> bool {
        let json = self.column.type_name.to_lowercase().starts_with("json");
        json && self.is(&[
            "permission",
            "permissions",
            "statement",
            "statements",
            "abilities",
            "policy",
            "policies",
            "actions",
        ])
    }

    pub(super) fn is_inherit(&self) -> bool {
        let names = [
            "inherit",
            "inherit_down",
            "inherits",
            "is_inherited",
            "inheritable",
            "recursive",
            "is_recursive",
            "cascade",
            "propagate",
            "apply_to_children",
            "include_children",
            "向下繼承",
            "是否向下繼承",
            "繼承",
            "向下继承",
            "继承",
        ];
        self.can_be_boolean() && self.is(&names)
    }

    pub(super) fn is_bypass(&self) -> bool {
        self.can_be_boolean()
            && self.is(&[
                "is_superuser",
                "superuser",
                "is_admin",
                "is_staff",
                "super_admin",
                "is_super_admin",
                "is_root",
                "是否管理員",
            ])
    }

    /// The values that the comment or the type lists: `狀態(啟用/停用)`, `enum('active','banned')`.
    pub(super) fn listed(&self) -> Vec<String> {
        let from_type =
            self.column.type_name.to_lowercase().starts_with("enum").then_some(self.column.type_name.as_str());
        for text in [from_type, self.column.comment.as_deref()].into_iter().flatten() {
            let Some((_, rest)) = text.split_once(['(', '（', ':', '：']) else { continue };
            let rest = rest.split([')', '）']).next().unwrap_or(rest);
            let values: Vec<String> = rest
                .split(['/', ',', '|', '、', '，'])
                .map(|value| value.trim().trim_matches(['\'', '"', '.', '…']).trim().to_string())
                .filter(|value| !value.is_empty() && value.chars().count() <= 40)
                .collect();
            if values.len() > 1 {
                return values;
            }
        }
        Vec::new()
    }
}

/// A pair of columns that hold the type and the id of one thing: `scope_type` and `scope_id`.
pub(super) struct Pair<'a> {
    /// What both names begin with: `scope`.
    pub(super) of: String,
    pub(super) type_column: &'a str,
    pub(super) id_column: &'a str,
}

pub(super) fn pairs<'a>(columns: &[Seen<'a>]) -> Vec<Pair<'a>> {
    let mut pairs = Vec::new();
    for column in columns.iter().filter(|c| c.kind == ColumnKind::Text || c.kind == ColumnKind::Long) {
        let of = ["_type", "_class", "_kind"].iter().find_map(|ending| column.plain.strip_suffix(ending));
        let of = of.or_else(|| ["類型", "类型"].iter().find_map(|ending| column.plain.strip_suffix(ending)));
        let Some(of) = of.filter(|of| !of.is_empty()) else { continue };
        let ids = [format!("{of}_id"), format!("{of}_uuid"), format!("{of}_pk"), format!("{of}編號")];
        if let Some(id) = columns.iter().find(|c| ids.contains(&c.plain)) {
            pairs.push(Pair { of: of.to_string(), type_column: column.name(), id_column: id.name() });
        }
    }
    pairs
}
