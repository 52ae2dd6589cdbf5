// SPDX-License-Identifier: Apache-2.0
//! What JavaScript calls: the engine alone, without Cedar and without a binding generator, in a few kilobytes.
//!
//! Bytes cross through memory that JavaScript asks for with [`alloc`]; entities cross once, as text, and are numbers from
//! then on. `pkg/engine.js` is the other side. No input makes it trap; what cannot be read is refused, and refused means
//! denied.

mod message;

use crate::engine::{Data, Found, Program, Request, World};
use message::Message;
use std::cell::RefCell;

/// Answers of [`decide`] and [`allows`].
const DENY: i32 = 0;
const ALLOW: i32 = 1;
/// The question could not be read. Deny.
const UNREADABLE: i32 = -1;

/// The answer of [`entity`] for one that nothing loaded speaks of.
const UNKNOWN: u32 = u32::MAX;

#[derive(Default)]
struct State {
    /// Policies with data, by handle; `None` once they are let go, which then costs a pointer.
    worlds: Vec<Option<Box<(Program, Data)>>>,
    /// What the last call has to say.
    text: String,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// Room for `length` bytes, to be written by the caller and given to one other call, which frees it.
#[unsafe(no_mangle)]
pub extern "C" fn alloc(length: usize) -> *mut u8 {
    Box::into_raw(vec![0_u8; length].into_boxed_slice()).cast()
}

/// Loads policies and data from their binary form; their handle, or 0 where they cannot be read.
///
/// # Safety
/// `bytes` is from [`alloc`] with this length, and not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn load(bytes: *mut u8, length: usize) -> u32 {
    // SAFETY: the caller's promise.
    let bytes = unsafe { taken(bytes, length) };
    with(|state| match Data::from_bytes(&bytes) {
        Ok(world) => {
            state.worlds.push(Some(Box::new(world)));
            state.worlds.len() as u32
        }
        Err(error) => {
            state.text.clear();
            state.text.push_str(error.what());
            0
        }
    })
}

/// Lets go of what was loaded.
#[unsafe(no_mangle)]
pub extern "C" fn unload(handle: u32) {
    with(|state| {
        if let Some(world) = state.worlds.get_mut((handle as usize).wrapping_sub(1)) {
            *world = None;
        }
    });
}

/// The number of an entity, given as its type and its id; [`UNKNOWN`] where nothing that was loaded names it.
///
/// # Safety
/// As for [`load`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entity(handle: u32, bytes: *mut u8, length: usize) -> u32 {
    // SAFETY: the caller's promise.
    let bytes = unsafe { taken(bytes, length) };
    with(|state| {
        let mut message = Message::new(&bytes);
        let found = world(state, handle).and_then(|world| world.entity(message.text()?, message.text()?));
        found.unwrap_or(UNKNOWN)
    })
}

/// Whether an entity is there, given its number: 1, or 0 where it is only named. Of what is not there a bundle for one
/// principal says nothing but that it may not be touched.
#[unsafe(no_mangle)]
pub extern "C" fn exists(handle: u32, entity: u32) -> i32 {
    with(|state| world(state, handle).is_some_and(|world| world.exists(entity))).into()
}

/// How many entities of a type there are; [`text`] is a JSON list of their ids then.
///
/// # Safety
/// As for [`load`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ids(handle: u32, bytes: *mut u8, length: usize) -> u32 {
    // SAFETY: the caller's promise.
    let bytes = unsafe { taken(bytes, length) };
    with(|state| {
        let mut text = String::from("[");
        let mut count = 0;
        if let Some(kind) = Message::new(&bytes).text()
            && let Some(world) = world(state, handle)
        {
            world.each(kind, &mut |id| {
                if count > 0 {
                    text.push(',');
                }
                message::json(&mut text, id);
                count += 1;
            });
        }
        text.push(']');
        state.text = text;
        count
    })
}

/// Whether a principal may do an action on a resource, all three by number, without context.
#[unsafe(no_mangle)]
pub extern "C" fn allows(handle: u32, principal: u32, action: u32, resource: u32) -> i32 {
    with(|state| {
        let world = world(state, handle)?;
        Some(answer(world.allows(&mut world.numbered(principal, action, resource)?)))
    })
    .unwrap_or(UNREADABLE)
}

/// As [`allows`], with a context.
///
/// # Safety
/// As for [`load`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn allows_in(
    handle: u32,
    principal: u32,
    action: u32,
    resource: u32,
    bytes: *mut u8,
    length: usize,
) -> i32 {
    // SAFETY: the caller's promise.
    let bytes = unsafe { taken(bytes, length) };
    with(|state| {
        let world = world(state, handle)?;
        let mut message = Message::new(&bytes);
        let context = message.record(0)?;
        message.end()?;
        let request = world.numbered(principal, action, resource)?;
        Some(answer(world.allows(&mut world.with_context(request, &context).ok()?)))
    })
    .unwrap_or(UNREADABLE)
}

/// Whether a question is allowed: principal, action and resource as type and id each, and the context.
///
/// # Safety
/// As for [`load`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn decide(handle: u32, bytes: *mut u8, length: usize) -> i32 {
    // SAFETY: the caller's promise.
    let bytes = unsafe { taken(bytes, length) };
    with(|state| {
        let world = world(state, handle)?;
        let mut request = question(&world, &bytes)?;
        Some(answer(world.allows(&mut request)))
    })
    .unwrap_or(UNREADABLE)
}

/// As [`decide`], and says why: [`text`] is JSON then, `{allow, permits, forbids, errors}`, with the id and the source of
/// each policy that decides.
///
/// # Safety
/// As for [`load`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn explain(handle: u32, bytes: *mut u8, length: usize) -> i32 {
    // SAFETY: the caller's promise.
    let bytes = unsafe { taken(bytes, length) };
    with(|state| {
        let (allow, text) = {
            let world = world(state, handle)?;
            let mut request = question(&world, &bytes)?;
            explained(&world, &mut request)
        };
        state.text = text;
        Some(answer(allow))
    })
    .unwrap_or(UNREADABLE)
}

/// Where the text of the last call lies, valid until the next one.
#[unsafe(no_mangle)]
pub extern "C" fn text() -> *const u8 {
    with(|state| state.text.as_ptr())
}

/// How many bytes [`text`] has.
#[unsafe(no_mangle)]
pub extern "C" fn text_length() -> usize {
    with(|state| state.text.len())
}

/// # Safety
/// `bytes` is from [`alloc`] with this length, and not used again.
unsafe fn taken(bytes: *mut u8, length: usize) -> Box<[u8]> {
    // SAFETY: `alloc` made a boxed slice of this length.
    unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(bytes, length)) }
}

fn with<T>(call: impl FnOnce(&mut State) -> T) -> T {
    STATE.with_borrow_mut(call)
}

fn world(state: &State, handle: u32) -> Option<World<'_>> {
    let (program, data) = state.worlds.get((handle as usize).wrapping_sub(1))?.as_deref()?;
    Some(World { program, data })
}

fn answer(allow: bool) -> i32 {
    if allow { ALLOW } else { DENY }
}

fn question(world: &World, bytes: &[u8]) -> Option<Request> {
    let mut message = Message::new(bytes);
    let principal = message.uid()?;
    let action = message.uid()?;
    let resource = message.uid()?;
    let context = message.record(0)?;
    message.end()?;
    world.request(&principal, (&action.kind, &action.id), &resource, &context).ok()
}

/// The decision, and why as JSON.
fn explained(world: &World, request: &mut Request) -> (bool, String) {
    let trace = world.trace(request);
    let allow = trace.allows(world.program);
    let view = world.view(request);
    // Plain concatenation: the formatting machinery is larger than the engine's index.
    let mut text = String::from(if allow { "{\"allow\":true" } else { "{\"allow\":false" });
    let field = |text: &mut String, name: &str, value: &str| {
        text.push_str(name);
        message::json(text, value);
    };
    for (name, found) in [(",\"permits\":[", &trace.permits), (",\"forbids\":[", &trace.forbids)] {
        text.push_str(name);
        for (at, found) in found.iter().enumerate() {
            let (policy, source) = match found {
                Found::Policy(policy) => {
                    (world.program.id(*policy).to_string(), world.program.source(*policy).to_string())
                }
                Found::Grant(grant) => world.data.origin(&view, *grant).unwrap_or_default(),
            };
            field(&mut text, if at == 0 { "{\"policy\":" } else { ",{\"policy\":" }, &policy);
            field(&mut text, ",\"source\":", &source);
            text.push('}');
        }
        text.push(']');
    }
    text.push_str(",\"errors\":[");
    for (at, (policy, fault)) in trace.faults.iter().enumerate() {
        field(&mut text, if at == 0 { "{\"policy\":" } else { ",{\"policy\":" }, world.program.id(*policy));
        field(&mut text, ",\"why\":", fault.kind());
        text.push('}');
    }
    text.push_str("]}");
    (allow, text)
}
