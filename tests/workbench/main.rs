// SPDX-License-Identifier: Apache-2.0
//! The playground's engine, as plain Rust.
