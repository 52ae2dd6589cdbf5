// SPDX-License-Identifier: Apache-2.0
//! Which table is which: users, roles, permissions, groups and tenants, by names and by what refers to what.

use super::foreign::{Foreign, Lead, Rule};
use super::kinds::Kind;
use super::seen::{Seen, pairs};
use super::words::{core, singular_words, stem, words};
use crate::er::{Column, Diagram, Table};
use crate::mapping::ColumnKind;
use std::collections::{BTreeMap, BTreeSet};

/// A foreign key of a table and where it leads.
pub(super) struct Key<'a> {
    pub(super) column: &'a Column,
    pub(super) to: &'a str,
    pub(super) rule: Rule,
    /// Where else it might lead.
    pub(super) or: Vec<String>,
    /// Who wrote the row, rather than whom it is about.
    pub(super) audit: bool,
}

/// The foreign keys of a table: those that are drawn, and those whose name alone says where they lead.
pub(super) fn keys<'a>(diagram: &'a Diagram, foreign: &Foreign<'a>, table: &'a Table) -> Vec<Key<'a>> {
    let mut keys = Vec::new();
    for column in &table.columns {
        let drawn = column.foreign || column.references.is_some();
        let name = words(&column.name);
        let ends_as_key = name.len() > 1 && matches!(name.last().map(String::as_str), Some("id" | "uuid"));
        let own_id = column.primary && table.primary_key().len() == 1;
        if !drawn && (!ends_as_key || own_id) {
            continue;
        }
        let (to, rule, or) = match foreign.lead(table, column) {
            Lead::To { table, rule } => (table, rule, Vec::new()),
            Lead::Several { mut tables, rule } => {
                let first = tables.remove(0);
                (first, rule, tables)
            }
            Lead::Nowhere => continue,
        };
        let named = matches!(rule, Rule::SameKey | Rule::SameName | Rule::ShortName) && to != table.name;
        if !drawn && !named {
            continue;
        }
        let Some(to) = diagram.table(&to) else { continue };
        let plain = name.join("_");
        let audit = plain.ends_with("_by") || plain.ends_with("_by_id");
        keys.push(Key { column, to: &to.name, rule, or, audit });
    }
    keys
}

/// The tables that others are understood by.
pub(super) struct Names<'a> {
    pub(super) principal: Option<&'a str>,
    /// Every table whose rows are entities or permissions, with its kind.
    kinds: BTreeMap<&'a str, Kind>,
    /// Tables that access-control lists are about.
    pub(super) acl_objects: BTreeSet<String>,
}

impl<'a> Names<'a> {
    pub(super) fn of(diagram: &'a Diagram) -> Names<'a> {
        let principal = principal(diagram);
        let foreign = Foreign::new(diagram, &principal.into_iter().collect::<Vec<_>>(), BTreeMap::new());
        let all: BTreeMap<&str, Vec<Key<'a>>> =
            diagram.tables.iter().map(|t| (t.name.as_str(), keys(diagram, &foreign, t))).collect();
        let leads = |table: &str, to: &str| all[table].iter().any(|k| !k.audit && k.to == to);
        let mut kinds: BTreeMap<&str, Kind> = BTreeMap::new();
        if let Some(principal) = principal {
            kinds.insert(principal, Kind::Principal);
        }
        let free = |table: &&'a Table| Some(table.name.as_str()) != principal;
        let about_user = |table: &Table| principal.is_some_and(|p| leads(&table.name, p));
        for table in diagram.tables.iter().filter(free) {
            let core = core(&table.name);
            let is = |names: &[&str]| names.contains(&core.as_str());
            if is(&ROLES) && !about_user(table) {
                kinds.insert(&table.name, Kind::Role);
            } else if is(&GROUPS) {
                kinds.insert(&table.name, Kind::Group);
            }
        }
        let is_permission = |table: &&Table| PERMISSIONS.contains(&core(&table.name).as_str());
        let candidates: Vec<&Table> = diagram.tables.iter().filter(free).filter(is_permission).collect();
        let permission = candidates.iter().find(|table| {
            let own = &all[table.name.as_str()];
            let junction = own.iter().any(|k| {
                !k.audit
                    && (kinds.get(k.to) == Some(&Kind::Role)
                        || candidates.iter().any(|c| c.name == k.to && c.name != table.name))
            });
            !junction && !about_user(table) && table.primary_key().len() == 1 && !has_acl_pairs(table)
        });
        if let Some(permission) = permission {
            kinds.insert(&permission.name, Kind::Permission);
        }
        // What every user has one of is a tenant; what users join is a group.
        let wide = |table: &&Table| {
            TENANTS.contains(&core(&table.name).as_str()) || PEOPLE.iter().any(|(n, _)| *n == core(&table.name))
        };
        for table in diagram.tables.iter().filter(free).filter(wide) {
            let joined = diagram.tables.iter().any(|t| {
                Some(t.name.as_str()) != principal && about_user(t) && leads(&t.name, &table.name) && is_membership(t)
            });
            if principal.is_some_and(|p| leads(p, &table.name)) {
                kinds.insert(&table.name, Kind::Tenant);
            } else if joined {
                kinds.insert(&table.name, Kind::Group);
            }
        }
        // Django: the groups are the roles, for they are what permissions are given to.
        if let Some(permission) = permission.filter(|_| !kinds.values().any(|k| *k == Kind::Role)) {
            let groups: Vec<&str> = kinds.iter().filter(|(_, k)| **k == Kind::Group).map(|(name, _)| *name).collect();
            for group in groups {
                if diagram.tables.iter().any(|t| leads(&t.name, group) && leads(&t.name, &permission.name)) {
                    kinds.insert(group, Kind::Role);
                }
            }
        }
        for table in &diagram.tables {
            let identified = table.primary_key().len() == 1 || table.columns.is_empty();
            let named = Seen::all(table).iter().any(|c| c.is(&["id", "uuid"]) || c.column.unique);
            if !kinds.contains_key(table.name.as_str()) && (identified || named) {
                kinds.insert(&table.name, Kind::Resource);
            }
        }
        Names { principal, kinds, acl_objects: BTreeSet::new() }
    }

    pub(super) fn kind(&self, table: &str) -> Option<Kind> {
        self.kinds.get(table).copied()
    }

    /// Takes back that the rows of a table are things that are acted on.
    pub(super) fn no_thing(&mut self, table: &str) -> bool {
        let thing = self.kind(table) == Some(Kind::Resource);
        if thing {
            self.kinds.remove(table);
        }
        thing
    }
}

const ROLES: [&str; 4] = ["role", "角色", "職務", "身分"];
const GROUPS: [&str; 13] = [
    "group",
    "team",
    "department",
    "usergroup",
    "squad",
    "群組",
    "群组",
    "團隊",
    "团队",
    "部門",
    "部门",
    "小組",
    "使用者群組",
];
const PERMISSIONS: [&str; 9] =
    ["permission", "ability", "privilege", "capability", "right", "權限", "权限", "許可權", "功能權限"];
const TENANTS: [&str; 16] = [
    "organization",
    "organisation",
    "org",
    "tenant",
    "company",
    "workspace",
    "realm",
    "enterprise",
    "institution",
    "租戶",
    "租户",
    "組織",
    "组织",
    "公司",
    "企業",
    "機構",
];

/// Names of tables of people, and how sure each is.
const PEOPLE: [(&str, u32); 21] = [
    ("user", 10),
    ("使用者", 10),
    ("用户", 10),
    ("principal", 8),
    ("會員", 8),
    ("会员", 8),
    ("用戶", 7),
    ("員工", 7),
    ("员工", 7),
    ("user_account", 9),
    ("useraccount", 9),
    ("account", 6),
    ("帳號", 6),
    ("账号", 6),
    ("employee", 6),
    ("人員", 6),
    ("member", 6),
    ("person", 5),
    ("admin", 5),
    ("profile", 4),
    ("customer", 4),
];

/// The table of those who act: by its name, and by what only such a table has.
fn principal(diagram: &Diagram) -> Option<&str> {
    // How surely each name is that of a table of people.
    let mut people: BTreeMap<String, u32> = BTreeMap::new();
    for table in &diagram.tables {
        let core = core(&table.name);
        if let Some((_, sure)) = PEOPLE.iter().find(|(name, _)| *name == core) {
            people.insert(core, *sure);
        }
    }
    let mut best: Option<(u32, &Table)> = None;
    for table in &diagram.tables {
        let own = core(&table.name);
        let named = people.get(&own).copied().unwrap_or(0);
        let signs = signs(table).len() as u32;
        // A member, an account or a profile of somebody who is more surely a user.
        let refers = table.columns.iter().any(|column| {
            let stem = stem(&column.name).join("_");
            stem != own && people.get(&stem).is_some_and(|sure| *sure > named)
        });
        let score = (named + 2 * signs).saturating_sub(if refers { 8 } else { 0 });
        let enough = if named > 0 { score >= 4 } else { signs >= 3 };
        if enough && best.is_none_or(|(most, _)| score > most) {
            best = Some((score, table));
        }
    }
    best.map(|(_, table)| table.name.as_str())
}

/// What only a table of people has.
fn signs(table: &Table) -> Vec<&str> {
    let mut signs = Vec::new();
    let columns = Seen::all(table);
    for test in [
        &(|c: &Seen<'_>| {
            c.is(&[
                "email",
                "username",
                "user_name",
                "login",
                "email_address",
                "帳號",
                "信箱",
                "帳號信箱",
                "邮箱",
                "账号",
            ])
        }) as &dyn Fn(&Seen<'_>) -> bool,
        &|c| c.plain.contains("password") || c.plain.contains("密碼") || c.plain.contains("密码"),
        &|c| c.is_status() || c.boolean_life() == Some(true),
        &|c| c.is(&["role_id", "role", "角色_id"]),
    ] {
        if let Some(column) = columns.iter().find(|c| test(c)) {
            signs.push(column.name());
        }
    }
    signs
}

/// Why a table was taken to be that of users.
pub(super) fn why_principal(table: &Table) -> String {
    match signs(table).as_slice() {
        [] => "its name".to_string(),
        signs => format!("its name and its {}", super::section::ticked(signs.iter().copied())),
    }
}

/// A junction that joins users to something, rather than a thing of its own.
fn is_membership(table: &Table) -> bool {
    let named =
        singular_words(&table.name).iter().any(|w| matches!(w.as_str(), "member" | "membership" | "user" | "成員"));
    named && !has_content(table) && not_a_grant(&table.name).is_none()
}

fn has_acl_pairs(table: &Table) -> bool {
    let columns = Seen::all(table);
    let found = pairs(&columns).iter().filter(|p| is_subject(&p.of) || is_holder(&p.of)).count() > 0;
    found && columns.iter().any(|c| c.column.foreign || c.is_action())
}

/// Columns that people fill: such a table is more than a list of who may do what.
pub(super) fn has_content(table: &Table) -> bool {
    Seen::all(table).iter().any(|c| {
        c.is(&[
            "content",
            "body",
            "text",
            "message",
            "email",
            "url",
            "title",
            "subject_line",
            "amount",
            "price",
            "內容",
            "標題",
        ])
    })
}

pub(super) fn is_subject(of: &str) -> bool {
    let names = [
        "subject",
        "principal",
        "grantee",
        "actor",
        "holder",
        "user",
        "member",
        "主體",
        "主体",
        "被授權者",
        "授權對象",
    ];
    names.contains(&of)
}

pub(super) fn is_object(of: &str) -> bool {
    let names = [
        "object", "resource", "target", "entity", "item", "目標", "目标", "資源", "资源", "對象", "对象", "客體",
        "客体",
    ];
    names.contains(&of)
}

/// The prefix of a polymorphic pair that says who holds a role.
pub(super) fn is_holder(of: &str) -> bool {
    is_subject(of) || ["model", "entity", "authorizable", "assignee", "rolable", "owner"].contains(&of)
}

pub(super) fn is_acl_name(name: &str) -> bool {
    let all = singular_words(name);
    let last = all.last().map_or("", String::as_str);
    all.iter().any(|w| w == "acl" || w == "ace")
        || matches!(last, "permission" | "access" | "share" | "grant" | "privilege" | "sharing")
        || ["權限", "权限", "授權", "授权"].iter().any(|part| name.contains(part))
}

/// Words that say that a row only tells of a grant.
pub(super) fn not_a_grant(name: &str) -> Option<&'static str> {
    const WORDS: [&str; 17] = [
        "invitation",
        "invite",
        "request",
        "log",
        "history",
        "audit",
        "activity",
        "event",
        "pending",
        "archive",
        "archived",
        "template",
        "draft",
        "backup",
        "application",
        "proposal",
        "notification",
    ];
    const PARTS: [&str; 10] = ["申請", "申请", "邀請", "邀请", "紀錄", "记录", "日誌", "日志", "歷史", "历史"];
    let all = singular_words(name);
    WORDS
        .into_iter()
        .find(|word| all.iter().any(|w| w == word))
        .or_else(|| PARTS.into_iter().find(|p| name.contains(p)))
}

/// Tables of tools and logs.
pub(super) fn is_bookkeeping(table: &Table) -> bool {
    const WORDS: [&str; 18] = [
        "migration",
        "log",
        "audit",
        "history",
        "schema",
        "alembic",
        "job",
        "queue",
        "seed",
        "flyway",
        "changelog",
        "knex",
        "metadata",
        "verification",
        "jwk",
        "rate",
        "setting",
        "outbox",
    ];
    let all = singular_words(&table.name);
    let content_type = all.ends_with(&["content".to_string(), "type".to_string()]);
    content_type
        || all.iter().any(|w| WORDS.contains(&w.as_str()))
        || table.name.contains("日誌")
        || table.name.contains("日志")
}

pub(super) fn is_container(name: &str) -> bool {
    const WORDS: [&str; 18] = [
        "folder",
        "project",
        "workspace",
        "collection",
        "playlist",
        "album",
        "board",
        "space",
        "library",
        "directory",
        "repository",
        "course",
        "notebook",
        "bucket",
        "container",
        "category",
        "team",
        "group",
    ];
    let last = singular_words(name).pop().unwrap_or_default();
    WORDS.contains(&last.as_str()) || ["資料夾", "專案", "文件夾", "目錄", "项目", "文件夹"].contains(&name)
}

/// A relation's label that says that one table's rows lie in the other's.
pub(super) fn says_contains(label: &str) -> bool {
    let all = words(label);
    let word = |w: &String| {
        matches!(w.as_str(), "contain" | "contains" | "include" | "includes" | "has" | "have" | "owns" | "comprises")
    };
    all.iter().any(word) || ["包含", "切分", "擁有", "拥有", "含有", "組成"].iter().any(|part| label.contains(part))
}

/// The same of a many-to-many: it also *allows* and *offers* what is in it.
pub(super) fn says_holds(label: &str) -> bool {
    says_contains(label)
        || words(label).iter().any(|w| matches!(w.as_str(), "allows" | "offers" | "holds" | "lists" | "groups"))
}

/// A label that says that one table's rows merely make use of the other's.
pub(super) fn says_uses(label: &str) -> bool {
    let word = |w: &String| {
        matches!(w.as_str(), "use" | "uses" | "used" | "reference" | "references" | "refers" | "likes" | "views")
    };
    words(label).iter().any(word) || ["使用", "引用", "命中"].iter().any(|part| label.contains(part))
}

/// A status that lets a row count.
pub(super) fn is_active_word(value: &str) -> bool {
    let names = ["active", "enabled", "enable", "live", "啟用", "启用", "正常", "有效", "在職", "生效"];
    names.contains(&value.to_lowercase().as_str())
}

/// An entity type for a Chinese table's name.
pub(super) fn translated(name: &str) -> Option<&'static str> {
    const NAMES: [(&str, &str); 50] = [
        ("用戶", "Organization"),
        ("用户", "User"),
        ("使用者", "User"),
        ("會員", "Member"),
        ("会员", "Member"),
        ("員工", "Employee"),
        ("员工", "Employee"),
        ("客戶", "Customer"),
        ("客户", "Customer"),
        ("帳號", "Account"),
        ("账号", "Account"),
        ("角色", "Role"),
        ("權限", "Permission"),
        ("权限", "Permission"),
        ("群組", "Group"),
        ("群组", "Group"),
        ("團隊", "Team"),
        ("团队", "Team"),
        ("部門", "Department"),
        ("部门", "Department"),
        ("租戶", "Tenant"),
        ("租户", "Tenant"),
        ("組織", "Organization"),
        ("组织", "Organization"),
        ("公司", "Company"),
        ("企業", "Enterprise"),
        ("文件", "Document"),
        ("文档", "Document"),
        ("文件片段", "Chunk"),
        ("片段", "Chunk"),
        ("資料夾", "Folder"),
        ("文件夹", "Folder"),
        ("專案", "Project"),
        ("项目", "Project"),
        ("對話", "Conversation"),
        ("对话", "Conversation"),
        ("會話", "Session"),
        ("会话", "Session"),
        ("訊息", "Message"),
        ("消息", "Message"),
        ("語意快取", "SemanticCache"),
        ("快取", "CacheEntry"),
        ("成本紀錄", "CostRecord"),
        ("訂單", "Order"),
        ("订单", "Order"),
        ("產品", "Product"),
        ("产品", "Product"),
        ("場景", "Scenario"),
        ("模型", "Model"),
        ("任務", "Task"),
    ];
    NAMES.iter().find(|(chinese, _)| *chinese == name).map(|(_, english)| *english)
}

/// Whether a column of text may hold a role's name.
pub(super) fn is_role_text(column: &Seen<'_>) -> bool {
    column.kind == ColumnKind::Text && !column.column.foreign && column.is(&["role", "roles", "角色", "authority"])
}
