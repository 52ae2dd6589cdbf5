// SPDX-License-Identifier: Apache-2.0
//! The gate: transcripts of requests and answers, paths that must never pass, tokens, and what happens when things fail.

mod admin;
mod cases;
mod faults;
mod identity;
mod page;
mod paths;
#[path = "../page/read.rs"]
mod read;
mod routes;
mod verify;
mod world;
