// SPDX-License-Identifier: Apache-2.0
//! The gate: transcripts of requests and answers, paths that must never pass, tokens, and what happens when things fail.

mod admin;
mod assertion;
mod authzen;
mod cases;
mod cors;
mod faults;
mod fresh;
mod identity;
mod limits;
mod log;
mod page;
mod paths;
#[path = "../page/read.rs"]
mod read;
mod routes;
mod verify;
mod world;
