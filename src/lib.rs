// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("README.md")]

pub mod name;
pub mod report;

pub mod er;

pub mod mapping;
pub mod model;

pub mod engine;

pub mod bundle;
pub mod rows;

#[cfg(feature = "cedar")]
pub mod cedar;
pub mod decide;
pub mod export;
pub mod facts;

pub mod store;

#[cfg(feature = "cedar")]
pub mod compile;
#[cfg(feature = "cedar")]
pub mod explain;
#[cfg(feature = "gateway")]
pub mod gateway;

#[cfg(all(feature = "cedar", feature = "gateway"))]
pub mod pack;

#[cfg(feature = "browser")]
pub mod browser;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "edge")]
mod edge;
#[cfg(any(feature = "workbench", feature = "cli"))]
pub mod workbench;
// Exports of C's kind, which say nothing on a machine that is no WebAssembly.
#[cfg(all(feature = "verifier", target_arch = "wasm32"))]
mod verifier;
