// SPDX-License-Identifier: Apache-2.0
//! Cedar's own entities and requests in the engine's numbers, so that both can be asked the same.

use super::program::{json_uid, plain};
use super::{CedarError, uid_of};
use crate::engine::{Data, DataBuilder, Plain, Program};
use crate::name::Uid;
use cedar_policy::{Context, Entities};
use serde_json::Value;

/// Entities as data of a program, without any grant.
///
/// # Errors
/// A value that Cedar writes and the engine does not know.
pub fn data(program: &Program, entities: &Entities) -> Result<Data, CedarError> {
    let mut builder = DataBuilder::new(program);
    for entity in entities.iter() {
        let json = entity.to_json_value().map_err(|error| CedarError(error.to_string()))?;
        let uid = json_uid(&json["uid"]).ok_or_else(|| CedarError(format!("`{}` is no entity", json["uid"])))?;
        let parents: Vec<Uid> = entities.ancestors(&entity.uid()).into_iter().flatten().map(uid_of).collect();
        let attributes = fields(&json["attrs"])?;
        let tags = fields(&json["tags"])?;
        builder
            .entity(
                &uid,
                attributes.iter().map(|(name, value)| (name.as_str(), value.clone())),
                tags.iter().map(|(name, value)| (name.as_str(), value.clone())),
                &parents,
            )
            .map_err(|error| CedarError(error.to_string()))?;
    }
    builder.finish().map_err(|error| CedarError(error.to_string()))
}

/// The attributes of a context.
///
/// # Errors
/// As for [`data`].
pub fn context(context: &Context) -> Result<Vec<(String, Plain)>, CedarError> {
    fields(&context.to_json_value().map_err(|error| CedarError(error.to_string()))?)
}

fn fields(json: &Value) -> Result<Vec<(String, Plain)>, CedarError> {
    json.as_object().into_iter().flatten().map(|(name, value)| Ok((name.clone(), plain(value)?))).collect()
}
