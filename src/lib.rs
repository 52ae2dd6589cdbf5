// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("README.md")]

pub mod name;
pub mod report;

pub mod er;

pub mod mapping;

pub mod bundle;
pub mod rows;

pub mod facts;

#[cfg(feature = "edge")]
mod edge;
