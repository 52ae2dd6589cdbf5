// SPDX-License-Identifier: Apache-2.0
//! An answer of `/.palisade/bundle`, as a page reads it. For every test that reads one.

use palisade::engine::{Data, Plain, Program, World};
use palisade::name::Uid;
use serde_json::Value;

/// The header, and the engine's parts.
pub struct Page {
    header: Value,
    program: Program,
    data: Data,
}

impl Page {
    pub fn read(bytes: &[u8]) -> Page {
        let length = u32::from_le_bytes(bytes[..4].try_into().expect("a length")) as usize;
        let header = serde_json::from_slice(&bytes[4..4 + length]).expect("a header");
        let (program, data) = Data::from_bytes(&bytes[4 + length..]).expect("the engine's parts");
        Page { header, program, data }
    }

    /// Whether something may be done with a resource, as far as the page knows.
    pub fn is_there(&self, resource: &Uid) -> bool {
        let world = World { program: &self.program, data: &self.data };
        world.entity(&resource.kind, &resource.id).is_some_and(|entity| world.exists(entity))
    }

    /// Whether the page's principal may do an action.
    pub fn allows(&self, action: &str, resource: &Uid, context: &[(String, Plain)]) -> bool {
        let text = |uid: &Uid| format!("{}:{}", uid.kind, uid.id);
        let unreadable = self.header["unreadable"].as_array();
        let is_unreadable = |uid: &Uid| unreadable.is_some_and(|all| all.iter().any(|one| *one == text(uid)));
        if context.iter().any(|(_, value)| matches!(value, Plain::Entity(uid) if is_unreadable(uid))) {
            return false;
        }
        let id = self.header["spellings"][text(resource)].as_str().unwrap_or(&resource.id);
        let resource = Uid::new(&resource.kind, id);
        let of_principal = |part: &str| self.header["principal"][part].as_str().expect("a principal").to_string();
        let principal = Uid::new(of_principal("type"), of_principal("id"));
        let world = World { program: &self.program, data: &self.data };
        let request = world.request(&principal, ("Action", action), &resource, context);
        self.is_there(&resource) && world.allows(&mut request.expect("a request"))
    }
}
