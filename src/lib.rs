// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("README.md")]

pub mod er;
pub mod mapping;
pub mod model;
pub mod name;
pub mod report;
