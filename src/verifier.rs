// SPDX-License-Identifier: Apache-2.0
//! Cedar's authorizer as a WebAssembly module of its own, which imports nothing: whoever instantiates it asks for room,
//! writes a question there, has it judged and reads the answer. `src/edge/verifier.mjs` is the other side.
//!
//! One question at a time. A panic is a trap, after which the instance must not be asked again.

use crate::cedar::Judge;
use std::cell::RefCell;

#[derive(Default)]
struct Desk {
    judge: Judge,
    /// The question, as it is written by the other side; then the answer.
    text: Vec<u8>,
}

thread_local! {
    static DESK: RefCell<Desk> = RefCell::default();
}

/// Makes room for a question of `length` bytes, and says where it is.
// SAFETY: nothing else that is linked here has this name.
#[unsafe(no_mangle)]
pub extern "C" fn palisade_room(length: usize) -> *mut u8 {
    DESK.with_borrow_mut(|desk| {
        desk.text = vec![0; length];
        desk.text.as_mut_ptr()
    })
}

/// Judges the question, and says how many bytes the answer has. It stands at [`palisade_answer`] until the next call.
// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn palisade_judge() -> usize {
    DESK.with_borrow_mut(|desk| {
        // What is no text is no JSON either, and is answered as such.
        let question = String::from_utf8_lossy(&desk.text);
        desk.text = desk.judge.answer(&question).into_bytes();
        desk.text.len()
    })
}

/// Where the answer is.
// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn palisade_answer() -> *const u8 {
    DESK.with_borrow(|desk| desk.text.as_ptr())
}
