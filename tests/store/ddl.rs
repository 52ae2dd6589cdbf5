//! What the DDL makes.

use crate::models;
use palisade::compile::tables::schema_sql;

#[test]
fn print() {
    let bundle = models::bundle("workspace");
    println!("{}", schema_sql(&bundle.mapping, &bundle.name));
    let plan = palisade::store::SlicePlan::new(&bundle);
    let ask = palisade::store::Ask {
        principal: palisade::name::Uid::new("User", "a"),
        resource: palisade::name::Uid::new("Organization", "a"),
        externals: vec![],
        context: vec![],
        actions: None,
    };
    println!("{};", plan.sql(&ask).unwrap());
}
