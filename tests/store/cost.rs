//! What a slice costs: every table is entered through an index, and rows that do not concern the request cost nothing.

use crate::models;
use palisade::bundle::Bundle;
use palisade::name::Uid;
use palisade::store::{Ask, SlicePlan, SqlStore, Sqlite, Store, indexes};
use rusqlite::{Connection, StatementStatus};

fn ask(principal: &str, resource: (&str, &str), action: Option<&str>) -> Ask {
    Ask {
        principal: Uid::new("User", principal),
        resource: Uid::new(resource.0, resource.1),
        others: Vec::new(),
        further: Vec::new(),
        externals: Vec::new(),
        context: Vec::new(),
        actions: action.map(|action| vec![action.to_string()]),
    }
}

/// A request for each type of resource, with and without an action, and one that names all types in its context.
fn every_shape(bundle: &Bundle) -> Vec<Ask> {
    let types: Vec<&str> = bundle.mapping.resource_types().collect();
    let mut asks = Vec::new();
    for action in [Some("read"), None] {
        asks.extend(types.iter().map(|kind| ask("u", (kind, "r"), action)));
        let context = types.iter().map(|kind| Uid::new(*kind, "c")).collect();
        asks.push(Ask { context, ..ask("u", (types[0], "r"), action) });
    }
    asks
}

/// The steps of the plan that read a table of the user from one end to the other.
fn scans(connection: &Connection, bundle: &Bundle, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    // Rows that forbid and do not say readably whom or what concern every request; an index holds just these.
    let whole: Vec<String> =
        indexes(&bundle.mapping).iter().filter(|index| index.rows.is_some()).map(|index| index.name()).collect();
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get::<_, String>(3).unwrap());
    }
    if std::env::var_os("SHOW_PLAN").is_some() {
        println!("{}", steps.join("\n"));
    }
    // Statements call every table of the user `x`, and nothing else so.
    let searches = steps.iter().filter(|step| step.starts_with("SEARCH x")).count();
    assert!(searches > 0, "the plan enters no table: {steps:?}");
    steps
        .into_iter()
        .filter(|step| step.starts_with("SCAN x") && !whole.iter().any(|name| step.ends_with(&format!("INDEX {name}"))))
        .collect()
}

#[test]
fn no_statement_scans_a_table() {
    for name in models::NAMES {
        let bundle = models::bundle(name);
        let plan = SlicePlan::new(&bundle);
        let connection = crate::database(&bundle, "");
        for ask in every_shape(&bundle) {
            let sql = plan.sql(&ask).unwrap();
            assert_eq!(scans(&connection, &bundle, &sql), [""; 0], "{name}: {ask:?}");
        }
    }
}

/// The steps of SQLite's machine that one slice takes.
fn steps(store: &SqlStore<Sqlite>, plan: &SlicePlan, ask: &Ask) -> i32 {
    let sql = plan.sql(ask).unwrap();
    let connection = &store.driver.connection;
    connection.prepare_cached(&sql).unwrap().reset_status(StatementStatus::VmStep);
    pollster::block_on(store.slice(plan, ask)).unwrap();
    connection.prepare_cached(&sql).unwrap().get_status(StatementStatus::VmStep)
}

/// 100 000 numbers, for tables of rows that do not concern the request.
const MANY: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<100000)";

fn grow(name: &str, few: &str, many: &[&str], asks: &[Ask]) {
    let bundle = models::bundle(name);
    let plan = SlicePlan::new(&bundle);
    let store = crate::sqlite(crate::database(&bundle, few));
    let before: Vec<i32> = asks.iter().map(|ask| steps(&store, &plan, ask)).collect();
    let slices = |store: &SqlStore<Sqlite>| -> Vec<_> {
        asks.iter().map(|ask| pollster::block_on(store.slice(&plan, ask)).unwrap().rows).collect()
    };
    let rows = slices(&store);
    for insert in many {
        let (head, values) = insert.split_once(" SELECT ").unwrap();
        store.driver.connection.execute_batch(&format!("{head} {MANY} SELECT {values} FROM n")).unwrap();
    }
    for analysed in [false, true] {
        if analysed {
            // What the database knows of its tables' sizes must not lead it elsewhere.
            store.driver.connection.execute_batch("ANALYZE").unwrap();
            store.driver.connection.flush_prepared_statement_cache();
        }
        for ((ask, before), rows) in asks.iter().zip(&before).zip(&rows) {
            let after = steps(&store, &plan, ask);
            println!("{name} analysed={analysed} {} {}: {before} -> {after}", ask.resource, ask.actions.is_some());
            assert!(after <= before + before / 2, "{name}: {before} steps became {after} for {ask:?}");
            assert_eq!(&pollster::block_on(store.slice(&plan, ask)).unwrap().rows, rows);
        }
    }
}

#[test]
fn rows_of_others_cost_nothing_in_a_workspace() {
    for name in ["workspace", "workspace_deny"] {
        grow(
            name,
            "INSERT INTO USER VALUES ('u',1);
             INSERT INTO ROLE VALUES ('r','editor',1),('s','viewer',1);
             INSERT INTO PERMISSION VALUES ('p','document','read',1),('q','document','write',1);
             INSERT INTO ROLE_PERMISSION VALUES ('r','p',1,1),('s','p',0,1),('r','q',1,1);
             INSERT INTO USER_ROLE VALUES ('u','r',NULL,NULL,NULL,1),('u','s','project','j',NULL,1);
             INSERT INTO USER_PERMISSION VALUES ('u','p','document','d',1,NULL);
             INSERT INTO ORGANIZATION VALUES ('o'); INSERT INTO PROJECT VALUES ('j','o');
             INSERT INTO DOCUMENT VALUES ('d','j','t');",
            &[
                "INSERT INTO USER SELECT 'u'||i,1",
                "INSERT INTO ROLE SELECT 'r'||i,'x',1",
                "INSERT INTO PERMISSION SELECT 'p'||i,'document','read'||i,1",
                // The same role with other permissions, the same permission of other roles.
                "INSERT INTO ROLE_PERMISSION SELECT 's','p'||i,1,1",
                "INSERT INTO ROLE_PERMISSION SELECT 'r'||i,'p',0,1",
                // The same person elsewhere, others here, others somewhere that is nowhere.
                "INSERT INTO USER_ROLE SELECT 'u','r'||i,'project','j'||i,NULL,1",
                "INSERT INTO USER_ROLE SELECT 'u'||i,'r','project','j',NULL,1",
                "INSERT INTO USER_ROLE SELECT 'u'||i,'r','planet','j',NULL,1",
                "INSERT INTO USER_PERMISSION SELECT 'u','p','document','d'||i,1,NULL",
                "INSERT INTO USER_PERMISSION SELECT 'u','p'||i,NULL,NULL,1,NULL",
                "INSERT INTO PROJECT SELECT 'j'||i,'o'",
                "INSERT INTO DOCUMENT SELECT 'd'||i,'j','t'",
            ],
            &[ask("u", ("Document", "d"), Some("document:read")), ask("u", ("Project", "j"), Some("document:read"))],
        );
    }
}

#[test]
fn rows_of_others_cost_nothing_in_an_archive() {
    for name in ["rag", "rag_deny"] {
        grow(
            name,
            "INSERT INTO \"用戶\" VALUES ('o');
             INSERT INTO \"使用者\" VALUES ('u','o','啟用'); INSERT INTO \"角色\" VALUES ('r','o','管理員');
             INSERT INTO \"使用者角色\" VALUES ('u','r');
             INSERT INTO \"文件\" VALUES ('d','o','t','u',1.5); INSERT INTO \"文件\"\"片段\" VALUES ('c','d');
             INSERT INTO \"權限ACL\" VALUES ('1','ROLE','r','DOC','d','READ',1,1,NULL),('2','USER','u','CHUNK','c','READ',0,0,NULL);",
            &[
                "INSERT INTO \"使用者\" SELECT 'u'||i,'o','啟用'",
                "INSERT INTO \"使用者角色\" SELECT 'u'||i,'r'",
                "INSERT INTO \"文件\" SELECT 'd'||i,'o','t','u',1.5",
                "INSERT INTO \"文件\"\"片段\" SELECT 'c'||i,'d'",
                // The same subject on other objects, other subjects on the same object, permits that cannot be read.
                "INSERT INTO \"權限ACL\" SELECT 'a'||i,'ROLE','r','DOC','d'||i,'READ',1,1,NULL",
                "INSERT INTO \"權限ACL\" SELECT 'b'||i,'USER','u'||i,'DOC','d','READ',1,0,NULL",
                "INSERT INTO \"權限ACL\" SELECT 'c'||i,'TEAM','u'||i,'DOC','d','READ',1,1,NULL",
            ],
            &[ask("u", ("Chunk", "c"), Some("READ")), ask("u", ("Document", "d"), None)],
        );
    }
}

#[test]
fn rows_of_others_cost_nothing_in_a_chat() {
    grow(
        "chat",
        "INSERT INTO \"User\" VALUES (1,1,1,1,1.5); INSERT INTO \"Role\" VALUES (1,'admin',0,NULL);
         INSERT INTO \"Permission\" VALUES (1,'read','scenario'); INSERT INTO \"RolePermission\" VALUES (1,1,1,0);
         INSERT INTO \"Group\" VALUES (1,2,0),(2,1,0); INSERT INTO \"GroupMember\" VALUES (1,2,'admin',NULL);
         INSERT INTO \"Order\" VALUES (1,1); INSERT INTO \"Model\" VALUES ('m',1);
         INSERT INTO \"ScenarioModel\" VALUES (1,1,'m',1); INSERT INTO \"GroupScenarioAccess\" VALUES (1,1,1,'read');
         INSERT INTO \"Session\" VALUES ('s',1,'h',NULL,NULL,1); INSERT INTO \"Message\" VALUES (1,'s','hello');",
        &[
            "INSERT INTO \"User\" SELECT i+9,1,1,1,1.5",
            "INSERT INTO \"Permission\" SELECT i+9,'x'||i,'scenario'",
            "INSERT INTO \"RolePermission\" SELECT i+9,1,i+9,0",
            "INSERT INTO \"Group\" SELECT i+9,1,0",
            "INSERT INTO \"GroupMember\" SELECT i+9,1,'admin',NULL",
            "INSERT INTO \"Order\" SELECT i+9,1",
            "INSERT INTO \"Model\" SELECT 'm'||i,1",
            "INSERT INTO \"ScenarioModel\" SELECT i+9,1,'m'||i,1",
            "INSERT INTO \"GroupScenarioAccess\" SELECT i+9,1,i+9,'read'",
            "INSERT INTO \"RoleInGroup\" SELECT i+9,1,1,i+9",
            "INSERT INTO \"Session\" SELECT 's'||i,1,'h'||i,NULL,NULL,1",
            "INSERT INTO \"Message\" SELECT i+9,'s','hello'",
        ],
        &[
            ask("1", ("Model", "m"), Some("read")),
            ask("1", ("Message", "1"), Some("read")),
            ask("1", ("Group", "1"), Some("read")),
        ],
    );
}

/// A model of D1's largest size still fits into one statement, or says that it does not.
#[test]
fn a_model_with_many_tables_is_one_statement_or_an_error() {
    let mut bundle = models::bundle("chat");
    let order = bundle.mapping.table("Message").unwrap().clone();
    for (count, fits) in [(60, true), (100, true), (2_000, false)] {
        for at in 0..count {
            let mut table = order.clone();
            table.name = format!("Message{at}");
            if let palisade::mapping::Meaning::Entity(entity) = &mut table.meaning {
                entity.type_name.clone_from(&table.name);
            }
            bundle.mapping.tables.push(table);
        }
        let plan = SlicePlan::new(&bundle);
        let mut ask = ask("1", ("Message", "1"), Some("read"));
        // Only what can be reached is in the statement: tables that the request cannot touch cost nothing.
        let alone = plan.sql(&ask).unwrap().len();
        assert_eq!(alone, SlicePlan::new(&models::bundle("chat")).sql(&ask).unwrap().len());
        ask.context = bundle.mapping.resource_types().map(|kind| Uid::new(kind, "1")).collect();
        if fits {
            let store = crate::sqlite(crate::database(
                &bundle,
                "INSERT INTO \"Session\" VALUES ('s',1,'h',NULL,NULL,1);
                 INSERT INTO \"Message59\" VALUES (1,'s','hello'); INSERT INTO \"Message\" VALUES (1,'s','hello');",
            ));
            let slice = pollster::block_on(store.slice(&plan, &ask)).unwrap();
            assert_eq!((slice.rows["Message59"].rows.len(), slice.rows["Session"].rows.len()), (1, 1));
            assert_eq!((slice.rows["Message58"].rows.len(), slice.rows["Message"].rows.len()), (0, 1));
        } else {
            assert!(plan.sql(&ask).unwrap_err().to_string().contains("100000"));
        }
        bundle = models::bundle("chat");
    }
}
